//! The demo's result for people.

use super::audit::Found;
use crate::flags::DemoArgs;
use crate::output::table;

pub(super) fn describe(found: &Found, args: &DemoArgs) -> String {
    let figures = &found.figures;
    let zero = |what: &str| format!("{what} (must be 0)");
    let rows = [
        ("kills (SIGKILL)".to_owned(), figures.kills.to_string()),
        ("orders intended".to_owned(), figures.intended.to_string()),
        ("requests sent".to_owned(), figures.requests.to_string()),
        ("orders at the venue".to_owned(), figures.at_venue.to_string()),
        ("executions at the venue".to_owned(), found.fills.to_string()),
        ("events acknowledged".to_owned(), found.acknowledged.to_string()),
        (zero("duplicate orders"), figures.duplicates.to_string()),
        (zero("orphaned orders"), figures.orphans.to_string()),
        (zero("unprotected, ms"), figures.unprotected_ms.to_string()),
        (zero("position difference"), figures.position_difference.to_string()),
        (zero("acknowledged events lost"), figures.lost.to_string()),
    ];
    let filling = format!(
        "(for {} ms more the venue itself held stops back while an entry was being filled in pieces)",
        found.filling_ms
    );
    format!("{}\n\n{filling}\n{}", table::pairs(rows), conclusion(found, args))
}

fn conclusion(found: &Found, args: &DemoArgs) -> &'static str {
    match (found.figures.is_clean(), args.without) {
        (true, None) => "book and venue agree: nothing lost, nothing sent twice, nothing left unprotected",
        (true, Some(_)) => "this time the bot that sends first was lucky",
        (false, None) => "book and venue do not agree",
        (false, Some(_)) => "this is what sending first costs; without --without nothing of it happens",
    }
}
