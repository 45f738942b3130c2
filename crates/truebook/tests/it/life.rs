//! A book's ordinary life: made, written, closed, opened again.

use crate::support::{Place, doc};
use truebook::book::Recorded;
use truebook::core::doc::Path;
use truebook::verify::{Silent, verify};

#[test]
fn p1_what_was_saved_is_there_after_opening_again() {
    let place = Place::new();
    let book = place.create();
    for n in 0..300 {
        let text = format!("{{\"n\":{n},\"pad\":\"{}\"}}", "x".repeat(100 + n));
        assert!(matches!(book.save(&doc(&text)).unwrap(), Recorded::Durable(_)));
    }
    let hash = book.status().unwrap().state_hash;
    book.close().unwrap();
    let verification = verify(&place.world(), None, &mut Silent).unwrap();
    assert!(verification.ok, "{verification:#?}");
    assert_eq!(verification.state_hash, Some(hash));
    let book = place.open();
    assert_eq!(book.vars().unwrap().get(&Path::parse("n").unwrap()), Some(&doc("299")));
    assert_eq!(book.status().unwrap().state_hash, hash);
    assert_eq!(book.report().events_replayed, 0);
}

#[test]
fn an_unchanged_save_writes_nothing() {
    let place = Place::new();
    let book = place.create();
    book.save(&doc(r#"{"a":{"b":1}}"#)).unwrap();
    let last = book.last();
    assert_eq!(book.save(&doc(r#"{"a": {"b": 1}}"#)).unwrap(), Recorded::Unchanged);
    assert_eq!(book.set(&Path::parse("a.b").unwrap(), &doc("1")).unwrap(), Recorded::Unchanged);
    assert_eq!(book.merge(&Path::root(), &doc(r#"{"a":{"b":1}}"#)).unwrap(), Recorded::Unchanged);
    assert_eq!(book.last(), last);
}
