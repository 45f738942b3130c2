//! What the venue says, as the core's plain reports.

use super::family::Families;
use super::wire::{Account, Activity, Amount, Order, Position, TradeUpdate, time};
use super::words;
use core::str::FromStr;
use truebook_core::id::{ExecutionId, VenueOrderId};
use truebook_core::money::{Price, Qty};
use truebook_core::observation::{AccountReport, FillReport, OrderReport, PositionReport, Trading};
use truebook_core::order::{OrderType, Role};
use truebook_core::time::Utc;

/// Why something that the venue said is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{object} {id}: {what} cannot be read: {text:?}")]
pub struct Unreadable {
    object: &'static str,
    id: String,
    what: &'static str,
    text: String,
}

/// Reads the fields of one object, and names it when one cannot be read.
struct Of<'a>(&'static str, &'a str);

impl Of<'_> {
    fn bad(&self, what: &'static str, text: &str) -> Unreadable {
        Unreadable { object: self.0, id: self.1.to_owned(), what, text: text.to_owned() }
    }

    fn amount<T: FromStr>(
        &self,
        what: &'static str,
        amount: Option<&Amount>,
    ) -> Result<Option<T>, Unreadable> {
        let read = amount.map(|amount| amount.parse().map_err(|_| self.bad(what, amount.as_str())));
        read.transpose()
    }

    fn needed<T: FromStr>(&self, what: &'static str, amount: Option<&Amount>) -> Result<T, Unreadable> {
        self.amount(what, amount)?.ok_or_else(|| self.bad(what, ""))
    }

    fn time(&self, what: &'static str, text: Option<&String>) -> Result<Option<Utc>, Unreadable> {
        text.map(|text| time::parse(text).ok_or_else(|| self.bad(what, text))).transpose()
    }

    fn word<T>(
        &self,
        what: &'static str,
        text: Option<&String>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Unreadable> {
        let text = text.map_or("", String::as_str);
        read(text).ok_or_else(|| self.bad(what, text))
    }

    fn venue_order(&self, what: &'static str, text: Option<&String>) -> Result<VenueOrderId, Unreadable> {
        self.word(what, text, |text| VenueOrderId::new(text).ok())
    }
}

/// An order and all its legs, each a report of its own; what is learnt of brackets goes into `families`.
///
/// The parent of a multi-leg options order trades nothing itself: its legs are the orders.
pub(crate) fn orders(order: &Order, families: &Families) -> Result<Vec<OrderReport>, Unreadable> {
    families.learn(order);
    let legs = order.legs.as_deref().unwrap_or_default();
    let mut all = Vec::with_capacity(1 + legs.len());
    if !is_multi_leg(order) {
        all.push(one(order, families)?);
    }
    for leg in legs {
        all.extend(orders(leg, families)?);
    }
    Ok(all)
}

fn is_multi_leg(order: &Order) -> bool {
    order.order_class.as_deref() == Some("mleg") && order.symbol.as_deref().is_none_or(str::is_empty)
}

/// One order, without its legs.
pub(crate) fn one(order: &Order, families: &Families) -> Result<OrderReport, Unreadable> {
    let of = Of("order", &order.id);
    let (venue_order, kind) = (of.venue_order("id", Some(&order.id))?, kind(order));
    let parent = families.parent(order).and_then(|id| VenueOrderId::new(&id).ok());
    let link = |id: &Option<String>| id.as_deref().and_then(|id| VenueOrderId::new(id).ok());
    Ok(OrderReport {
        client_id: order.client_order_id.as_deref().map(Into::into),
        venue_order,
        instrument: of.word("symbol", order.symbol.as_ref(), words::instrument)?,
        side: of.word("side", order.side.as_ref(), words::side)?,
        order_type: kind,
        time_in_force: order.time_in_force.as_deref().and_then(words::time_in_force),
        quantity: of.amount("qty", order.qty.as_ref())?,
        filled: of.amount("filled_qty", order.filled_qty.as_ref())?.unwrap_or(Qty::ZERO),
        average_price: of
            .amount("filled_avg_price", order.filled_avg_price.as_ref())?
            .filter(|price: &Price| !price.is_zero()),
        limit: of.amount("limit_price", order.limit_price.as_ref())?,
        stop: of.amount("stop_price", order.stop_price.as_ref())?,
        status: words::status(&order.status),
        word: order.status.as_str().into(),
        role: role(order, parent.as_ref(), kind),
        parent,
        replaces: link(&order.replaces),
        replaced_by: link(&order.replaced_by),
        submitted_at: of.time("submitted_at", order.submitted_at.as_ref())?,
        updated_at: of.time("updated_at", order.updated_at.as_ref())?,
        why: None,
    })
}

/// Both spellings of the type are sent; the newer one counts where they differ.
fn kind(order: &Order) -> Option<OrderType> {
    order.kind.as_deref().or(order.order_type.as_deref()).and_then(words::order_type)
}

/// The venue's own word, or what follows from the type of a leg: profit is taken at a limit.
fn role(order: &Order, parent: Option<&VenueOrderId>, kind: Option<OrderType>) -> Option<Role> {
    let said = order.group_role.as_deref().and_then(words::role);
    said.or_else(|| match (parent?, kind?) {
        (_, OrderType::Limit) => Some(Role::TakeProfit),
        (_, OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop) => Some(Role::StopLoss),
        (_, OrderType::Market) => None,
    })
}

/// An execution from the account's history.
pub(crate) fn fill(activity: &Activity) -> Result<FillReport, Unreadable> {
    let of = Of("activity", &activity.id);
    let at = of.time("transaction_time", activity.transaction_time.as_ref())?;
    Ok(FillReport {
        execution: execution(&of, &activity.id)?,
        venue_order: of.venue_order("order_id", activity.order_id.as_ref())?,
        client_id: None,
        instrument: of.word("symbol", activity.symbol.as_ref(), words::instrument)?,
        side: of.word("side", activity.side.as_ref(), words::side)?,
        quantity: of.needed::<Qty>("qty", activity.qty.as_ref())?.abs(),
        price: of.needed("price", activity.price.as_ref())?,
        fee: None,
        at: at.ok_or_else(|| of.bad("transaction_time", ""))?,
    })
}

/// The history puts the time and `::` before the execution's id.
fn execution(of: &Of<'_>, id: &str) -> Result<ExecutionId, Unreadable> {
    let own = id.rsplit_once("::").map_or(id, |(_, own)| own);
    ExecutionId::new(own).map_err(|_| of.bad("id", id))
}

/// The execution in a trade update; `None` if it tells of none.
pub(crate) fn streamed_fill(update: &TradeUpdate) -> Result<Option<FillReport>, Unreadable> {
    let (Some(order), "fill" | "partial_fill") = (&update.order, update.event.as_str()) else {
        return Ok(None);
    };
    let of = Of("update of order", &order.id);
    let id = update.execution_id.as_deref().unwrap_or_default();
    let at = of.time("timestamp", update.timestamp.as_ref())?;
    Ok(Some(FillReport {
        execution: execution(&of, id)?,
        venue_order: of.venue_order("id", Some(&order.id))?,
        client_id: order.client_order_id.as_deref().map(Into::into),
        instrument: of.word("symbol", order.symbol.as_ref(), words::instrument)?,
        side: of.word("side", order.side.as_ref(), words::side)?,
        quantity: of.needed::<Qty>("qty", update.qty.as_ref())?.abs(),
        price: of.needed("price", update.price.as_ref())?,
        fee: None,
        at: at.ok_or_else(|| of.bad("timestamp", ""))?,
    }))
}

/// A position. A short one is negative here, however the venue signs it.
pub(crate) fn position(position: &Position) -> Result<PositionReport, Unreadable> {
    let of = Of("position", &position.symbol);
    let quantity: Qty = of.needed("qty", Some(&position.qty))?;
    let short = position.side.as_deref() == Some("short");
    Ok(PositionReport {
        instrument: of.word("symbol", Some(&position.symbol), words::instrument)?,
        quantity: if short { quantity.abs().negated() } else { quantity },
        average_price: of.amount("avg_entry_price", position.avg_entry_price.as_ref())?,
    })
}

/// The account.
pub(crate) fn account(account: &Account) -> Result<AccountReport, Unreadable> {
    let of = Of("account", &account.id);
    let stops = [account.trading_blocked, account.account_blocked, account.trade_suspended_by_user];
    let blocked = account.status != "ACTIVE" || stops.contains(&Some(true));
    Ok(AccountReport {
        account: account.account_number.as_deref().unwrap_or(&account.id).into(),
        cash: of.needed("cash", account.cash.as_ref())?,
        trading: if blocked { Trading::Blocked } else { Trading::Allowed },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use truebook_core::life::Closing;
    use truebook_core::observation::ReportStatus;

    const BRACKET: &str = include_str!("../../tests/fixtures/bracket.json");

    fn bracket() -> Order {
        serde_json::from_str(BRACKET).unwrap()
    }

    #[test]
    fn a_bracket_is_three_reports_that_know_their_parent_and_their_role() {
        let reports = orders(&bracket(), &Families::default()).unwrap();
        let roles: Vec<_> = reports.iter().map(|report| report.role).collect();
        assert_eq!(roles, [None, Some(Role::TakeProfit), Some(Role::StopLoss)]);
        assert_eq!(reports[0].parent, None);
        assert!(reports[1..].iter().all(|leg| leg.parent.as_ref() == Some(&reports[0].venue_order)));
        assert!(reports.iter().all(|report| report.status == ReportStatus::Live));
        assert_eq!(&*reports[2].word, "held");
    }

    #[test]
    fn a_leg_that_comes_alone_later_still_knows_its_parent() {
        let (families, order) = (Families::default(), bracket());
        let known = orders(&order, &families).unwrap();
        let mut leg = order.legs.unwrap().remove(0);
        leg.group_id = None;
        assert_eq!(one(&leg, &families).unwrap(), known[1]);
    }

    #[test]
    fn a_replaced_order_is_over_and_names_the_one_in_its_place() {
        let mut order = bracket();
        order.status = "replaced".into();
        order.replaced_by = Some("another".into());
        let report = one(&order, &Families::default()).unwrap();
        assert_eq!(report.status, ReportStatus::Ended(Closing::Replaced));
        assert_eq!(report.replaced_by.unwrap().as_str(), "another");
    }

    #[test]
    fn a_word_that_nobody_knows_is_kept() {
        let mut order = bracket();
        order.status = "pondering".into();
        order.time_in_force = Some("opg".into());
        let report = one(&order, &Families::default()).unwrap();
        assert_eq!((report.status, &*report.word), (ReportStatus::Odd, "pondering"));
        assert_eq!(report.time_in_force, None);
    }

    #[test]
    fn an_amount_that_cannot_be_held_exactly_is_refused_and_named() {
        let mut order = bracket();
        order.qty = Some(Amount::new("0.12345678901234567890123456789"));
        let error = one(&order, &Families::default()).unwrap_err().to_string();
        assert!(error.contains("qty") && error.contains(&order.id), "{error}");
    }

    #[test]
    fn a_short_position_is_negative_whichever_way_it_is_signed() {
        for qty in ["5", "-5"] {
            let text = format!(r#"{{"symbol":"TSLA","qty":"{qty}","side":"short"}}"#);
            let report = position(&serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(report.quantity, "-5".parse().unwrap());
        }
    }

    #[test]
    fn the_same_execution_has_the_same_id_in_the_history_and_in_the_stream() {
        let activity: Activity =
            serde_json::from_str(include_str!("../../tests/fixtures/fill.json")).unwrap();
        let update: TradeUpdate =
            serde_json::from_str(include_str!("../../tests/fixtures/update.json")).unwrap();
        let (listed, streamed) = (fill(&activity).unwrap(), streamed_fill(&update).unwrap().unwrap());
        assert_eq!(listed.execution, streamed.execution);
        assert_eq!((listed.quantity, listed.price), (streamed.quantity, streamed.price));
    }

    #[test]
    fn an_account_that_is_blocked_in_any_way_may_not_trade() {
        let read = |text: &str| account(&serde_json::from_str(text).unwrap()).unwrap().trading;
        assert_eq!(read(r#"{"id":"a","status":"ACTIVE","cash":"1"}"#), Trading::Allowed);
        assert_eq!(read(r#"{"id":"a","status":"ONBOARDING","cash":"1"}"#), Trading::Blocked);
        let blocked = r#"{"id":"a","status":"ACTIVE","cash":1,"trade_suspended_by_user":true}"#;
        assert_eq!(read(blocked), Trading::Blocked);
    }
}
