"""What leaves for each exchange through ccxt, caught on the wire; and that what we put right is still wrong there.

The tests of holes fail on the day on which ccxt closes one: then ours can go.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Optional

import pytest
from fakes.capture import MARKETS, Captured, raw_fields
from fakes.replies import CREATED, OKX_STOP
from truebook.venue import NewOrder, OrderType, Side, Target, TimeInForce, VenueNotSent, VenueRefused

from adapters.orders import CLIENT_ID, new_order

EXCHANGES = sorted(CREATED)
_LIMIT = {"clientOrderId": CLIENT_ID}
_AMOUNT_FIELDS = ("quantity", "volume", "base_size", "qty", "sz", "amount")
_ADMIT_BY = datetime(2026, 3, 2, 15, 30, tzinfo=timezone.utc)
_ADMIT_BY_MS = 1_772_465_400_000

#: Where each exchange wants the client id of an order.
ID_FIELDS = {
    "binance": "newClientOrderId",
    "kraken": "cl_ord_id",
    "coinbase": "client_order_id",
    "bybit": "orderLinkId",
    "okx": "clOrdId",
    "deribit": "label",
    "alpaca": "client_order_id",
}


def _captured(name: str) -> Captured:
    return Captured(name, CREATED[name])


def _stop(captured: Captured, kind: OrderType, side: Side = Side.SELL) -> NewOrder:
    limit = Decimal("89") if kind == OrderType.STOP_LIMIT else None
    return new_order(captured.symbol, order_type=kind, side=side, stop=Decimal("90.1"), limit=limit)


@pytest.mark.parametrize("name", EXCHANGES)
def test_p3_the_client_id_leaves_where_the_exchange_looks_for_it_in_one_request(name: str) -> None:
    captured = _captured(name)
    accepted = captured.venue.submit(new_order(captured.symbol))
    assert captured.last_fields()[ID_FIELDS[name]] == CLIENT_ID
    assert len(captured.transport.sent) == 1
    assert accepted.order.client_id == CLIENT_ID
    assert accepted.order.venue_order.startswith(f"{captured.symbol}#")


@pytest.mark.parametrize("name", EXCHANGES)
@pytest.mark.parametrize(
    ("quantity", "limit"), [("0.3", "100.1"), ("123456789.0001", "98765432.01"), ("100", "300")]
)
def test_amounts_are_exact_on_the_wire(name: str, quantity: str, limit: str) -> None:
    captured = _captured(name)
    # As floats 0.1 + 0.2 is 0.30000000000000004; and 1E+2 is a hundred.
    amount = Decimal("0.1") + Decimal("0.2") if quantity == "0.3" else Decimal(quantity).normalize()
    captured.venue.submit(new_order(captured.symbol, quantity=amount, limit=Decimal(limit).normalize()))
    told = captured.last_fields()
    if name == "coinbase":
        told = told["order_configuration"]["limit_limit_gtc"]
    amounts = [
        str(told[field])
        for field in ("quantity", "volume", "base_size", "qty", "sz", "amount")
        if field in told
    ]
    prices = [str(told[field]) for field in ("price", "limit_price", "px") if field in told]
    assert (amounts, prices) == ([quantity], [limit])


@pytest.mark.parametrize("name", EXCHANGES)
@pytest.mark.parametrize(
    "different", [{"quantity": Decimal("0.00015")}, {"limit": Decimal("50.001")}], ids=["quantity", "price"]
)
def test_what_ccxt_would_cut_or_round_is_not_sent(name: str, different: dict[str, Any]) -> None:
    captured = _captured(name)
    with pytest.raises(VenueNotSent, match="finer than the exchange takes"):
        captured.venue.submit(new_order(captured.symbol, **different))
    assert captured.transport.sent == []


def test_ccxt_itself_cuts_an_amount_without_a_word() -> None:
    _, told = raw_fields(
        "binance", lambda made, symbol: made.create_order(symbol, "limit", "buy", "0.00019", "50")
    )
    assert told["quantity"] == "0.0001"


STOPS = [
    ("binance", OrderType.STOP, {"type": "STOP_LOSS", "stopPrice": "90.1"}),
    ("binance", OrderType.STOP_LIMIT, {"type": "STOP_LOSS_LIMIT", "stopPrice": "90.1", "price": "89"}),
    ("kraken", OrderType.STOP, {"ordertype": "stop-loss", "price": "90.1"}),
    ("kraken", OrderType.STOP_LIMIT, {"ordertype": "stop-loss-limit", "price": "90.1", "price2": "89"}),
    ("okx", OrderType.STOP, {"ordType": "trigger", "triggerPx": "90.1", "orderPx": "-1"}),
    ("okx", OrderType.STOP_LIMIT, {"ordType": "trigger", "triggerPx": "90.1", "orderPx": "89"}),
    ("deribit", OrderType.STOP, {"type": "stop_market", "trigger_price": "90.1"}),
    ("deribit", OrderType.STOP_LIMIT, {"type": "stop_limit", "trigger_price": "90.1", "price": "89"}),
    ("alpaca", OrderType.STOP_LIMIT, {"type": "stop_limit", "stop_price": "90.1", "limit_price": "89"}),
]


@pytest.mark.parametrize(("name", "kind", "expected"), STOPS)
def test_a_stop_leaves_as_a_stop_with_its_price(name: str, kind: OrderType, expected: dict[str, str]) -> None:
    captured = Captured(name, OKX_STOP if name == "okx" else CREATED[name])
    captured.venue.submit(_stop(captured, kind))
    told = captured.last_fields()
    assert {field: told.get(field) for field in expected} == expected


def test_a_stop_of_coinbase_waits_below_for_a_sale_and_above_for_a_purchase() -> None:
    for side, direction in ((Side.SELL, "STOP_DIRECTION_STOP_DOWN"), (Side.BUY, "STOP_DIRECTION_STOP_UP")):
        captured = _captured("coinbase")
        captured.venue.submit(_stop(captured, OrderType.STOP_LIMIT, side=side))
        told = captured.last_fields()["order_configuration"]["stop_limit_stop_limit_gtc"]
        assert (told["stop_price"], told["limit_price"], told["stop_direction"]) == ("90.1", "89", direction)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("coinbase", OrderType.STOP),
        ("alpaca", OrderType.STOP),
        ("bybit", OrderType.STOP),
        ("bybit", OrderType.STOP_LIMIT),
        *((name, OrderType.TRAILING_STOP) for name in EXCHANGES),
    ],
)
def test_a_kind_of_stop_that_nobody_has_seen_arrive_is_not_sent(name: str, kind: OrderType) -> None:
    captured = _captured(name)
    with pytest.raises(VenueNotSent):
        captured.venue.submit(_stop(captured, kind))
    assert captured.transport.sent == []


def test_an_exchange_that_is_not_known_gets_no_stop() -> None:
    captured = Captured("gate")
    with pytest.raises(VenueNotSent):
        captured.venue.submit(_stop(captured, OrderType.STOP))
    assert captured.transport.sent == []


@pytest.mark.parametrize(
    ("name", "kind", "field"),
    [("kraken", "ordertype", "triggerPrice"), ("deribit", "type", "triggerPrice")],
)
def test_ccxt_itself_sends_a_stop_by_trigger_price_as_one_that_trades_at_once(
    name: str, kind: str, field: str
) -> None:
    params = {**_LIMIT, "triggerPrice": "90.1"}
    _, told = raw_fields(
        name, lambda made, symbol: made.create_order(symbol, "market", "sell", "2", None, params)
    )
    # Neither exchange knows a parameter of this name.
    assert (told[kind], told[field]) == ("market", "90.1")


def test_ccxt_itself_has_a_sell_stop_of_coinbase_wait_above_by_trigger_price() -> None:
    params = {"triggerPrice": "90.1"}
    _, told = raw_fields(
        "coinbase", lambda made, symbol: made.create_order(symbol, "limit", "sell", "2", "89", params)
    )
    configuration = told["order_configuration"]["stop_limit_stop_limit_gtc"]
    assert configuration["stop_direction"] == "STOP_DIRECTION_STOP_UP"


def test_ccxt_itself_drops_the_client_id_for_coinbase() -> None:
    _, told = raw_fields(
        "coinbase", lambda made, symbol: made.create_order(symbol, "limit", "buy", "2", "50", _LIMIT)
    )
    assert told["client_order_id"].startswith("ccxt-")


def test_ccxt_itself_sends_deribit_no_label() -> None:
    _, told = raw_fields(
        "deribit", lambda made, symbol: made.create_order(symbol, "limit", "buy", "2", "50", _LIMIT)
    )
    assert "label" not in told and told["clientOrderId"] == CLIENT_ID


def test_ccxt_itself_reads_no_client_id_of_deribit() -> None:
    captured = _captured("deribit")
    parsed = captured.exchange.parse_order(CREATED["deribit"]["result"]["order"])
    assert parsed["clientOrderId"] is None and parsed["info"]["label"] == CLIENT_ID


def test_ccxt_itself_names_a_stop_of_okx_by_a_parameter_of_plain_orders() -> None:
    params = {**_LIMIT, "triggerPrice": "90.1"}
    _, told = raw_fields(
        "okx", lambda made, symbol: made.create_order(symbol, "market", "sell", "2", None, params)
    )
    assert told["clOrdId"] == CLIENT_ID and "algoClOrdId" not in told


def test_p3_a_stop_of_okx_is_named_by_the_parameter_of_stops() -> None:
    captured = Captured("okx", OKX_STOP)
    accepted = captured.venue.submit(_stop(captured, OrderType.STOP))
    assert captured.last.path.endswith("/order-algo")
    assert captured.last_fields()["algoClOrdId"] == CLIENT_ID
    assert accepted.order.venue_order == "BTC/USDT#1836487817828872192#trigger"


CANCELS: list[tuple[str, dict[str, str]]] = [
    ("binance", {"origClientOrderId": CLIENT_ID}),
    ("kraken", {"cl_ord_id": CLIENT_ID}),
    ("bybit", {"orderLinkId": CLIENT_ID}),
    ("okx", {"clOrdId": CLIENT_ID}),
]


@pytest.mark.parametrize(("name", "expected"), CANCELS)
def test_an_order_is_cancelled_by_its_client_id(name: str, expected: dict[str, str]) -> None:
    captured = _captured(name)
    captured.venue.cancel(Target(CLIENT_ID, None, captured.symbol))
    told = captured.last_fields()
    assert {field: told.get(field) for field in expected} == expected
    assert len(captured.transport.sent) == 1


def test_ccxt_itself_cancels_at_bybit_by_a_parameter_that_bybit_does_not_know() -> None:
    _, told = raw_fields("bybit", lambda made, symbol: made.cancel_order(None, symbol, _LIMIT))
    assert told["clientOrderId"] == CLIENT_ID and "orderLinkId" not in told


@pytest.mark.parametrize("method", ["fetch_order", "cancel_order"])
def test_ccxt_itself_asks_alpaca_for_the_order_none(method: str) -> None:
    sent, _ = raw_fields("alpaca", lambda made, symbol: getattr(made, method)(None, symbol, _LIMIT))
    assert sent.path == "/v2/orders/None"


def test_an_order_of_alpaca_is_found_by_its_client_id_and_cancelled_by_the_id_that_was_found() -> None:
    captured = _captured("alpaca")
    captured.venue.cancel(Target(CLIENT_ID, None, captured.symbol))
    asked, cancelled = captured.transport.sent
    assert (asked.path, asked.query) == ("/v2/orders:by_client_order_id", {"client_order_id": CLIENT_ID})
    assert (cancelled.method, cancelled.path) == ("DELETE", "/v2/orders/a-1")


def test_an_order_of_deribit_is_found_by_its_label_and_cancelled_by_the_id_that_was_found() -> None:
    captured = _captured("deribit")
    captured.reply = {"jsonrpc": "2.0", "result": [CREATED["deribit"]["result"]["order"]]}
    captured.venue.cancel(Target(CLIENT_ID, None, captured.symbol))
    asked, cancelled = captured.transport.sent
    assert asked.path.endswith("/get_order_state_by_label") and asked.query["label"] == CLIENT_ID
    assert cancelled.path.endswith("/cancel") and cancelled.query["order_id"] == "USDC-1"


@pytest.mark.parametrize("name", EXCHANGES)
def test_an_order_is_cancelled_by_the_exchanges_own_id(name: str) -> None:
    captured = _captured(name)
    captured.venue.cancel(Target(CLIENT_ID, f"{captured.symbol}#777", captured.symbol))
    [sent] = captured.transport.sent
    assert "777" in sent.path + sent.body + str(sent.query) and CLIENT_ID not in sent.body + str(sent.query)


def test_a_stop_of_okx_is_cancelled_in_the_list_of_stops() -> None:
    captured = Captured("okx", OKX_STOP)
    captured.venue.cancel(Target(CLIENT_ID, "BTC/USDT#777#trigger", "BTC/USDT"))
    assert captured.last.path.endswith("/cancel-algos") and captured.last_fields()["algoId"] == "777"


def test_an_id_that_is_no_order_of_this_venue_is_refused() -> None:
    captured = _captured("binance")
    for spelled in ("777", "BTC/USDT#", "BTC/USDT#7#other", ""):
        with pytest.raises(VenueRefused):
            captured.venue.find_venue_order(spelled)
    assert captured.transport.sent == []


LOOKUPS: list[tuple[str, str, dict[str, str]]] = [
    ("binance", "/api/v3/order", {"origClientOrderId": CLIENT_ID}),
    ("okx", "/trade/order", {"clOrdId": CLIENT_ID}),
    ("alpaca", "/orders:by_client_order_id", {"client_order_id": CLIENT_ID}),
]


@pytest.mark.parametrize(("name", "path", "expected"), LOOKUPS)
def test_an_order_is_looked_up_by_its_client_id(name: str, path: str, expected: dict[str, str]) -> None:
    captured = Captured(name, LISTED[name])
    found = captured.venue.find(CLIENT_ID, captured.symbol)
    assert found is not None and found.client_id == CLIENT_ID
    sent = captured.transport.sent[0]
    assert sent.path.endswith(path) and {field: sent.query.get(field) for field in expected} == expected


OKX_ROW: dict[str, Any] = {
    "instId": "BTC-USDT",
    "instType": "SPOT",
    "ordId": "680800019749904384",
    "clOrdId": CLIENT_ID,
    "side": "buy",
    "ordType": "limit",
    "px": "50",
    "sz": "2",
    "accFillSz": "0",
    "avgPx": "",
    "state": "live",
    "cTime": "1772465400125",
    "uTime": "1772465400125",
}
LISTED: dict[str, Any] = {
    "binance": {
        **CREATED["binance"],
        "time": 1_772_465_400_125,
        "updateTime": 1_772_465_400_125,
        "stopPrice": "0.0",
    },
    "okx": {"code": "0", "msg": "", "data": [OKX_ROW]},
    "alpaca": CREATED["alpaca"],
}


def test_an_order_of_bybit_is_looked_for_in_both_of_its_lists_by_its_link_id() -> None:
    captured = Captured("bybit", {"retCode": 0, "retMsg": "OK", "result": {"list": []}})
    assert captured.venue.find(CLIENT_ID, captured.symbol) is None
    assert [sent.path for sent in captured.transport.sent] == ["/v5/order/realtime", "/v5/order/history"]
    assert all(sent.query["orderLinkId"] == CLIENT_ID for sent in captured.transport.sent)


def test_ccxt_itself_asks_kraken_for_a_client_id_as_a_user_reference() -> None:
    sent, told = raw_fields("kraken", lambda made, symbol: made.fetch_order(None, symbol, _LIMIT))
    assert sent.path.endswith("/QueryOrders")
    assert (told["userref"], told["txid"]) == (CLIENT_ID, "None")


def test_kraken_is_not_asked_for_a_client_id_but_for_its_open_orders() -> None:
    captured = Captured(
        "kraken", {"error": [], "result": {"open": {"O-1": {**KRAKEN_ROW, "cl_ord_id": CLIENT_ID}}}}
    )
    found = captured.venue.find(CLIENT_ID, captured.symbol)
    assert found is not None and (found.venue_order, found.client_id) == ("BTC/USD#O-1", CLIENT_ID)
    assert [sent.path for sent in captured.transport.sent] == ["/0/private/OpenOrders"]
    assert not captured.venue.capabilities.lookup_by_id


KRAKEN_ROW: dict[str, Any] = {
    "refid": None,
    "userref": 0,
    "status": "open",
    "opentm": 1_772_465_400.125,
    "descr": {
        "pair": "XBTUSD",
        "type": "buy",
        "ordertype": "limit",
        "price": "50",
        "price2": "0",
        "order": "buy 2 XBTUSD @ limit 50",
    },
    "vol": "2",
    "vol_exec": "0",
    "cost": "0",
    "fee": "0",
    "price": "0",
}


DEADLINES: list[tuple[str, Callable[[Captured], Any], Any]] = [
    (
        "binance",
        lambda captured: (captured.last_fields()["timestamp"], captured.last_fields()["recvWindow"]),
        (str(_ADMIT_BY_MS - 5_000), "5000"),
    ),
    ("kraken", lambda captured: captured.last_fields()["deadline"], "2026-03-02T15:30:00.000000Z"),
    ("deribit", lambda captured: captured.last_fields()["valid_until"], str(_ADMIT_BY_MS)),
    ("okx", lambda captured: captured.last.headers["expTime"], str(_ADMIT_BY_MS)),
]


@pytest.mark.parametrize(("name", "told", "expected"), DEADLINES)
def test_p4_the_exchange_is_told_until_when_it_may_take_an_order(
    name: str, told: Callable[[Captured], Any], expected: Any
) -> None:
    captured = _captured(name)
    captured.venue.submit(new_order(captured.symbol, admit_by=_ADMIT_BY))
    assert told(captured) == expected
    assert captured.venue.capabilities.admission is not None


def test_a_deadline_in_a_header_goes_with_its_order_only() -> None:
    captured = _captured("okx")
    captured.venue.submit(new_order(captured.symbol, admit_by=_ADMIT_BY))
    captured.venue.submit(new_order(captured.symbol))
    assert "expTime" not in captured.last.headers


@pytest.mark.parametrize("name", ["coinbase", "bybit", "alpaca"])
def test_p4_an_exchange_that_cannot_be_told_until_when_declares_no_admission(name: str) -> None:
    captured = _captured(name)
    assert captured.venue.capabilities.admission is None


@pytest.mark.parametrize(
    ("force", "sent"), [(TimeInForce.IOC, "IOC"), (TimeInForce.FOK, "FOK"), (TimeInForce.GTC, "GTC")]
)
def test_how_long_an_order_works_is_told(force: TimeInForce, sent: str) -> None:
    captured = _captured("binance")
    captured.venue.submit(new_order(captured.symbol, time_in_force=force))
    assert captured.last_fields()["timeInForce"] == sent


@pytest.mark.parametrize("force", [TimeInForce.DAY, TimeInForce.GTD])
def test_an_order_that_ends_with_a_day_is_not_sent(force: TimeInForce) -> None:
    captured = _captured("binance")
    with pytest.raises(VenueNotSent):
        captured.venue.submit(new_order(captured.symbol, time_in_force=force))
    assert captured.transport.sent == []


def test_a_market_order_is_sent_without_a_time_in_force_and_never_as_all_or_nothing() -> None:
    captured = _captured("binance")
    market: dict[str, Optional[Any]] = {"order_type": OrderType.MARKET, "limit": None}
    captured.venue.submit(new_order(captured.symbol, **market, time_in_force=TimeInForce.DAY))
    assert "timeInForce" not in captured.last_fields() and captured.last_fields()["type"] == "MARKET"
    with pytest.raises(VenueNotSent):
        captured.venue.submit(new_order(captured.symbol, **market, time_in_force=TimeInForce.FOK))


def test_what_is_not_among_the_symbols_of_the_venue_is_refused() -> None:
    captured = _captured("binance")
    with pytest.raises(VenueRefused):
        captured.venue.submit(new_order("ETH/USDT"))
    assert captured.transport.sent == [] and captured.venue.rules("ETH/USDT") is None


def test_every_exchange_of_the_table_has_a_market_here() -> None:
    assert set(EXCHANGES) <= set(MARKETS)
