//! What the venue has, as its clients read it.

use serde_json::{Value, json};
use truebook::paper::{Exchange, FillRecord, OrderClass, OrderRecord, PositionRecord};
use truebook_core::capability::Rules;
use truebook_core::id::Instrument;
use truebook_core::money::{Cash, Qty};
use truebook_core::order::{Role, Trail};
use truebook_core::time::Utc;
use truebook_venues::alpaca::wire::{Activity, Amount, Asset, Order, TradeUpdate, time};

/// An order without its legs.
pub(crate) fn order(record: &OrderRecord) -> Order {
    let kind = Some(record.order_type.name().to_owned());
    let id = |id: &Option<truebook_core::id::VenueOrderId>| id.as_ref().map(ToString::to_string);
    let (trail_price, trail_percent) = match record.trail {
        Some(Trail::Amount(price)) => (Some(Amount::new(&price.normalized())), None),
        Some(Trail::Percent(percent)) => (None, Some(Amount::new(&percent.normalized()))),
        None => (None, None),
    };
    Order {
        id: record.id.to_string(),
        client_order_id: Some(record.client_id.to_string()),
        created_at: Some(time::write(record.created_at)),
        updated_at: Some(time::write(record.updated_at)),
        submitted_at: Some(time::write(record.submitted_at)),
        filled_at: record.filled_at.map(time::write),
        expired_at: record.expired_at.map(time::write),
        expires_at: record.expires_at.map(time::write),
        canceled_at: record.canceled_at.map(time::write),
        failed_at: record.failed_at.map(time::write),
        replaced_at: record.replaced_at.map(time::write),
        replaced_by: id(&record.replaced_by),
        replaces: id(&record.replaces),
        asset_id: Some(asset_id(&record.instrument)),
        symbol: Some(record.instrument.to_string()),
        asset_class: Some(asset_class(&record.instrument).to_owned()),
        qty: Some(Amount::new(&record.quantity.normalized())),
        filled_qty: Some(Amount::new(&record.filled.normalized())),
        filled_avg_price: record.average_price().map(|price| Amount::new(&price.normalized())),
        order_class: Some(record.class.name().to_owned()),
        order_type: kind.clone(),
        kind,
        side: Some(record.side.name().to_owned()),
        time_in_force: Some(record.time_in_force.name().to_owned()),
        limit_price: record.limit.map(|price| Amount::new(&price.normalized())),
        stop_price: record.stop.map(|price| Amount::new(&price.normalized())),
        status: record.status.word().to_owned(),
        extended_hours: Some(false),
        trail_price,
        trail_percent,
        hwm: record.water_mark.map(|price| Amount::new(&price.normalized())),
        group_id: group(record),
        group_role: group(record).map(|_| role(record).name().to_owned()),
        ..Order::default()
    }
}

/// What orders of one group have in common: the id of the first.
fn group(record: &OrderRecord) -> Option<String> {
    let first = record.parent.as_ref().unwrap_or(&record.id);
    (record.class != OrderClass::Simple).then(|| first.to_string())
}

fn role(record: &OrderRecord) -> Role {
    let first = record.parent.is_none() && record.class != OrderClass::Oco;
    if first { Role::Entry } else { record.role }
}

/// An order with its legs, as they are now.
pub(crate) fn nested(record: &OrderRecord, exchange: &Exchange) -> Order {
    let legs = record.legs.iter().filter_map(|leg| exchange.order(leg)).map(order);
    let legs = (!record.legs.is_empty()).then(|| legs.collect());
    Order { legs, ..order(record) }
}

/// An execution as an entry of the account's history.
pub(crate) fn activity(fill: &FillRecord, exchange: &Exchange) -> Activity {
    let order = exchange.order(&fill.order);
    let left = order.and_then(|order| order.quantity.minus(fill.order_filled).ok()).unwrap_or(Qty::ZERO);
    let whole = left.is_zero() || left.is_negative();
    Activity {
        id: activity_id(fill),
        activity_type: "FILL".to_owned(),
        cum_qty: Some(Amount::new(&fill.order_filled.normalized())),
        leaves_qty: Some(Amount::new(&if whole { Qty::ZERO } else { left.normalized() })),
        price: Some(Amount::new(&fill.price.normalized())),
        qty: Some(Amount::new(&fill.quantity.normalized())),
        side: Some(fill.side.name().to_owned()),
        symbol: Some(fill.instrument.to_string()),
        transaction_time: Some(time::write(fill.at)),
        order_id: Some(fill.order.to_string()),
        order_status: Some(if whole { "filled" } else { "partially_filled" }.to_owned()),
        kind: Some(if whole { "fill" } else { "partial_fill" }.to_owned()),
        ..Activity::default()
    }
}

/// Time to the millisecond, then the execution's own id.
pub(crate) fn activity_id(fill: &FillRecord) -> String {
    let digits: String = fill.at.to_string().chars().filter(char::is_ascii_digit).take(17).collect();
    format!("{digits}::{}", fill.execution)
}

/// A message of the stream.
pub(crate) fn update(update: &truebook::paper::TradeUpdate) -> String {
    let fill = update.fill.as_ref();
    let told = TradeUpdate {
        event: update.what.word().to_owned(),
        order: Some(order(&update.order)),
        execution_id: fill.map(|fill| fill.execution.to_string()),
        price: fill.map(|fill| Amount::new(&fill.price.normalized())),
        qty: fill.map(|fill| Amount::new(&fill.quantity.normalized())),
        position_qty: fill.map(|fill| Amount::new(&fill.position.normalized())),
        timestamp: Some(time::write(fill.map_or(update.at, |fill| fill.at))),
        ..TradeUpdate::default()
    };
    json!({ "stream": "trade_updates", "data": told }).to_string()
}

/// A position with what it is worth.
pub(crate) fn position(instrument: &Instrument, position: &PositionRecord, exchange: &Exchange) -> Value {
    let average = position.average_price();
    let price = exchange.price(instrument).or(average);
    let worth = price.and_then(|price| position.quantity.times(price).ok()).unwrap_or(position.cost);
    let profit = worth.minus(position.cost).unwrap_or(Cash::ZERO).normalized().to_string();
    let share = share(&profit, position.cost);
    let price = price.map_or_else(|| "0".to_owned(), |price| price.normalized().to_string());
    json!({
        "asset_id": asset_id(instrument),
        "symbol": instrument,
        "exchange": exchange_name(instrument),
        "asset_class": asset_class(instrument),
        "asset_marginable": false,
        "avg_entry_price": average.map_or_else(|| "0".to_owned(), |price| price.normalized().to_string()),
        "qty": position.quantity.normalized(),
        "qty_available": position.quantity.normalized(),
        "side": if position.quantity.is_negative() { "short" } else { "long" },
        "market_value": worth.normalized(),
        "cost_basis": position.cost.normalized(),
        "unrealized_pl": profit,
        "unrealized_plpc": share,
        "unrealized_intraday_pl": profit,
        "unrealized_intraday_plpc": share,
        "current_price": price,
        "lastday_price": price,
        "change_today": "0",
    })
}

fn share(profit: &str, cost: Cash) -> String {
    let (profit, cost) = (profit.parse::<Cash>(), cost.to_string().parse::<Qty>());
    match (profit, cost) {
        (Ok(profit), Ok(cost)) if !cost.is_zero() => {
            profit.per(cost.abs()).map_or_else(|_| "0".to_owned(), |share| share.to_string())
        }
        _ => "0".to_owned(),
    }
}

/// Something that can be traded.
pub(crate) fn asset(instrument: &Instrument, rules: &Rules) -> Asset {
    let one: Result<Qty, _> = "1".parse();
    let parts = one.is_ok_and(|one| rules.lot < one);
    Asset {
        id: asset_id(instrument),
        class: asset_class(instrument).to_owned(),
        exchange: Some(exchange_name(instrument).to_owned()),
        symbol: instrument.to_string(),
        name: Some(instrument.to_string()),
        status: "active".to_owned(),
        tradable: true,
        marginable: Some(false),
        shortable: Some(true),
        easy_to_borrow: Some(true),
        fractionable: Some(parts),
        min_order_size: (!rules.lot.is_zero()).then(|| Amount::new(&rules.lot)),
        min_trade_increment: Some(Amount::new(&rules.lot)),
        price_increment: Some(Amount::new(&rules.tick)),
        ..Asset::default()
    }
}

/// The account, with what its positions are worth.
pub(crate) fn account(exchange: &Exchange, cash: Cash) -> Value {
    let worth = exchange.positions().try_fold(Cash::ZERO, |sum, (instrument, position)| {
        let price = exchange.price(instrument).or(position.average_price());
        price.map_or(Ok(sum), |price| sum.plus(position.quantity.times(price)?))
    });
    let equity = worth.and_then(|worth| cash.plus(worth)).unwrap_or(cash).normalized();
    let settings = exchange.settings();
    json!({
        "id": uuid_of(&settings.account),
        "account_number": settings.account,
        "status": "ACTIVE",
        "currency": settings.currency,
        "cash": cash.normalized(),
        "buying_power": cash.normalized(),
        "equity": equity,
        "portfolio_value": equity,
        "last_equity": equity,
        "multiplier": "1",
        "trading_blocked": false,
        "transfers_blocked": false,
        "account_blocked": false,
        "trade_suspended_by_user": false,
        "shorting_enabled": true,
        "created_at": time::write(Utc::from_nanos(0)),
    })
}

fn is_pair(instrument: &Instrument) -> bool {
    instrument.as_str().contains('/')
}

fn asset_class(instrument: &Instrument) -> &'static str {
    if is_pair(instrument) { "crypto" } else { "us_equity" }
}

fn exchange_name(instrument: &Instrument) -> &'static str {
    if is_pair(instrument) { "CRYPTO" } else { "NASDAQ" }
}

fn asset_id(instrument: &Instrument) -> String {
    uuid_of(instrument.as_str())
}

/// A text as a UUID, the same every time: the FNV-1a hash, twice.
fn uuid_of(text: &str) -> String {
    let hash = |seed: u64| {
        text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let (one, two) = (hash(0), hash(1));
    let node = two & 0xffff_ffff_ffff;
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{node:012x}",
        one >> 32,
        (one >> 16) & 0xffff,
        one & 0xfff,
        two >> 52
    )
}
