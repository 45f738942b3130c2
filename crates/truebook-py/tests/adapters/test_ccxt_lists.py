"""Lists of exchanges through ccxt: read to the end, cut into what one request may ask for, or said not to be whole."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from fakes.binance import SYMBOL, BinanceFake
from fakes.capture import Captured
from fakes.transport import Answer, Sent
from truebook.venue import OrderType, Side, Status, VenueUnknown
from truebook.venues import CcxtVenue, _times
from truebook.venues._times import from_milliseconds
from truebook.venues.ccxt import Until
from truebook.venues.ccxt.pages import whole_window, windows

from adapters.orders import new_order
from adapters.test_ccxt_requests import KRAKEN_ROW, OKX_ROW


def _binance() -> tuple[BinanceFake, CcxtVenue]:
    fake = BinanceFake()
    return fake, CcxtVenue(fake.exchange, account="main", symbols=[SYMBOL])


def _market_order(number: int) -> Any:
    return new_order(SYMBOL, client_id=f"{number:032x}", order_type=OrderType.MARKET, limit=None)


def test_a_long_time_is_asked_for_in_spans_that_the_exchange_allows_without_a_gap() -> None:
    begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
    pieces = list(windows(begin, begin + timedelta(days=2, hours=1), timedelta(days=1)))
    assert len(pieces) == 3
    assert all(after[0] == before[1] + 1 for before, after in zip(pieces, pieces[1:]))
    assert all(last - first < 86_400_000 for first, last in pieces)
    assert list(windows(begin, begin, None)) == [(pieces[0][0], pieces[0][0])]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_window_with_more_rows_than_a_page_is_halved_until_all_are_read(backwards: bool) -> None:
    rows = [{"id": number, "timestamp": number * 10} for number in range(95)]

    def read(first: int, limit: Any, params: dict[str, Any]) -> list[dict[str, Any]]:
        within = [row for row in rows if first <= row["timestamp"] <= params["until"]]
        return sorted(within, key=lambda row: row["id"], reverse=backwards)[:limit]

    found = {row["id"] for page in whole_window(read, 0, 1_000, 10, Until.UNIFIED) for row in page}
    assert found == set(range(95))


def test_p4_more_rows_in_one_moment_than_on_a_page_make_a_list_that_is_not_whole() -> None:
    def read(first: int, limit: Any, params: dict[str, Any]) -> list[dict[str, Any]]:
        return (
            [{"id": number, "timestamp": 5} for number in range(limit)]
            if first <= 5 <= params["until"]
            else []
        )

    with pytest.raises(VenueUnknown, match="in one moment"):
        list(whole_window(read, 0, 100, 10, Until.UNIFIED))


def test_p4_an_exchange_that_does_not_heed_the_end_of_a_window_is_found_out() -> None:
    asked: list[int] = []

    def read(first: int, limit: Any, params: dict[str, Any]) -> list[dict[str, Any]]:
        asked.append(first)
        return [{"id": number} for number in range(limit)]

    with pytest.raises(VenueUnknown, match="in one moment"):
        list(whole_window(read, 0, 1_000_000, 10, Until.UNIFIED))
    assert len(asked) < 25


def test_executions_of_many_days_and_pages_are_read_once_each_oldest_first() -> None:
    fake, venue = _binance()
    since = venue.now() - timedelta(days=3)
    fake.market.pass_time(timedelta(days=-3))
    for number in range(3):
        venue.submit(_market_order(number))
        fake.market.pass_time(timedelta(days=1))
    fills = venue.fills(since - timedelta(hours=1))
    assert fills.failed is None and fills.partial is None
    assert [fill.execution for fill in fills.rows] == [f"{SYMBOL}#{number}" for number in (5001, 5002, 5003)]
    spans = [
        int(sent.query["endTime"]) - int(sent.query["startTime"])
        for sent in fake.transport.of("GET", "/myTrades")
    ]
    assert len(spans) == 4 and max(spans) <= 86_400_000


def test_more_executions_than_on_a_page_are_all_read() -> None:
    fake, venue = _binance()
    since = venue.now()
    for number in range(1_050):
        fake.market.place(client_id=f"{number:032x}", side="buy", kind="market", quantity=Decimal(1))
    fills = venue.fills(since)
    assert (fills.failed, fills.partial, len(fills.rows)) == (None, None, 1_050)


def test_orders_that_are_over_are_listed_whatever_became_of_them() -> None:
    fake, venue = _binance()
    since = venue.now()
    venue.submit(_market_order(1))
    resting = venue.submit(new_order(SYMBOL, client_id=f"{2:032x}"))
    venue.submit(new_order(SYMBOL, client_id=f"{3:032x}"))
    fake.market.cancel(int(resting.order.venue_order.partition("#")[2]))
    closed = venue.closed_orders(since)
    assert [row.status for row in closed.rows] == [Status.FILLED, Status.CANCELLED]
    assert closed.since == since
    assert [row.client_id for row in venue.open_orders().rows] == [f"{3:032x}"]


def test_a_list_does_not_claim_to_reach_further_back_than_the_exchange_remembers() -> None:
    captured = Captured("okx", {"code": "0", "msg": "", "data": []})
    captured.exchange.has["fetchTime"] = False
    closed = captured.venue.closed_orders(datetime(2026, 1, 1, tzinfo=timezone.utc))
    week = timedelta(days=7)
    assert closed.failed is None and captured.venue.capabilities.closed_window == week
    assert closed.since is not None and closed.since > datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_what_exchanges_forget_is_declared() -> None:
    visible = {
        name: Captured(name).venue.capabilities.unfilled_visible
        for name in ("binance", "okx", "bybit", "deribit")
    }
    hours = {name: span and span.total_seconds() / 3600 for name, span in visible.items()}
    assert hours == {"binance": 90 * 24, "okx": 2, "bybit": 24, "deribit": 24}
    assert Captured("bybit").venue.capabilities.fills_window == timedelta(days=730)


def test_p4_an_exchange_that_nobody_knows_has_lists_that_prove_nothing() -> None:
    promised = Captured("gate").venue.capabilities
    assert (promised.id_class.value, promised.lookup_by_id, promised.admission) == ("C", False, None)
    assert promised.unfilled_visible == promised.closed_window == promised.fills_window == timedelta(0)


def test_a_list_that_cannot_be_read_has_failed_and_does_not_raise() -> None:
    captured = Captured("binance", "<html>Bad Gateway</html>", 502)
    for listing in (
        captured.venue.open_orders(),
        captured.venue.closed_orders(from_milliseconds(0)),
        captured.venue.fills(from_milliseconds(0)),
        captured.venue.positions(),
    ):
        assert listing.failed is not None and listing.rows == ()


def test_one_row_that_cannot_be_read_makes_a_list_partial() -> None:
    fake, venue = _binance()
    venue.submit(new_order(SYMBOL))
    answer = fake.transport.answer

    def spoilt(sent: Sent) -> Answer:
        status, body = answer(sent)
        if sent.path.endswith("/openOrders") and isinstance(body, list):
            body = [*body, {**body[0], "orderId": 9, "side": "HOLD"}]
        return status, body

    fake.transport.answer = spoilt
    listing = venue.open_orders()
    assert len(listing.rows) == 1 and listing.partial is not None and listing.failed is None


def test_open_orders_of_okx_are_read_page_by_page_and_stops_from_their_own_list() -> None:
    rows = [
        {**OKX_ROW, "ordId": str(1_000 - number), "cTime": str(1_772_465_400_000 - number)}
        for number in range(130)
    ]

    def answer(sent: Sent) -> Answer:
        after = int(sent.query.get("after", 2_000))
        page = (
            [row for row in rows if int(row["ordId"]) < after]
            if sent.path.endswith("/orders-pending")
            else []
        )
        return 200, {"code": "0", "msg": "", "data": page[:100]}

    captured = Captured("okx")
    captured.transport.answer = answer
    listing = captured.venue.open_orders()
    assert (listing.failed, listing.partial, len(listing.rows)) == (None, None, 130)
    asked = [(sent.path.rpartition("/")[2], sent.query.get("after")) for sent in captured.transport.sent]
    assert asked == [("orders-pending", None), ("orders-pending", "901"), ("orders-algo-pending", None)]
    assert captured.venue.capabilities.conditional_apart


def test_stops_of_okx_that_are_over_are_read_from_their_own_list() -> None:
    captured = Captured("okx", {"code": "0", "msg": "", "data": []})
    captured.exchange.has["fetchTime"] = False
    assert captured.venue.closed_orders(_times.utc_now()).failed is None
    asked = [(sent.path.rpartition("/")[2], sent.query.get("state")) for sent in captured.transport.sent]
    assert asked == [
        ("orders-history", "filled"),
        ("orders-history", "canceled"),
        ("orders-algo-history", "effective"),
        ("orders-algo-history", "canceled"),
    ]


def test_open_orders_of_bybit_are_read_on_with_their_cursor() -> None:
    def row(number: int) -> dict[str, Any]:
        return {
            "orderId": f"b-{number}",
            "orderLinkId": f"{number:032x}",
            "symbol": "BTCUSDT",
            "side": "Buy",
            "orderType": "Limit",
            "price": "50",
            "qty": "2",
            "cumExecQty": "0",
            "orderStatus": "New",
            "timeInForce": "GTC",
            "createdTime": "1772465400125",
            "updatedTime": "1772465400125",
        }

    def answer(sent: Sent) -> Answer:
        begin = int(sent.query.get("cursor", "0"))
        page = [row(number) for number in range(begin, min(begin + 50, 70))]
        cursor = str(begin + 50) if begin + 50 < 70 else ""
        return 200, {"retCode": 0, "retMsg": "OK", "result": {"list": page, "nextPageCursor": cursor}}

    captured = Captured("bybit")
    captured.transport.answer = answer
    listing = captured.venue.open_orders()
    assert (listing.failed, listing.partial, len(listing.rows)) == (None, None, 70)


def test_a_cancellation_has_its_turn_between_two_pages_of_a_list() -> None:
    captured = Captured("bybit")
    is_free: list[bool] = []

    def answer(sent: Sent) -> Answer:
        begin = int(sent.query.get("cursor", "0"))
        rows = [{"orderId": f"b-{n}", "symbol": "BTCUSDT", "side": "Buy"} for n in range(begin, begin + 50)]
        return 200, {
            "retCode": 0,
            "result": {"list": rows, "nextPageCursor": str(begin + 50) if begin < 100 else ""},
        }

    captured.transport.answer = answer
    pages_read = captured.venue._open_pages(captured.symbol, False)
    for _ in pages_read:
        is_free.append(not captured.venue._lock.locked())
    assert is_free == [True, True, True]


def test_p4_a_full_page_of_open_orders_that_cannot_be_read_on_is_not_whole() -> None:
    captured = Captured("coinbase")
    row = {"order_id": "c-1", "product_id": "BTC-USD", "side": "BUY", "status": "OPEN", "filled_size": "0"}
    captured.reply = {
        "orders": [{**row, "order_id": f"c-{number}"} for number in range(100)],
        "sequence": "0",
    }
    listing = captured.venue.open_orders()
    assert len(listing.rows) == 100 and listing.partial is not None


def test_kraken_is_asked_for_all_symbols_because_ccxt_throws_away_rows_of_others_unseen() -> None:
    """A page of fifty of which one row is ours is full all the same, and more may be behind it."""
    others = {f"O-{number}": {**KRAKEN_ROW, "status": "canceled", "closetm": 1.0} for number in range(50)}

    def answer(sent: Sent) -> Answer:
        if sent.path.endswith("/Time"):
            return 200, {"error": [], "result": {"unixtime": 1_772_465_460}}
        begin, end = (int(sent.form.get(name, 0)) for name in ("start", "end"))
        rows = others if begin < 1_772_465_400 <= end else {}
        return 200, {"error": [], "result": {"closed": rows, "count": len(rows)}}

    captured = Captured("kraken")
    captured.transport.answer = answer
    closed = captured.venue.closed_orders(from_milliseconds(1_772_465_000_000))
    assert closed.partial is not None and "in one moment" in closed.partial
    asked = captured.transport.of("POST", "/ClosedOrders")
    assert len(asked) > 1, "a full page is looked behind"
    assert all(int(sent.form["end"]) < 10_000_000_000 for sent in asked), "seconds, not milliseconds"


def test_ccxt_itself_tells_kraken_an_end_in_milliseconds() -> None:
    captured = Captured("kraken", {"error": [], "result": {"closed": {}}})
    captured.exchange.fetch_closed_orders(None, 1_772_465_000_000, None, {"until": 1_772_465_060_000})
    assert captured.last.form["end"] == "1772465060000" and captured.last.form["start"] == "1772465000"


def test_what_is_held_of_each_base_is_the_position_and_what_is_left_of_the_quote_the_cash() -> None:
    fake, venue = _binance()
    venue.submit(_market_order(1))
    [position] = venue.positions().rows
    assert (position.instrument, position.quantity) == (SYMBOL, Decimal(2))
    assert venue.account().cash == Decimal(1_000_000 - 200)


def test_what_is_of_another_symbol_is_not_of_this_venue() -> None:
    row = {**OKX_ROW, "instId": "ETH-USDT"}
    captured = Captured("okx", {"code": "0", "msg": "", "data": [row]})
    assert captured.venue.open_orders().rows == ()


def test_polling_tells_of_orders_and_executions_that_are_new() -> None:
    fake = BinanceFake()
    venue = CcxtVenue(fake.exchange, account="main", symbols=[SYMBOL], poll_every=timedelta(milliseconds=5))
    venue.submit(_market_order(1))
    told: list[Any] = []
    stop = venue.stream(told.append)
    assert stop is not None
    venue.submit(new_order(SYMBOL, client_id=f"{2:032x}", side=Side.BUY))
    venue.submit(_market_order(3))
    _wait_for(lambda: len(told) >= 3)
    fake.transport.faults["GET"] = [(502, "")]
    _wait_for(lambda: len(told) >= 5)
    stop()
    kinds = [type(event).__name__ for event in told]
    assert sorted(kinds[:3]) == ["FillReport", "OrderReport", "OrderReport"]
    assert kinds[3:5] == ["StreamLost", "StreamRestored"]
    clients = {event.client_id for event in told if hasattr(event, "client_id") and event.client_id}
    assert clients == {f"{2:032x}", f"{3:032x}"}, "what was there before is not new"


def test_polling_tells_what_became_of_an_order_that_was_sent_long_before() -> None:
    fake = BinanceFake()
    fake.market.pass_time(timedelta(days=-2))
    venue = CcxtVenue(fake.exchange, account="main", symbols=[SYMBOL], poll_every=timedelta(milliseconds=5))
    resting = venue.submit(new_order(SYMBOL)).order.venue_order
    fake.market.pass_time(timedelta(days=2))
    told: list[Any] = []
    stop = venue.stream(told.append)
    fake.market.cancel(int(resting.partition("#")[2]))
    _wait_for(lambda: told)
    assert stop is not None
    stop()
    assert [(event.venue_order, event.status) for event in told] == [(resting, Status.CANCELLED)]


def _wait_for(what: Any) -> None:
    for _ in range(2_000):
        if what():
            return
        time.sleep(0.005)
    raise AssertionError("never seen")


def test_a_venue_without_polling_has_no_stream() -> None:
    _, venue = _binance()
    assert venue.stream(lambda _: None) is None
