//! The quick way to read and write the events that a journal holds millions of.
//!
//! It knows the one form in which this program writes them: no white space, keys in their order, texts of
//! plain ASCII without escapes. Whatever is different is left to the general reader and writer, so what may
//! stand in a journal and what it means is decided there alone; each single value is read by the same code
//! in both, and tests hold both writers to the same bytes.

use super::{Acked, Closed, Event, Record};
use crate::id::{OrderId, VenueOrderId};
use crate::order::{Fee, Fill, Intent, TakenFrom, Terms};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, Error};

/// Reads a record in its usual form; `None` for the general reader to decide.
pub(super) fn decode(json: &[u8]) -> Option<Record> {
    let mut rest = Rest(core::str::from_utf8(json).ok()?);
    rest.skip(r#"{"v":1,"at":"#)?;
    let at = rest.value()?;
    rest.skip(r#","ev":{""#)?;
    let ev = rest.event()?;
    rest.skip("}}}")?;
    rest.0.is_empty().then_some(Record { v: 1, at, ev })
}

/// Appends a record in its usual form. `false` if it has none: what was appended then is to be removed.
pub(super) fn encode(record: &Record, out: &mut Vec<u8>) -> bool {
    write(record, &mut Out(out)).is_some()
}

fn write(record: &Record, out: &mut Out<'_>) -> Option<()> {
    if record.v != 1 {
        return None;
    }
    out.field(r#"{"v":1,"at":"#, record.at)?;
    out.put(r#","ev":{""#);
    match &record.ev {
        Event::Ack(ack) => out.ack(ack),
        Event::Closed(closed) => out.closed(closed),
        Event::Fill(fill) => out.fill(fill),
        Event::Intent(intent) => out.intent(intent),
        _ => None,
    }?;
    out.put("}}}");
    Some(())
}

struct Out<'a>(&'a mut Vec<u8>);

impl Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text);
        Ok(())
    }
}

impl Out<'_> {
    fn put(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A key and a value whose text never needs an escape.
    fn field(&mut self, key: &str, value: impl fmt::Display) -> Option<()> {
        self.put(key);
        write!(self, "\"{value}\"").ok()
    }

    fn text(&mut self, key: &str, text: &str) -> Option<()> {
        self.put(key);
        self.put("\"");
        self.put(text);
        self.put("\"");
        is_plain_text(text).then_some(())
    }

    fn maybe_text(&mut self, key: &str, text: Option<&str>) -> Option<()> {
        text.map_or(Some(()), |text| self.text(key, text))
    }

    fn maybe_field(&mut self, key: &str, value: Option<impl fmt::Display>) -> Option<()> {
        value.map_or(Some(()), |value| self.field(key, value))
    }

    fn id(&mut self, key: &str, id: OrderId) {
        self.put(key);
        let mut digits = [b'"'; 34];
        crate::hash::put_hex(id.as_bytes(), &mut digits[1..33]);
        self.0.extend_from_slice(&digits);
    }

    fn ack(&mut self, ack: &Acked) -> Option<()> {
        if ack.alias.is_some() {
            return None;
        }
        self.id(r#"ack":{"id":"#, ack.id);
        self.text(r#","vid":"#, ack.venue_order.as_str())?;
        self.maybe_text(r#","status":"#, ack.status.as_deref())?;
        self.maybe_field(r#","vat":"#, ack.venue_time)
    }

    fn closed(&mut self, closed: &Closed) -> Option<()> {
        if closed.claimed.is_some() {
            return None;
        }
        self.id(r#"closed":{"id":"#, closed.id);
        self.text(r#","as":"#, closed.closing.name())?;
        self.maybe_text(r#","why":"#, closed.why.as_deref())?;
        self.maybe_text(r#","vid":"#, closed.venue_order.as_ref().map(VenueOrderId::as_str))
    }

    fn fill(&mut self, fill: &Fill) -> Option<()> {
        let of_position = fill.fee.as_ref().is_some_and(|fee| fee.taken != TakenFrom::Cash);
        if of_position || fill.multiplier.is_some() {
            return None;
        }
        self.id(r#"fill":{"id":"#, fill.id);
        self.text(r#","exec":"#, fill.execution.as_str())?;
        self.maybe_text(r#","vid":"#, fill.venue_order.as_ref().map(VenueOrderId::as_str))?;
        self.text(r#","sym":"#, fill.instrument.as_str())?;
        self.text(r#","side":"#, fill.side.name())?;
        self.field(r#","qty":"#, fill.quantity)?;
        self.field(r#","px":"#, fill.price)?;
        if let Some(fee) = &fill.fee {
            self.field(r#","fee":{"amt":"#, fee.amount)?;
            self.text(r#","in":"#, fee.asset.as_str())?;
            self.put("}");
        }
        self.maybe_field(r#","vat":"#, fill.venue_time)
    }

    fn intent(&mut self, intent: &Intent) -> Option<()> {
        if intent.attempt != 0 || !intent.terms.is_usual() {
            return None;
        }
        self.id(r#"intent":{"id":"#, intent.id);
        self.text(r#","key":"#, intent.key.as_str())?;
        self.text(r#","sym":"#, intent.instrument.as_str())?;
        self.text(r#","side":"#, intent.side.name())?;
        self.text(r#","type":"#, intent.order_type.name())?;
        self.field(r#","qty":"#, intent.quantity)?;
        self.maybe_field(r#","px":"#, intent.limit)?;
        self.maybe_field(r#","stop":"#, intent.stop)?;
        self.text(r#","tif":"#, intent.time_in_force.name())?;
        self.text(r#","role":"#, intent.role.name())?;
        self.maybe_field(r#","parent":"#, intent.parent)?;
        self.maybe_text(r#","by":"#, intent.strategy.as_deref())
    }
}

/// What was not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// A value that stands as plain text between quotes.
    fn value<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let inner = self.0.strip_prefix('"')?;
        let (text, after) = inner.split_at(inner.bytes().position(|byte| byte == b'"')?);
        self.0 = &after[1..];
        if is_plain_text(text) {
            T::deserialize(BorrowedStrDeserializer::<Error>::new(text)).ok()
        } else {
            None
        }
    }

    /// The value behind `key`, if that comes next.
    #[expect(clippy::option_option, reason = "the outer one says whether the form is the usual one")]
    fn optional<T: Deserialize<'a>>(&mut self, key: &str) -> Option<Option<T>> {
        match self.0.strip_prefix(key) {
            None => Some(None),
            Some(after) => {
                self.0 = after;
                self.value().map(Some)
            }
        }
    }

    fn required<T: Deserialize<'a>>(&mut self, key: &str) -> Option<T> {
        self.skip(key)?;
        self.value()
    }

    fn event(&mut self) -> Option<Event> {
        match self.0.as_bytes().first()? {
            b'a' => self.ack().map(Event::Ack),
            b'c' => self.closed().map(Event::Closed),
            b'f' => self.fill().map(Box::new).map(Event::Fill),
            b'i' => self.intent().map(Box::new).map(Event::Intent),
            _ => None,
        }
    }

    fn ack(&mut self) -> Option<Acked> {
        Some(Acked {
            id: self.required(r#"ack":{"id":"#)?,
            venue_order: self.required(r#","vid":"#)?,
            status: self.optional(r#","status":"#)?,
            venue_time: self.optional(r#","vat":"#)?,
            alias: None,
        })
    }

    fn closed(&mut self) -> Option<Closed> {
        Some(Closed {
            id: self.required(r#"closed":{"id":"#)?,
            closing: self.required(r#","as":"#)?,
            why: self.optional(r#","why":"#)?,
            venue_order: self.optional(r#","vid":"#)?,
            claimed: None,
        })
    }

    fn fill(&mut self) -> Option<Fill> {
        Some(Fill {
            id: self.required(r#"fill":{"id":"#)?,
            execution: self.required(r#","exec":"#)?,
            venue_order: self.optional(r#","vid":"#)?,
            instrument: self.required(r#","sym":"#)?,
            side: self.required(r#","side":"#)?,
            quantity: self.required(r#","qty":"#)?,
            price: self.required(r#","px":"#)?,
            fee: self.fee()?,
            venue_time: self.optional(r#","vat":"#)?,
            multiplier: None,
        })
    }

    #[expect(clippy::option_option, reason = "as above")]
    fn fee(&mut self) -> Option<Option<Fee>> {
        let Some(amount) = self.optional(r#","fee":{"amt":"#)? else { return Some(None) };
        let asset = self.required(r#","in":"#)?;
        self.skip("}")?;
        Some(Some(Fee { amount, asset, taken: TakenFrom::Cash }))
    }

    fn intent(&mut self) -> Option<Intent> {
        Some(Intent {
            id: self.required(r#"intent":{"id":"#)?,
            key: self.required(r#","key":"#)?,
            instrument: self.required(r#","sym":"#)?,
            side: self.required(r#","side":"#)?,
            order_type: self.required(r#","type":"#)?,
            quantity: self.required(r#","qty":"#)?,
            limit: self.optional(r#","px":"#)?,
            stop: self.optional(r#","stop":"#)?,
            time_in_force: self.required(r#","tif":"#)?,
            role: self.required(r#","role":"#)?,
            attempt: 0,
            parent: self.optional(r#","parent":"#)?,
            strategy: self.optional(r#","by":"#)?,
            terms: Terms::default(),
        })
    }
}

/// Whether every byte stands for itself; without a branch, so that many are looked at together.
#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator would be that branch")]
fn is_plain_text(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & is_plain(byte) & (byte != b'"'))
}

#[expect(clippy::needless_bitwise_bool, reason = "as above")]
const fn is_plain(byte: u8) -> bool {
    (byte >= b' ') & (byte <= b'~') & (byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: [&str; 7] = [
        r#"{"v":1,"at":"2025-04-09T23:57:33.318514000Z","ev":{"intent":{"id":"0123456789abcdef0123456789abcdef","key":"meanrev/AAPL/7","sym":"AAPL","side":"buy","type":"stop_limit","qty":"12.5","px":"187.20","stop":"187","tif":"gtc","role":"stop_loss","parent":"0123456789abcdef0123456789abcd00","by":"meanrev"}}}"#,
        r#"{"v":1,"at":"2025-04-09T23:57:33.318514000Z","ev":{"intent":{"id":"0123456789abcdef0123456789abcdef","key":"k","sym":"X","side":"sell","type":"market","qty":"1","tif":"day","role":"entry"}}}"#,
        r#"{"v":1,"at":"2025-04-09T23:57:33.318514000Z","ev":{"ack":{"id":"0123456789abcdef0123456789abcdef","vid":"v-1","status":"new","vat":"2025-04-09T23:57:33.000000000Z"}}}"#,
        r#"{"v":1,"at":"2025-04-09T23:57:33.318514000Z","ev":{"fill":{"id":"0123456789abcdef0123456789abcdef","exec":"e1","vid":"v-1","sym":"AAPL","side":"sell","qty":"3","px":"187.25","fee":{"amt":"-0.01","in":"USD"},"vat":"2025-04-09T23:57:33.000000000Z"}}}"#,
        r#"{"v":1,"at":"2025-04-09T23:57:33.318514000Z","ev":{"fill":{"id":"0123456789abcdef0123456789abcdef","exec":"e1","sym":"AAPL","side":"buy","qty":"1.5e-7","px":"1"}}}"#,
        r#"{"v":1,"at":"2025-04-09T23:57:33.318514000Z","ev":{"closed":{"id":"0123456789abcdef0123456789abcdef","as":"expired","why":"end of day"}}}"#,
        r#"{"v":1,"at":"2025-04-09T23:57:33.318514000Z","ev":{"closed":{"id":"0123456789abcdef0123456789abcdef","as":"cancelled","vid":"v-1"}}}"#,
    ];

    fn agrees(json: &[u8]) {
        if let Some(quick) = decode(json) {
            let text = alloc::string::String::from_utf8_lossy(json);
            assert_eq!(Record::decode_any(json).unwrap(), quick, "{text}");
        }
    }

    #[test]
    fn usual_events_are_read_the_quick_way_and_written_as_they_came() {
        for json in USUAL {
            let record = decode(json.as_bytes()).unwrap();
            assert_eq!(record, Record::decode_any(json.as_bytes()).unwrap());
            let mut quick = Vec::new();
            assert!(encode(&record, &mut quick));
            assert_eq!(quick, serde_json::to_vec(&record).unwrap());
            if !json.contains("e-7") {
                assert_eq!(quick, json.as_bytes());
            }
        }
    }

    #[test]
    fn every_name_is_written_alike_by_both() {
        use crate::life::Closing;
        use crate::order::{OrderType, Role, Side, TimeInForce};
        macro_rules! check {
            ($($value:expr),*) => {$(
                let general = serde_json::to_string(&$value).unwrap();
                assert_eq!(general, alloc::format!("\"{}\"", $value.name()));
            )*};
        }
        check!(Side::Buy, Side::Sell);
        check!(
            OrderType::Market,
            OrderType::Limit,
            OrderType::Stop,
            OrderType::StopLimit,
            OrderType::TrailingStop
        );
        check!(TimeInForce::Day, TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::Gtd);
        check!(Role::Entry, Role::StopLoss, Role::TakeProfit);
        check!(Closing::Cancelled, Closing::Rejected, Closing::Expired);
        check!(Closing::Replaced, Closing::Filled, Closing::Absent);
    }

    #[test]
    fn a_text_with_escapes_is_left_to_the_general_writer() {
        for strange in ["\"", "\\", "ü"] {
            let json = USUAL[5].replace("end of day", strange);
            let mut record = decode(USUAL[5].as_bytes()).unwrap();
            if let Event::Closed(closed) = &mut record.ev {
                closed.why = Some(strange.into());
            }
            assert!(!encode(&record, &mut Vec::new()), "{json}");
            assert_eq!(Record::decode(&record.encode().unwrap()).unwrap(), record);
        }
    }

    #[test]
    fn what_is_read_the_quick_way_is_never_read_differently_by_the_general_reader() {
        let strange: &[u8] = b"\0\n\x1f\x7f\x80\xc3\xff\"\\{}[],:0aZ -";
        for json in USUAL.map(str::as_bytes) {
            for at in 0..json.len() {
                for byte in strange {
                    let mut changed = json.to_vec();
                    changed[at] = *byte;
                    agrees(&changed);
                    changed.insert(at, json[at]);
                    agrees(&changed);
                }
                agrees(&json[..at]);
                agrees(&[&json[..at], &json[at + 1..]].concat());
            }
        }
    }

    #[test]
    fn parts_of_events_put_together_anew_are_read_alike_by_both() {
        let split = |json: &'static str| json.split_inclusive(',').collect::<Vec<_>>();
        for one in USUAL.map(split) {
            for other in USUAL.map(split) {
                for cut in 0..=one.len() {
                    for skip in 0..=other.len() {
                        agrees([&one[..cut], &other[skip..]].concat().concat().as_bytes());
                    }
                }
            }
        }
    }
}
