//! The venue's words and what they mean here; each is mapped on purpose, and one that nobody knows stays what
//! it is.

use truebook_core::id::{Asset, Instrument};
use truebook_core::life::Closing;
use truebook_core::observation::ReportStatus;
use truebook_core::order::{OrderType, Role, Side, TimeInForce};

/// What a status means.
///
/// Live are all that may still fill: `done_for_day` and `calculated` go on the next day, `stopped` is
/// promised a trade, `suspended` can be taken up again, `held` waits for its parent.
pub fn status(word: &str) -> ReportStatus {
    match word {
        "new"
        | "accepted"
        | "pending_new"
        | "accepted_for_bidding"
        | "partially_filled"
        | "done_for_day"
        | "stopped"
        | "suspended"
        | "calculated"
        | "held" => ReportStatus::Live,
        "pending_cancel" => ReportStatus::PendingCancel,
        "pending_replace" => ReportStatus::PendingReplace,
        "filled" => ReportStatus::Ended(Closing::Filled),
        "canceled" => ReportStatus::Ended(Closing::Cancelled),
        "expired" => ReportStatus::Ended(Closing::Expired),
        "rejected" => ReportStatus::Ended(Closing::Rejected),
        "replaced" => ReportStatus::Ended(Closing::Replaced),
        _ => ReportStatus::Odd,
    }
}

/// Direction; a short sale is a sale.
pub fn side(word: &str) -> Option<Side> {
    match word {
        "buy" => Some(Side::Buy),
        "sell" | "sell_short" => Some(Side::Sell),
        _ => None,
    }
}

/// How an order is priced.
pub fn order_type(word: &str) -> Option<OrderType> {
    match word {
        "market" => Some(OrderType::Market),
        "limit" => Some(OrderType::Limit),
        "stop" => Some(OrderType::Stop),
        "stop_limit" => Some(OrderType::StopLimit),
        "trailing_stop" => Some(OrderType::TrailingStop),
        _ => None,
    }
}

/// How long an order works. For `opg` and `cls` there is no word here.
pub fn time_in_force(word: &str) -> Option<TimeInForce> {
    match word {
        "day" => Some(TimeInForce::Day),
        "gtc" => Some(TimeInForce::Gtc),
        "ioc" => Some(TimeInForce::Ioc),
        "fok" => Some(TimeInForce::Fok),
        _ => None,
    }
}

/// What an order is for in its bracket.
pub fn role(word: &str) -> Option<Role> {
    match word {
        "entry" => Some(Role::Entry),
        "stop_loss" => Some(Role::StopLoss),
        "take_profit" => Some(Role::TakeProfit),
        _ => None,
    }
}

/// What a pair can be quoted in, longest first where one ends with another.
const QUOTES: [&str; 4] = ["USDT", "USDC", "USD", "BTC"];

/// What is traded, spelled as orders spell it: positions and some lists write `BTC/USD` without the stroke.
/// No stock's symbol has six letters and no dot, so what looks like a pair is one.
pub fn instrument(symbol: &str) -> Option<Instrument> {
    let pair = pair(symbol).map(|(base, quote)| format!("{base}/{quote}"));
    Instrument::new(pair.as_deref().unwrap_or(symbol)).ok()
}

fn pair(symbol: &str) -> Option<(&str, &str)> {
    let letters = symbol.bytes().all(|byte| byte.is_ascii_uppercase());
    if !letters || symbol.len() < 6 {
        return None;
    }
    let split = |quote: &&str| symbol.strip_suffix(*quote).map(|base| (base, &symbol[base.len()..]));
    QUOTES.iter().find_map(split).filter(|(base, _)| base.len() >= 2)
}

/// The coin that a pair is of: fees can be taken in it.
pub fn base(instrument: &Instrument) -> Option<Asset> {
    instrument.as_str().split_once('/').and_then(|(base, _)| Asset::new(base).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: [&str; 17] = [
        "new",
        "partially_filled",
        "filled",
        "done_for_day",
        "canceled",
        "expired",
        "replaced",
        "pending_cancel",
        "pending_replace",
        "accepted",
        "pending_new",
        "accepted_for_bidding",
        "stopped",
        "rejected",
        "suspended",
        "calculated",
        "held",
    ];

    #[test]
    fn every_documented_status_is_mapped_on_purpose() {
        assert!(DOCUMENTED.iter().all(|word| status(word) != ReportStatus::Odd));
        let over = ["filled", "canceled", "expired", "replaced", "rejected"];
        for word in DOCUMENTED {
            assert_eq!(status(word).ended().is_some(), over.contains(&word), "{word}");
        }
    }

    #[test]
    fn a_status_that_nobody_knows_is_odd_and_neither_live_nor_over() {
        for word in ["", "NEW", "cancelled", "restated"] {
            assert_eq!(status(word), ReportStatus::Odd);
        }
    }

    #[test]
    fn a_pair_without_its_stroke_is_the_same_instrument() {
        let named = |symbol| instrument(symbol).unwrap().as_str().to_owned();
        assert_eq!(named("BTCUSD"), "BTC/USD");
        assert_eq!(named("ETHUSDT"), "ETH/USDT");
        assert_eq!(named("ETH/BTC"), "ETH/BTC");
        for stock in ["TSLA", "BRK.B", "GOOGL", "AAPL250620C00100000", "USD"] {
            assert_eq!(named(stock), stock);
        }
    }
}
