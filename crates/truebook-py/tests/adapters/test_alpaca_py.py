"""Alpaca through alpaca-py: what leaves, what is read, what a reply proves, and that nothing is sent twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Optional

import pytest
import websockets.exceptions
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.requests import LimitOrderRequest
from fakes.alpaca import SYMBOL, AlpacaFake
from fakes.transport import Lost, Sent, Unreachable
from requests.adapters import HTTPAdapter
from truebook.venue import (
    Accepted,
    Change,
    FillReport,
    IdClass,
    OrderReport,
    OrderType,
    Role,
    Side,
    Status,
    StopLoss,
    StreamLost,
    StreamRestored,
    TakeProfit,
    Target,
    TimeInForce,
    VenueDuplicate,
    VenueError,
    VenueMaintenance,
    VenueNotFound,
    VenueNotSent,
    VenueRateLimited,
    VenueRefused,
    VenueUnauthorized,
    VenueUnknown,
)
from truebook.venues import AlpacaPyVenue
from truebook.venues._once import REPLY_TIMEOUT_S, ResendsError
from truebook.venues._words import ALPACA_STATUS, OVER
from truebook.venues.alpaca import report
from truebook.venues.alpaca.client import Asked, from_reply
from truebook.venues.alpaca.families import LINKS_MAX, Families
from truebook.venues.alpaca.words import base, instrument

from adapters.orders import CLIENT_ID, new_order


def _venue(**more: Any) -> tuple[AlpacaFake, AlpacaPyVenue]:
    fake = AlpacaFake()
    return fake, AlpacaPyVenue(fake.trading, **more)


def _order(**different: Any) -> Any:
    return new_order(SYMBOL, **different)


def _number(number: int) -> str:
    return f"{number:032x}"


def _body(fake: AlpacaFake) -> dict[str, Any]:
    body: dict[str, Any] = fake.orders_sent()[-1].json
    return body


# Nothing is sent twice.


@pytest.mark.parametrize("status", [429, 504])
def test_p3_an_order_is_sent_once_where_the_client_would_send_it_again(status: int) -> None:
    fake, venue = _venue()
    fake.transport.faults["POST"] = [(status, {"message": "busy"})] * 4
    with pytest.raises(VenueError):
        venue.submit(_order())
    assert len(fake.orders_sent()) == 1


@pytest.mark.parametrize("status", [429, 504])
def test_alpaca_py_itself_sends_an_order_again(status: int) -> None:
    fake = AlpacaFake()
    fake.trading._retry_wait = 0
    fake.transport.faults["POST"] = [(status, {"message": "busy"})] * 4
    asked = LimitOrderRequest(symbol=SYMBOL, qty=2, side="buy", time_in_force="gtc", limit_price=50)
    with pytest.raises(APIError):
        fake.trading.submit_order(asked)
    assert len(fake.orders_sent()) == 4


def test_alpaca_pys_constructor_takes_no_zero_retries() -> None:
    assert TradingClient("key", "secret")._retry > 0


def test_p3_a_client_whose_retries_cannot_be_switched_off_is_refused() -> None:
    for client in (object(), type("Client", (), {"_retry": None, "_session": None})()):
        with pytest.raises(ResendsError):
            AlpacaPyVenue(client)


def test_p3_a_client_whose_session_retries_is_refused() -> None:
    fake = AlpacaFake()
    fake.trading._session.mount("https://", HTTPAdapter(max_retries=1))
    with pytest.raises(ResendsError):
        AlpacaPyVenue(fake.trading)


def test_p3_retries_that_are_switched_on_later_keep_orders_from_being_sent() -> None:
    fake, venue = _venue()
    fake.trading._retry = 3
    with pytest.raises(VenueNotSent):
        venue.submit(_order())
    assert fake.orders_sent() == []


def test_p4_a_lost_reply_is_unknown_and_the_order_was_sent_once() -> None:
    fake, venue = _venue()
    fake.transport.faults["POST"] = [Lost()]
    with pytest.raises(VenueUnknown):
        venue.submit(_order())
    assert len(fake.orders_sent()) == 1
    found = venue.find(CLIENT_ID, SYMBOL)
    assert found is not None and found.client_id == CLIENT_ID


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_p4_a_lost_reply_to_a_change_is_unknown_and_it_was_asked_for_once(method: str) -> None:
    fake, venue = _venue()
    target = Target(CLIENT_ID, venue.submit(_order()).order.venue_order, SYMBOL)
    fake.transport.faults[method] = [Lost()]
    with pytest.raises(VenueUnknown):
        venue.cancel(target) if method == "DELETE" else venue.replace(
            target, Change(_number(2), limit=Decimal(51))
        )
    assert len(fake.transport.of(method)) == 1


def test_p4_what_found_no_connection_was_not_sent() -> None:
    fake, venue = _venue()
    fake.transport.faults["POST"] = [Unreachable()]
    with pytest.raises(VenueNotSent):
        venue.submit(_order())
    assert fake.market.orders == {}


def test_every_request_has_a_time_limit_which_the_client_itself_sets_none() -> None:
    fake = AlpacaFake()
    limits: list[Optional[float]] = []
    send = fake.transport.send

    def look(request: Any, *args: Any, **kwargs: Any) -> Any:
        limits.append(kwargs.get("timeout"))
        return send(request, *args, **kwargs)

    fake.transport.send = look  # type: ignore[method-assign]
    fake.trading.get("/clock")
    AlpacaPyVenue(fake.trading).now()
    assert limits == [None, REPLY_TIMEOUT_S]


# What leaves.


def test_amounts_are_exact_on_the_wire_and_the_client_id_goes_with_them() -> None:
    fake, venue = _venue()
    quantity, limit = Decimal("0.1") + Decimal("0.2"), Decimal("123456789.123456789")
    venue.submit(_order(quantity=quantity, limit=limit))
    assert _body(fake) == {
        "client_order_id": CLIENT_ID,
        "symbol": SYMBOL,
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "qty": "0.3",
        "limit_price": "123456789.123456789",
    }


def test_alpaca_py_itself_makes_floats_of_prices() -> None:
    asked = LimitOrderRequest(
        symbol=SYMBOL, qty=1, side="buy", time_in_force="gtc", limit_price=Decimal("123456789.123456789")
    )
    assert Decimal(str(asked.limit_price)) != Decimal("123456789.123456789")


def test_a_number_with_an_exponent_is_written_out() -> None:
    fake, venue = _venue()
    venue.submit(_order(quantity=Decimal("1E+2"), limit=Decimal("50.00")))
    assert (_body(fake)["qty"], _body(fake)["limit_price"]) == ("100", "50")


@pytest.mark.parametrize(
    ("different", "expected"),
    [
        (
            {"order_type": OrderType.STOP, "stop": Decimal(60), "limit": None},
            {"type": "stop", "stop_price": "60"},
        ),
        (
            {"order_type": OrderType.STOP_LIMIT, "stop": Decimal(60)},
            {"type": "stop_limit", "stop_price": "60", "limit_price": "50"},
        ),
        (
            {"order_type": OrderType.TRAILING_STOP, "trail_amount": Decimal("1.5"), "limit": None},
            {"type": "trailing_stop", "trail_price": "1.5"},
        ),
        (
            {"order_type": OrderType.TRAILING_STOP, "trail_percent": Decimal(2), "limit": None},
            {"type": "trailing_stop", "trail_percent": "2"},
        ),
        ({"side": Side.SELL, "time_in_force": TimeInForce.IOC}, {"side": "sell", "time_in_force": "ioc"}),
        (
            {"stop_loss": StopLoss(Decimal(40), Decimal(39)), "take_profit": TakeProfit(Decimal(60))},
            {
                "order_class": "bracket",
                "stop_loss": {"stop_price": "40", "limit_price": "39"},
                "take_profit": {"limit_price": "60"},
            },
        ),
        ({"stop_loss": StopLoss(Decimal(40))}, {"order_class": "oto", "stop_loss": {"stop_price": "40"}}),
        (
            {"take_profit": TakeProfit(Decimal(60))},
            {"order_class": "oto", "take_profit": {"limit_price": "60"}},
        ),
        (
            {"role": Role.TAKE_PROFIT, "limit": Decimal(60), "stop_loss": StopLoss(Decimal(40))},
            {"order_class": "oco", "take_profit": {"limit_price": "60"}, "stop_loss": {"stop_price": "40"}},
        ),
    ],
)
def test_each_kind_of_order_leaves_in_the_venues_words(
    different: dict[str, Any], expected: dict[str, Any]
) -> None:
    fake, venue = _venue()
    fake.transport.faults["POST"] = [(500, "")]
    with pytest.raises(VenueUnknown):
        venue.submit(_order(**different))
    assert {name: _body(fake).get(name) for name in expected} == expected


def test_an_order_that_is_good_till_a_date_is_not_sent() -> None:
    fake, venue = _venue()
    with pytest.raises(VenueNotSent):
        venue.submit(_order(time_in_force=TimeInForce.GTD))
    assert fake.transport.sent == []


def test_an_order_is_replaced_by_one_with_an_id_of_its_own() -> None:
    fake, venue = _venue()
    old = venue.submit(_order()).order
    accepted = venue.replace(
        Target(CLIENT_ID, None, SYMBOL), Change(_number(2), Decimal(3), Decimal("50.5"), None)
    )
    assert fake.transport.of("PATCH")[0].json == {
        "client_order_id": _number(2),
        "qty": "3",
        "limit_price": "50.5",
    }
    assert (accepted.order.replaces, accepted.order.client_id) == (old.venue_order, _number(2))
    before = venue.find_venue_order(old.venue_order)
    assert before is not None and (before.status, before.replaced_by) == (
        Status.REPLACED,
        accepted.order.venue_order,
    )


# What a reply proves.

REPLIES: list[tuple[int, Any, Asked, type[VenueError]]] = [
    (401, "", Asked.ORDER, VenueUnauthorized),
    (403, '{"message":"forbidden."}', Asked.READ, VenueUnauthorized),
    (403, '{"code":40310000,"message":"insufficient buying power"}', Asked.ORDER, VenueRefused),
    (403, '{"code":40310100,"message":"pattern day trader"}', Asked.ORDER, VenueRefused),
    (400, '{"code":40010000,"message":"malformed"}', Asked.ORDER, VenueRefused),
    (422, '{"code":42210000,"message":"invalid qty"}', Asked.ORDER, VenueRefused),
    (422, '{"code":"40010001","message":"qty is required"}', Asked.ORDER, VenueRefused),
    (422, '{"code":40010001,"message":"client_order_id must be unique"}', Asked.ORDER, VenueDuplicate),
    (429, '{"message":"too many requests."}', Asked.ORDER, VenueRateLimited),
    (404, '{"code":40410000,"message":"order not found"}', Asked.CANCEL, VenueNotFound),
    (
        422,
        '{"code":42210000,"message":"order is already in \\"filled\\" state"}',
        Asked.CANCEL,
        VenueNotFound,
    ),
    (422, '{"code":42210000,"message":"order is pending_replace"}', Asked.CANCEL, VenueRefused),
    (503, '{"message":"maintenance"}', Asked.READ, VenueMaintenance),
    (503, '{"message":"maintenance"}', Asked.ORDER, VenueUnknown),
    (404, "no such page", Asked.CANCEL, VenueUnknown),
    (403, '{"message":"blocked by policy"}', Asked.ORDER, VenueUnknown),
    (403, '{"code":40319999,"message":"?"}', Asked.ORDER, VenueUnknown),
    (400, "Bad Request", Asked.ORDER, VenueUnknown),
    (422, "<html>a proxy</html>", Asked.ORDER, VenueUnknown),
    (409, "{}", Asked.ORDER, VenueUnknown),
    (422, "[]", Asked.ORDER, VenueUnknown),
    (500, '{"code":40310000,"message":"insufficient buying power"}', Asked.ORDER, VenueUnknown),
    (502, "", Asked.ORDER, VenueUnknown),
    (504, "", Asked.ORDER, VenueUnknown),
]


@pytest.mark.parametrize(("status", "body", "asked", "expected"), REPLIES)
def test_p4_only_documented_refusals_are_refusals(
    status: int, body: str, asked: Asked, expected: type[VenueError]
) -> None:
    assert type(from_reply(status, body, asked)) is expected


def test_what_comes_with_a_refusal_is_told() -> None:
    error = from_reply(403, '{"code":40310000,"message":"insufficient qty","available":"0"}', Asked.ORDER)
    assert str(error) == "status 403: insufficient qty (available 0)" and error.code == "40310000"


def test_until_when_to_wait_is_taken_from_the_headers() -> None:
    fake, venue = _venue()
    fake.transport.headers["X-RateLimit-Reset"] = "1772465400"
    fake.transport.faults["GET"] = [(429, {"message": "too many requests."})]
    with pytest.raises(VenueRateLimited) as caught:
        venue.account()
    assert caught.value.until is not None and caught.value.until.timestamp() == 1_772_465_400


@pytest.mark.parametrize(
    "answer",
    [
        (200, "not JSON"),
        (200, ""),
        (200, []),
        (200, {"id": "1"}),
        (302, ""),
        (200, {"id": "1", "symbol": "TSLA", "side": "hold", "status": "new", "client_order_id": CLIENT_ID}),
        (200, {"id": "1", "symbol": "TSLA", "side": "buy", "status": "new", "client_order_id": "another"}),
        (200, {"id": "1", "symbol": "TSLA", "side": "buy", "qty": "many", "client_order_id": CLIENT_ID}),
    ],
)
def test_p4_a_yes_that_cannot_be_read_is_unknown(answer: Any) -> None:
    fake, venue = _venue()
    fake.transport.faults["POST"] = [answer]
    with pytest.raises(VenueUnknown):
        venue.submit(_order())


def test_p4_a_status_that_nobody_knows_does_not_lose_the_order() -> None:
    """alpaca-py's own models raise on it, after the order was taken."""
    fake, venue = _venue()
    row = {**fake.row(fake.market.place(client_id=CLIENT_ID, side="buy", kind="market", quantity=Decimal(1)))}
    fake.transport.faults["POST"] = [(200, {**row, "status": "pondering"})] * 2
    accepted = venue.submit(_order())
    assert (accepted.order.status, accepted.order.word) == (Status.ODD, "pondering")
    asked = LimitOrderRequest(symbol=SYMBOL, qty=1, side="buy", time_in_force="gtc", limit_price=1)
    with pytest.raises(ValueError, match="pondering"):
        fake.trading.submit_order(asked)


# What is read.

WORDS = [
    "new",
    "partially_filled",
    "filled",
    "done_for_day",
    "canceled",
    "expired",
    "replaced",
    "pending_cancel",
]
WORDS += [
    "pending_replace",
    "accepted",
    "pending_new",
    "accepted_for_bidding",
    "stopped",
    "rejected",
    "suspended",
]
WORDS += ["calculated", "held"]


def test_every_documented_status_is_mapped_on_purpose() -> None:
    assert set(ALPACA_STATUS) == set(WORDS)
    over = {word for word, status in ALPACA_STATUS.items() if status in OVER}
    assert over == {"filled", "canceled", "expired", "replaced", "rejected"}


def test_a_bracket_is_three_reports_that_know_their_parent_and_their_role() -> None:
    _, venue = _venue()
    accepted = venue.submit(_order(stop_loss=StopLoss(Decimal(40)), take_profit=TakeProfit(Decimal(60))))
    assert {leg.role for leg in accepted.legs} == {Role.STOP_LOSS, Role.TAKE_PROFIT}
    assert {leg.parent for leg in accepted.legs} == {accepted.order.venue_order}
    assert accepted.order.parent is None


def test_a_leg_whose_parent_nobody_told_of_is_found_again_after_a_restart() -> None:
    fake, venue = _venue()
    accepted = venue.submit(_order(stop_loss=StopLoss(Decimal(40)), take_profit=TakeProfit(Decimal(60))))
    fake.market.set_price(Decimal(49))
    listed = AlpacaPyVenue(fake.trading).open_orders()
    assert {(row.parent, row.role) for row in listed.rows} == {
        (accepted.order.venue_order, Role.STOP_LOSS),
        (accepted.order.venue_order, Role.TAKE_PROFIT),
    }


def test_what_takes_the_place_of_a_leg_is_a_leg_of_the_same_parent() -> None:
    families = Families()
    families.learn({"id": "entry", "legs": [{"id": "leg"}]})
    families.learn({"id": "new leg", "replaces": "leg"})
    assert families.parent({"id": "new leg"}) == "entry"
    assert families.parent({"id": "entry", "group_role": "entry"}) is None


def test_what_is_kept_of_brackets_does_not_grow_without_end() -> None:
    families = Families()
    for number in range(LINKS_MAX + 10):
        families.learn({"id": f"entry {number}", "legs": [{"id": f"leg {number}"}]})
    assert families.parent({"id": "leg 0"}) is None
    assert families.parent({"id": f"leg {LINKS_MAX + 9}"}) == f"entry {LINKS_MAX + 9}"


def test_a_frame_of_several_options_is_no_order_itself() -> None:
    legs = [
        {"id": f"leg {n}", "symbol": "AAPL250620C00100000", "side": "buy", "status": "new"} for n in range(2)
    ]
    frame = {"id": "frame", "symbol": "", "order_class": "mleg", "legs": legs}
    assert [row.venue_order for row in report.orders(frame, Families())] == ["leg 0", "leg 1"]


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("BTCUSD", "BTC/USD"),
        ("ETHUSDT", "ETH/USDT"),
        ("ETH/BTC", "ETH/BTC"),
        ("TSLA", "TSLA"),
        ("GOOGL", "GOOGL"),
    ],
)
def test_a_pair_without_its_stroke_is_the_same_instrument(symbol: str, name: str) -> None:
    assert instrument(symbol) == name
    assert base(name) == (name.partition("/")[0] if "/" in name else None)


def test_times_are_read_with_all_the_digits_that_there_are() -> None:
    row = {
        "id": "1",
        "symbol": "TSLA",
        "side": "buy",
        "status": "new",
        "submitted_at": "2026-03-02T15:30:00.123456789Z",
    }
    [read] = report.orders({**row, "submitted_at": "2026-03-02T15:30:00.123456789Z"}, Families())
    assert read.submitted_at is not None and read.submitted_at.microsecond == 123_456


@pytest.mark.parametrize("qty", ["5", "-5"])
def test_a_short_position_is_negative_whichever_way_it_is_signed(qty: str) -> None:
    assert report.position({"symbol": "TSLA", "qty": qty, "side": "short"}).quantity == -5


@pytest.mark.parametrize(
    ("different", "allowed"),
    [({}, True), ({"status": "ONBOARDING"}, False), ({"trade_suspended_by_user": True}, False)],
)
def test_an_account_that_is_blocked_in_any_way_may_not_trade(
    different: dict[str, Any], allowed: bool
) -> None:
    raw = {"id": "a", "account_number": "PA1", "status": "ACTIVE", "cash": "1.50", **different}
    read = report.account(raw)
    assert (read.account, read.cash, read.trading_allowed) == ("PA1", Decimal("1.50"), allowed)


def test_steps_of_a_coin_are_those_that_the_venue_lists() -> None:
    fake, venue = _venue()
    asset = {
        "class": "crypto",
        "symbol": "BTC/USD",
        "status": "active",
        "tradable": True,
        "price_increment": "0.5",
    }
    fake.transport.faults["GET"] = [(200, {**asset, "min_trade_increment": "0.0001"})]
    rules = venue.rules("BTC/USD")
    assert rules is not None and (rules.tick, rules.lot, rules.base) == (
        Decimal("0.5"),
        Decimal("0.0001"),
        "BTC",
    )
    assert fake.transport.of("GET")[-1].path == "/v2/assets/BTC%2FUSD"


def test_what_is_not_traded_any_more_has_no_rules() -> None:
    fake, venue = _venue()
    fake.transport.faults["GET"] = [(200, {"class": "us_equity", "status": "inactive", "tradable": False})]
    assert venue.rules(SYMBOL) is None


def test_without_market_data_there_is_no_price() -> None:
    fake, venue = _venue()
    assert venue.last_price(SYMBOL) is None
    assert AlpacaPyVenue(fake.trading, None, fake.data).last_price(SYMBOL) == Decimal(100)


# Lists.


def test_more_orders_than_on_two_pages_are_read_once_each() -> None:
    fake, venue = _venue()
    for number in range(1_050):
        fake.market.place(
            client_id=_number(number), side="buy", kind="limit", quantity=Decimal(1), limit=Decimal(50)
        )
    listed = venue.open_orders()
    assert (listed.failed, listed.partial) == (None, None)
    assert {row.client_id for row in listed.rows} == {_number(number) for number in range(1_050)}
    assert len(listed.rows) == 1_050


def test_orders_that_are_over_are_listed_once_each_although_pages_overlap() -> None:
    fake, venue = _venue()
    since = venue.now()
    for number in range(620):
        fake.market.place(client_id=_number(number), side="buy", kind="market", quantity=Decimal(1))
    closed = venue.closed_orders(since)
    assert (closed.failed, closed.partial, closed.since) == (None, None, since)
    assert [row.client_id for row in closed.rows] == [_number(number) for number in range(620)]


def test_p4_more_orders_of_one_moment_than_on_a_page_make_a_list_that_is_not_whole() -> None:
    fake, venue = _venue()
    at = fake.market.now()
    for number in range(501):
        fake.market.place(
            client_id=_number(number), side="buy", kind="limit", quantity=Decimal(1), limit=Decimal(50)
        )
    for order in fake.market.orders.values():
        order.at = at
    assert venue.open_orders().failed is not None


def test_more_executions_than_on_two_pages_are_read_once_each_oldest_first() -> None:
    fake, venue = _venue()
    since = venue.now()
    for number in range(250):
        fake.market.place(client_id=_number(number), side="buy", kind="market", quantity=Decimal(1))
    fills = venue.fills(since)
    assert (fills.failed, fills.partial, len(fills.rows)) == (None, None, 250)
    assert [fill.at for fill in fills.rows] == sorted(fill.at for fill in fills.rows)
    tokens = [sent.query.get("page_token") for sent in fake.transport.of("GET", "/FILL")]
    assert len(tokens) == 3 and tokens[0] is None and None not in tokens[1:]


def test_p4_a_list_that_breaks_off_is_partial_and_one_that_never_began_has_failed() -> None:
    fake, venue = _venue()
    since = venue.now()
    for number in range(150):
        fake.market.place(client_id=_number(number), side="buy", kind="market", quantity=Decimal(1))
    answer, pages = fake.transport.answer, []

    def break_off(sent: Sent) -> Any:
        pages.append(sent)
        return (500, "") if len(pages) > 1 else answer(sent)

    fake.transport.answer = break_off
    fills = venue.fills(since)
    assert (len(fills.rows), fills.failed) == (100, None) and fills.partial is not None
    assert venue.positions().failed is not None


def test_one_order_that_cannot_be_read_makes_a_list_partial() -> None:
    fake, venue = _venue()
    venue.submit(_order())
    answer = fake.transport.answer

    def spoilt(sent: Sent) -> Any:
        status, rows = answer(sent)
        return (
            (status, [*rows, {**rows[0], "id": "odd", "side": "hold"}])
            if isinstance(rows, list)
            else (status, rows)
        )

    fake.transport.answer = spoilt
    listed = venue.open_orders()
    assert len(listed.rows) == 1 and listed.partial is not None


def test_what_alpaca_promises_is_declared() -> None:
    promised = _venue()[1].capabilities
    assert (promised.id_class, promised.native_brackets, promised.lookup_by_id) == (IdClass.A, True, True)
    assert promised.admission is None


# The stream.


def _streamed() -> tuple[AlpacaFake, Any, AlpacaPyVenue, list[Any], Callable[[], None]]:
    fake = AlpacaFake()
    stream = fake.stream()
    venue = AlpacaPyVenue(fake.trading, stream)
    told: list[Any] = []
    stop = venue.stream(told.append)
    assert stop is not None
    return fake, stream, venue, told, stop


def _wait_for(what: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if what():
            return
        time.sleep(0.005)
    raise AssertionError("never seen")


def test_the_stream_tells_the_same_execution_as_the_list() -> None:
    _, _, venue, told, stop = _streamed()
    since = venue.now()
    venue.submit(_order(order_type=OrderType.MARKET, limit=None))
    _wait_for(lambda: any(isinstance(event, FillReport) for event in told))
    [streamed] = [event for event in told if isinstance(event, FillReport)]
    [listed] = venue.fills(since).rows
    assert replace(streamed, client_id=None) == listed and streamed.client_id == CLIENT_ID
    stop()


def test_a_cut_stream_is_told_as_lost_and_as_restored_once_it_listens_again() -> None:
    _, stream, venue, told, stop = _streamed()
    stream.sockets[-1].feed(websockets.exceptions.ConnectionClosedError(None, None))
    _wait_for(lambda: len(told) == 2)
    assert isinstance(told[0], StreamLost) and isinstance(told[1], StreamRestored)
    venue.submit(_order())
    _wait_for(lambda: len(told) == 3)
    assert isinstance(told[2], OrderReport) and len(stream.sockets) == 2
    stop()


def test_p4_an_update_that_cannot_be_read_is_not_swallowed() -> None:
    _, stream, _, told, stop = _streamed()
    stream.say({"stream": "trade_updates", "data": {"event": "fill", "order": {"id": "1"}}})
    _wait_for(lambda: len(told) == 2)
    assert isinstance(told[0], StreamLost) and isinstance(told[1], StreamRestored)
    stop()


def test_an_event_that_nobody_knows_is_passed_on_with_its_order() -> None:
    """alpaca-py's own models raise on it, and the stream throws the message away."""
    fake, stream, venue, told, stop = _streamed()
    accepted: Accepted = venue.submit(_order())
    _wait_for(lambda: len(told) == 1)
    row = fake.row(fake.market.by_client_id(CLIENT_ID))
    stream.say({"stream": "trade_updates", "data": {"event": "pondered", "order": row}})
    _wait_for(lambda: len(told) == 2)
    assert told[1].venue_order == accepted.order.venue_order
    stop()


def test_a_second_listener_takes_the_place_of_the_first_and_outlives_its_stop() -> None:
    _, _, venue, first, stop_first = _streamed()
    second: list[Any] = []
    stop_second = venue.stream(second.append)
    stop_first()
    venue.submit(_order())
    _wait_for(lambda: len(second) == 1)
    assert first == [] and stop_second is not None
    stop_second()
    with pytest.raises(VenueUnknown, match="stopped"):
        venue.stream(second.append)


def test_a_stream_that_somebody_uses_already_is_refused() -> None:
    fake = AlpacaFake()
    stream = fake.stream()

    async def handler(_: Any) -> None:
        return None

    stream.subscribe_trade_updates(handler)
    with pytest.raises(ValueError, match="handler"):
        AlpacaPyVenue(fake.trading, stream)


def test_a_venue_without_a_stream_may_poll() -> None:
    fake, venue = _venue()
    assert venue.stream(lambda _: None) is None
    polled = AlpacaPyVenue(fake.trading, poll_every=timedelta(milliseconds=5))
    told: list[Any] = []
    stop = polled.stream(told.append)
    polled.submit(_order())
    _wait_for(lambda: len(told) == 1)
    assert stop is not None and told[0].client_id == CLIENT_ID
    stop()
