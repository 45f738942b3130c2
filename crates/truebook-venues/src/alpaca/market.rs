//! What can be traded, in which steps, and the latest price.

use super::api::{Api, part, query};
use super::wire::{Amount, Asset};
use super::words;
use serde::Deserialize;
use std::collections::BTreeMap;
use truebook::venue::{VenueError, VenueErrorKind};
use truebook_core::capability::Rules;
use truebook_core::id::Instrument;
use truebook_core::money::{Cash, Price, Qty};

#[derive(Deserialize)]
struct Trade {
    p: Amount,
}

#[derive(Deserialize)]
struct LatestTrade {
    trade: Option<Trade>,
}

#[derive(Deserialize)]
struct LatestTrades {
    trades: BTreeMap<String, Trade>,
}

/// What orders in an asset must look like. For stocks the venue does not list steps: a cent from one dollar
/// up and a hundredth of it below, nine decimals of a share where parts of one are traded.
pub(crate) fn rules(
    asset: &Asset,
    instrument: &Instrument,
    price: impl FnOnce() -> Option<Price>,
) -> Result<Option<Rules>, VenueError> {
    if !asset.tradable || asset.status != "active" {
        return Ok(None);
    }
    let lot = match &asset.min_trade_increment {
        Some(step) => read(step)?,
        None if asset.fractionable == Some(true) => Qty::constant("0.000000001"),
        None => Qty::constant("1"),
    };
    let tick = match &asset.price_increment {
        Some(step) => read(step)?,
        None if is_stock(asset) => stock_tick(price()),
        None => Price::ZERO,
    };
    let base = words::base(instrument);
    Ok(Some(Rules { tick, lot, notional_min: Cash::ZERO, multiplier: None, base }))
}

fn is_stock(asset: &Asset) -> bool {
    asset.class == "us_equity"
}

/// Without a price the coarser step: an order that fits it is accepted at any price.
fn stock_tick(price: Option<Price>) -> Price {
    let dollar = Price::constant("1");
    match price {
        Some(price) if price < dollar => Price::constant("0.0001"),
        _ => Price::constant("0.01"),
    }
}

fn read<T: core::str::FromStr>(amount: &Amount) -> Result<T, VenueError> {
    amount.parse().map_err(|_| {
        VenueError::new(VenueErrorKind::Unknown, format!("a step of {} cannot be read", amount.as_str()))
    })
}

/// Constants of this file.
trait Constant {
    fn constant(text: &str) -> Self;
}

impl<T: core::str::FromStr> Constant for T {
    fn constant(text: &str) -> Self {
        match text.parse() {
            Ok(value) => value,
            Err(_) => unreachable!("a constant of this file is a decimal"),
        }
    }
}

/// The latest price, from the host of market data.
pub(crate) fn last_price(api: &Api, instrument: &Instrument) -> Result<Option<Price>, VenueError> {
    let symbol = instrument.as_str();
    let price = if symbol.contains('/') {
        let path = query("/v1beta3/crypto/us/latest/trades", [("symbols", symbol)]);
        api.find::<LatestTrades>(&path)?.and_then(|mut latest| latest.trades.remove(symbol))
    } else {
        let path = format!("/v2/stocks/{}/trades/latest", part(symbol));
        api.find::<LatestTrade>(&path)?.and_then(|latest| latest.trade)
    };
    price.map(|trade| read(&trade.p)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_of(text: &str, price: Option<&str>) -> Option<Rules> {
        let asset: Asset = serde_json::from_str(text).unwrap();
        let instrument = words::instrument(&asset.symbol).unwrap();
        rules(&asset, &instrument, || price.map(|price| price.parse().unwrap())).unwrap()
    }

    const STOCK: &str = r#"{"id":"1","class":"us_equity","symbol":"TSLA","status":"active","tradable":true,
        "fractionable":true}"#;

    #[test]
    fn a_stock_has_steps_of_a_cent_and_of_less_below_a_dollar() {
        let tick = |price| rules_of(STOCK, price).unwrap().tick.to_string();
        assert_eq!(tick(Some("1")), "0.01");
        assert_eq!(tick(Some("0.9999")), "0.0001");
        assert_eq!(tick(None), "0.01");
    }

    #[test]
    fn parts_of_a_share_are_traded_only_where_the_venue_says_so() {
        assert_eq!(rules_of(STOCK, None).unwrap().lot.to_string(), "0.000000001");
        let whole = STOCK.replace("\"fractionable\":true", "\"fractionable\":false");
        assert_eq!(rules_of(&whole, None).unwrap().lot.to_string(), "1");
        let gone = STOCK.replace("\"tradable\":true", "\"tradable\":false");
        assert_eq!(rules_of(&gone, None), None);
    }

    #[test]
    fn a_coin_has_the_steps_that_the_venue_lists() {
        let text = r#"{"id":"2","class":"crypto","symbol":"BTC/USD","status":"active","tradable":true,
            "min_order_size":"0.0001","min_trade_increment":"0.0001","price_increment":"0.5"}"#;
        let rules = rules_of(text, None).unwrap();
        assert_eq!((rules.lot.to_string(), rules.tick.to_string()), ("0.0001".into(), "0.5".into()));
        assert_eq!(rules.base.unwrap().as_str(), "BTC");
    }
}
