//! `positions`: what is held.

use crate::errors::{Failure, Outcome};
use crate::needs::Needs;
use crate::output::table;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use truebook::core::event::BlockKind;
use truebook::core::id::{Asset, Instrument};
use truebook::core::money::{Cash, Price, Qty};
use truebook::core::position::Position;
use truebook::core::state::Live;

/// What `positions` prints; part of the contract.
#[derive(Serialize)]
struct Positions<'a> {
    positions: Vec<Row<'a>>,
    /// Why all new risk is refused, if it is.
    halted: Option<&'a str>,
}

/// One instrument; part of the contract.
#[derive(Serialize)]
struct Row<'a> {
    symbol: &'a Instrument,
    /// Negative when short.
    quantity: Qty,
    average_price: Price,
    /// Profit of what was closed again, before fees.
    realized: Cash,
    /// Fees paid, by asset.
    fees: BTreeMap<Asset, Cash>,
    /// The part of the quantity that is no fill's: imported, or corrected by hand.
    carried: Qty,
    /// Why new risk in it is refused, by the kind of reason.
    blocked: Option<&'a BTreeMap<BlockKind, String>>,
}

pub(super) fn run(needs: &Needs) -> Result<Outcome, Failure> {
    let peek = needs.peek_whole()?;
    let live = peek.state.live();
    let shown = Positions { positions: rows(live), halted: live.halted.as_deref() };
    needs.out().show(&shown, || describe(&shown))?;
    Ok(Outcome::Fine)
}

fn rows(live: &Live) -> Vec<Row<'_>> {
    let symbols: BTreeSet<_> = live.positions.keys().chain(live.blocked.keys()).collect();
    symbols.into_iter().map(|symbol| row(live, symbol)).collect()
}

fn row<'a>(live: &'a Live, symbol: &'a Instrument) -> Row<'a> {
    let position = live.positions.get(symbol).cloned().unwrap_or_else(Position::default);
    Row {
        symbol,
        quantity: position.quantity,
        average_price: position.average_price().normalized(),
        realized: position.realized,
        fees: position.fees,
        carried: position.carried,
        blocked: live.blocked.get(symbol),
    }
}

fn describe(shown: &Positions<'_>) -> String {
    let mut lines: Vec<String> = shown.halted.iter().map(|why| format!("! halted: {why}")).collect();
    if shown.positions.is_empty() {
        lines.push("nothing is held".to_owned());
        return lines.join("\n");
    }
    let header = ["symbol", "quantity", "average price", "realized", "fees"];
    lines.push(table::rows(header, shown.positions.iter().map(cells)));
    for row in &shown.positions {
        let reasons = row.blocked.into_iter().flatten();
        lines.extend(
            reasons.map(|(kind, why)| format!("! {} is blocked ({}): {why}", row.symbol, kind.name())),
        );
    }
    lines.join("\n")
}

fn cells(row: &Row<'_>) -> [String; 5] {
    let fees: Vec<String> = row.fees.iter().map(|(asset, paid)| format!("{paid} {asset}")).collect();
    [
        row.symbol.to_string(),
        row.quantity.to_string(),
        row.average_price.to_string(),
        row.realized.to_string(),
        fees.join(", "),
    ]
}
