//! What Alpaca's Trading API v2 says, object by object, without loss: amounts stay the text they came as,
//! words stay words, and fields that this program does not know are kept.

mod fields;
pub mod time;

pub use fields::{Amount, Other};

use fields::wire;
use serde::ser::SerializeMap;

wire! {
    /// An order, a leg of one, or a replacement.
    Order null [
        "filled_at", "expired_at", "canceled_at", "failed_at", "replaced_at", "replaced_by", "replaces",
        "notional", "qty", "filled_avg_price", "limit_price", "stop_price", "legs", "trail_percent",
        "trail_price", "hwm"
    ];
    /// The venue's id.
    id: String = "id",
    /// Client order id.
    client_order_id: Option<String> = "client_order_id",
    /// When it was made.
    created_at: Option<String> = "created_at",
    /// When it last changed.
    updated_at: Option<String> = "updated_at",
    /// When it was submitted.
    submitted_at: Option<String> = "submitted_at",
    /// When it was filled whole.
    filled_at: Option<String> = "filled_at",
    /// When it expired.
    expired_at: Option<String> = "expired_at",
    /// When it will expire.
    expires_at: Option<String> = "expires_at",
    /// When it was cancelled.
    canceled_at: Option<String> = "canceled_at",
    /// When it was refused.
    failed_at: Option<String> = "failed_at",
    /// When it was replaced.
    replaced_at: Option<String> = "replaced_at",
    /// The order in its place.
    replaced_by: Option<String> = "replaced_by",
    /// The order in whose place it is.
    replaces: Option<String> = "replaces",
    /// The asset's id.
    asset_id: Option<String> = "asset_id",
    /// What is traded; empty for the parent of a multi-leg options order.
    symbol: Option<String> = "symbol",
    /// The kind of asset.
    asset_class: Option<String> = "asset_class",
    /// Amount of money, for an order by that.
    notional: Option<Amount> = "notional",
    /// Quantity, for an order by that.
    qty: Option<Amount> = "qty",
    /// How much is filled.
    filled_qty: Option<Amount> = "filled_qty",
    /// At which average price.
    filled_avg_price: Option<Amount> = "filled_avg_price",
    /// simple, bracket, oco, oto, mleg, or nothing.
    order_class: Option<String> = "order_class",
    /// The older name of `kind`.
    order_type: Option<String> = "order_type",
    /// market, limit, stop, `stop_limit`, `trailing_stop`.
    kind: Option<String> = "type",
    /// buy or sell.
    side: Option<String> = "side",
    /// day, gtc, opg, cls, ioc, fok.
    time_in_force: Option<String> = "time_in_force",
    /// Limit price.
    limit_price: Option<Amount> = "limit_price",
    /// Stop price.
    stop_price: Option<Amount> = "stop_price",
    /// Where it stands, as a word.
    status: String = "status",
    /// Whether it works outside of the regular session.
    extended_hours: Option<bool> = "extended_hours",
    /// Its legs, where they are asked for.
    legs: Option<Vec<Order>> = "legs",
    /// Distance of a trailing stop in percent.
    trail_percent: Option<Amount> = "trail_percent",
    /// Distance of a trailing stop in money.
    trail_price: Option<Amount> = "trail_price",
    /// The price that a trailing stop follows.
    hwm: Option<Amount> = "hwm",
    /// Whether it opens or closes a position.
    position_intent: Option<String> = "position_intent",
    /// What all orders of one bracket have in common.
    group_id: Option<String> = "group_id",
    /// entry, `take_profit` or `stop_loss`.
    group_role: Option<String> = "group_role",
}

wire! {
    /// A position.
    Position null [];
    /// The asset's id.
    asset_id: Option<String> = "asset_id",
    /// What is held.
    symbol: String = "symbol",
    /// Where it is traded.
    exchange: Option<String> = "exchange",
    /// The kind of asset.
    asset_class: Option<String> = "asset_class",
    /// Whether it can be bought on margin.
    asset_marginable: Option<bool> = "asset_marginable",
    /// At which average price.
    avg_entry_price: Option<Amount> = "avg_entry_price",
    /// How much; negative, or positive with `side`, when short.
    qty: Amount = "qty",
    /// How much of it no order holds.
    qty_available: Option<Amount> = "qty_available",
    /// long or short.
    side: Option<String> = "side",
    /// What it is worth.
    market_value: Option<Amount> = "market_value",
    /// What it cost.
    cost_basis: Option<Amount> = "cost_basis",
    /// Profit that is not realised.
    unrealized_pl: Option<Amount> = "unrealized_pl",
    /// The same as a share of the cost.
    unrealized_plpc: Option<Amount> = "unrealized_plpc",
    /// Today's profit that is not realised.
    unrealized_intraday_pl: Option<Amount> = "unrealized_intraday_pl",
    /// The same as a share of the cost.
    unrealized_intraday_plpc: Option<Amount> = "unrealized_intraday_plpc",
    /// Price now.
    current_price: Option<Amount> = "current_price",
    /// Price at the end of the day before.
    lastday_price: Option<Amount> = "lastday_price",
    /// Change since.
    change_today: Option<Amount> = "change_today",
}

wire! {
    /// The account.
    Account null [];
    /// Its id.
    id: String = "id",
    /// Its number.
    account_number: Option<String> = "account_number",
    /// Where it stands: only `ACTIVE` may trade.
    status: String = "status",
    /// Its currency.
    currency: Option<String> = "currency",
    /// Cash.
    cash: Option<Amount> = "cash",
    /// What can be bought with it.
    buying_power: Option<Amount> = "buying_power",
    /// All that it is worth.
    equity: Option<Amount> = "equity",
    /// The same under its older name.
    portfolio_value: Option<Amount> = "portfolio_value",
    /// Whether it may not trade.
    trading_blocked: Option<bool> = "trading_blocked",
    /// Whether it may do nothing at all.
    account_blocked: Option<bool> = "account_blocked",
    /// Whether its owner stopped trading.
    trade_suspended_by_user: Option<bool> = "trade_suspended_by_user",
    /// Whether it may sell short.
    shorting_enabled: Option<bool> = "shorting_enabled",
    /// When it was opened.
    created_at: Option<String> = "created_at",
}

wire! {
    /// The venue's clock.
    Clock null [];
    /// Its time.
    timestamp: String = "timestamp",
    /// Whether the market is open.
    is_open: bool = "is_open",
    /// When it opens next.
    next_open: Option<String> = "next_open",
    /// When it closes next.
    next_close: Option<String> = "next_close",
}

wire! {
    /// An entry of the account's history: an execution if `activity_type` is `FILL`.
    Activity null [];
    /// Its id: time, `::`, and the execution's own id.
    id: String = "id",
    /// What kind it is.
    activity_type: String = "activity_type",
    /// How much of the order is filled with it.
    cum_qty: Option<Amount> = "cum_qty",
    /// What is left of the order.
    leaves_qty: Option<Amount> = "leaves_qty",
    /// At which price.
    price: Option<Amount> = "price",
    /// How much.
    qty: Option<Amount> = "qty",
    /// buy, sell, or `sell_short`.
    side: Option<String> = "side",
    /// What was traded.
    symbol: Option<String> = "symbol",
    /// When.
    transaction_time: Option<String> = "transaction_time",
    /// The order.
    order_id: Option<String> = "order_id",
    /// Where the order stands with it.
    order_status: Option<String> = "order_status",
    /// fill or `partial_fill`.
    kind: Option<String> = "type",
}

wire! {
    /// What can be traded.
    Asset null [];
    /// Its id.
    id: String = "id",
    /// What kind it is.
    class: String = "class",
    /// Where it is traded.
    exchange: Option<String> = "exchange",
    /// Its symbol.
    symbol: String = "symbol",
    /// Its name.
    name: Option<String> = "name",
    /// active or inactive.
    status: String = "status",
    /// Whether it is traded here.
    tradable: bool = "tradable",
    /// Whether it can be bought on margin.
    marginable: Option<bool> = "marginable",
    /// Whether it can be sold short.
    shortable: Option<bool> = "shortable",
    /// Whether shares to sell short are easily had.
    easy_to_borrow: Option<bool> = "easy_to_borrow",
    /// Whether parts of one are traded.
    fractionable: Option<bool> = "fractionable",
    /// The smallest order.
    min_order_size: Option<Amount> = "min_order_size",
    /// Quantities are multiples of this.
    min_trade_increment: Option<Amount> = "min_trade_increment",
    /// Prices are multiples of this.
    price_increment: Option<Amount> = "price_increment",
}

wire! {
    /// What the venue says when it does not do what was asked.
    Refusal null [];
    /// Its code.
    code: Option<Amount> = "code",
    /// In words.
    message: Option<String> = "message",
}

wire! {
    /// What happened to an order, from the stream.
    TradeUpdate null [];
    /// What happened.
    event: String = "event",
    /// The order after it.
    order: Option<Order> = "order",
    /// The execution's id.
    execution_id: Option<String> = "execution_id",
    /// The execution's price.
    price: Option<Amount> = "price",
    /// The execution's quantity.
    qty: Option<Amount> = "qty",
    /// The position after it.
    position_qty: Option<Amount> = "position_qty",
    /// When.
    timestamp: Option<String> = "timestamp",
}

wire! {
    /// What is sent to place an order.
    PlaceBody null [];
    /// What is traded.
    symbol: Option<String> = "symbol",
    /// How much.
    qty: Option<Amount> = "qty",
    /// Or for how much money.
    notional: Option<Amount> = "notional",
    /// buy or sell.
    side: Option<String> = "side",
    /// How it is priced.
    kind: Option<String> = "type",
    /// How long it works.
    time_in_force: Option<String> = "time_in_force",
    /// Limit price.
    limit_price: Option<Amount> = "limit_price",
    /// Stop price.
    stop_price: Option<Amount> = "stop_price",
    /// Distance of a trailing stop in money.
    trail_price: Option<Amount> = "trail_price",
    /// Distance of a trailing stop in percent.
    trail_percent: Option<Amount> = "trail_percent",
    /// Client order id.
    client_order_id: Option<String> = "client_order_id",
    /// simple, bracket, oco, oto, mleg, or nothing.
    order_class: Option<String> = "order_class",
    /// The leg that takes profit.
    take_profit: Option<LegBody> = "take_profit",
    /// The leg that stops a loss.
    stop_loss: Option<LegBody> = "stop_loss",
}

wire! {
    /// A leg in what is sent to place an order.
    LegBody null [];
    /// Limit price.
    limit_price: Option<Amount> = "limit_price",
    /// Stop price.
    stop_price: Option<Amount> = "stop_price",
}

wire! {
    /// What is sent to replace an order.
    ReplaceBody null [];
    /// New quantity.
    qty: Option<Amount> = "qty",
    /// New time in force.
    time_in_force: Option<String> = "time_in_force",
    /// New limit price.
    limit_price: Option<Amount> = "limit_price",
    /// New stop price.
    stop_price: Option<Amount> = "stop_price",
    /// New distance of a trailing stop.
    trail: Option<Amount> = "trail",
    /// Client order id of the replacement.
    client_order_id: Option<String> = "client_order_id",
}

impl fields::Absent for Amount {
    fn is_absent(&self) -> bool {
        false
    }
}

impl Default for Amount {
    fn default() -> Self {
        Self::new("0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_whether_they_come_as_text_or_as_number() {
        let order: Order = serde_json::from_str(
            r#"{"id":"1","status":"new","qty":0.123456789012345678,"limit_price":"1.10","filled_qty":1e2}"#,
        )
        .unwrap();
        assert_eq!(order.qty.unwrap().as_str(), "0.123456789012345678");
        assert_eq!(order.limit_price.unwrap().as_str(), "1.10");
        assert_eq!(order.filled_qty.unwrap().parse::<truebook_core::money::Qty>(), "100".parse());
    }

    #[test]
    fn a_field_that_nobody_knows_comes_out_as_it_went_in() {
        let text = r#"{"code":40010001,"message":"no","detail":{"a":[1.50,null]}}"#;
        let refusal: Refusal = serde_json::from_str(text).unwrap();
        assert_eq!(&*refusal.other["detail"], r#"{"a":[1.50,null]}"#);
        let again: Refusal = serde_json::from_str(&serde_json::to_string(&refusal).unwrap()).unwrap();
        assert_eq!(again, refusal);
    }

    #[test]
    fn an_order_without_id_or_status_is_no_order() {
        assert!(serde_json::from_str::<Order>(r#"{"status":"new"}"#).is_err());
        assert!(serde_json::from_str::<Order>(r#"{"id":"1"}"#).is_err());
    }

    #[test]
    fn what_the_contract_calls_nullable_is_written_as_null_and_the_rest_is_left_out() {
        let text = serde_json::to_string(&Order { id: "1".into(), ..Order::default() }).unwrap();
        assert!(text.contains(r#""notional":null"#) && text.contains(r#""legs":null"#));
        assert!(!text.contains("group_id") && !text.contains("expires_at"));
    }
}
