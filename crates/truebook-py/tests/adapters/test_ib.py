"""Interactive Brokers through ib_async: a real ``IB`` object, with a gateway that is a fake below it."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Optional

import pytest
from fakes.gateway import ACCOUNT, FakeIB, GatewayFake
from fakes.market import Market
from ib_async import Contract, Order, OrderStatus, Stock, Trade, TradeLogEntry
from truebook.venue import (
    Fee,
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
    VenueError,
    VenueNotFound,
    VenueNotSent,
    VenueRefused,
    VenueUnknown,
)
from truebook.venues import IbVenue
from truebook.venues.ib import UsStocks, report
from truebook.venues.ib.day import new_york_midnight

from adapters.orders import CLIENT_ID, new_order

logging.getLogger("ib_async").setLevel(logging.CRITICAL)
_SYMBOL = "AAPL"


@pytest.fixture
def fake() -> Iterator[GatewayFake]:
    made = GatewayFake()
    yield made
    made.close()


def _venue(fake: GatewayFake, **more: Any) -> IbVenue:
    return IbVenue(fake.ib, account=ACCOUNT, loop=fake.loop, **{"reply_timeout_s": 0.3, **more})


def _order(**different: Any) -> Any:
    return new_order(_SYMBOL, **different)


def _bracket() -> Any:
    return _order(limit=Decimal(99), stop_loss=StopLoss(Decimal(90)), take_profit=TakeProfit(Decimal(110)))


def _wait_for(what: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if what():
            return
        time.sleep(0.005)
    raise AssertionError("never seen")


# What leaves.


def test_p3_the_client_id_leaves_as_order_ref_in_one_request(fake: GatewayFake) -> None:
    accepted = _venue(fake).submit(_order())
    [sent] = fake.orders_sent()
    assert (sent.orderRef, sent.account, sent.action, sent.orderType, sent.tif) == (
        CLIENT_ID,
        ACCOUNT,
        "BUY",
        "LMT",
        "GTC",
    )
    assert sent.transmit and sent.parentId == 0
    assert accepted.order.client_id == CLIENT_ID and accepted.order.venue_order == "900001001"


def test_amounts_are_exact_on_the_wire(fake: GatewayFake) -> None:
    quantity = Decimal("0.1") + Decimal("0.2")
    _venue(fake).submit(_order(quantity=quantity, limit=Decimal("1E+2")))
    [sent] = fake.orders_sent()
    # ib_async sends what ``str`` makes of a field.
    assert (str(sent.totalQuantity), str(sent.lmtPrice)) == ("0.3", "100")


@pytest.mark.parametrize(
    ("different", "expected"),
    [
        ({"order_type": OrderType.MARKET, "limit": None}, {"orderType": "MKT"}),
        (
            {"order_type": OrderType.STOP, "limit": None, "stop": Decimal(150)},
            {"orderType": "STP", "auxPrice": 150},
        ),
        (
            {"order_type": OrderType.STOP_LIMIT, "stop": Decimal(150)},
            {"orderType": "STP LMT", "auxPrice": 150, "lmtPrice": 50},
        ),
        (
            {"order_type": OrderType.TRAILING_STOP, "limit": None, "trail_amount": Decimal("1.5")},
            {"orderType": "TRAIL", "auxPrice": Decimal("1.5")},
        ),
        (
            {"order_type": OrderType.TRAILING_STOP, "limit": None, "trail_percent": Decimal(2)},
            {"orderType": "TRAIL", "trailingPercent": 2},
        ),
        (
            {"side": Side.SELL, "limit": Decimal(150), "time_in_force": TimeInForce.IOC},
            {"action": "SELL", "tif": "IOC"},
        ),
        (
            {"time_in_force": TimeInForce.GTD, "expires": datetime(2026, 12, 1, 21, 0, tzinfo=timezone.utc)},
            {"tif": "GTD", "goodTillDate": "20261201-21:00:00"},
        ),
    ],
)
def test_each_kind_of_order_leaves_in_the_brokers_words(
    fake: GatewayFake, different: dict[str, Any], expected: dict[str, Any]
) -> None:
    fake.client.instead.append(
        lambda number, _: fake.client.error(number, 201, "Order rejected - reason: a test")
    )
    with pytest.raises(VenueRefused):
        _venue(fake).submit(_order(**different))
    [sent] = fake.orders_sent()
    assert {name: getattr(sent, name) for name in expected} == expected


@pytest.mark.parametrize(
    "different",
    [
        {"limit": None},
        {"order_type": OrderType.STOP},
        {"order_type": OrderType.TRAILING_STOP},
        {"time_in_force": TimeInForce.GTD},
    ],
)
def test_an_order_that_lacks_something_is_not_sent(fake: GatewayFake, different: dict[str, Any]) -> None:
    with pytest.raises(VenueNotSent):
        _venue(fake).submit(_order(**different))
    assert fake.orders_sent() == []


def test_of_a_bracket_only_the_last_order_transmits_and_all_bear_the_entrys_id(fake: GatewayFake) -> None:
    accepted = _venue(fake).submit(_bracket())
    sent = fake.orders_sent()
    assert [order.transmit for order in sent] == [False, False, True]
    assert [order.parentId for order in sent] == [0, sent[0].orderId, sent[0].orderId]
    assert [order.orderRef for order in sent] == [
        CLIENT_ID,
        f"{CLIENT_ID}:take_profit",
        f"{CLIENT_ID}:stop_loss",
    ]
    assert [order.action for order in sent] == ["BUY", "SELL", "SELL"]
    assert [order.tif for order in sent[1:]] == ["GTC", "GTC"]
    assert {leg.role for leg in accepted.legs} == {Role.TAKE_PROFIT, Role.STOP_LOSS}
    assert {leg.parent for leg in accepted.legs} == {accepted.order.venue_order}


def test_legs_know_their_parent_after_a_restart_when_that_is_over(fake: GatewayFake) -> None:
    accepted = _venue(fake).submit(_bracket())
    fake.market.set_price(Decimal(98))
    again = _venue(fake)
    # What is known of an entry that is over comes from the lists of what is over.
    since = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert again.closed_orders(since).failed is None
    legs = again.open_orders().rows
    assert {(leg.parent, leg.role) for leg in legs} == {
        (accepted.order.venue_order, Role.TAKE_PROFIT),
        (accepted.order.venue_order, Role.STOP_LOSS),
    }


# What an error proves.

ERRORS: list[tuple[int, type[VenueError]]] = [
    (103, VenueRefused),
    (109, VenueRefused),
    (110, VenueRefused),
    (200, VenueRefused),
    (201, VenueRefused),
    (203, VenueRefused),
    (321, VenueRefused),
    (434, VenueRefused),
    (502, VenueNotSent),
    (504, VenueNotSent),
    (999, VenueUnknown),
    (10268, VenueUnknown),
]


@pytest.mark.parametrize(("code", "expected"), ERRORS)
def test_p4_an_error_on_a_new_order_proves_what_it_says_and_no_more(
    fake: GatewayFake, code: int, expected: type[VenueError]
) -> None:
    fake.client.instead.append(lambda number, _: fake.client.error(number, code, "words"))
    with pytest.raises(VenueError) as caught:
        _venue(fake).submit(_order())
    assert type(caught.value) is expected and caught.value.code == str(code)
    assert len(fake.orders_sent()) == 1


def test_p4_a_gateway_that_does_not_answer_is_unknown_and_the_order_was_sent_once(fake: GatewayFake) -> None:
    venue = _venue(fake)
    assert venue.rules(_SYMBOL) is not None
    fake.client.is_silent = True
    with pytest.raises(VenueUnknown, match="no answer"):
        venue.submit(_order())
    fake.client.is_silent = False
    assert len(fake.orders_sent()) == 1
    found = venue.find(CLIENT_ID, _SYMBOL)
    assert found is not None and found.client_id == CLIENT_ID


def test_p4_a_connection_that_is_lost_while_an_order_is_sent_is_unknown(fake: GatewayFake) -> None:
    venue = _venue(fake)
    fake.client.instead.append(lambda number, order: setattr(fake.client, "is_connected", False))
    with pytest.raises(VenueUnknown, match="lost before it answered"):
        venue.submit(_order())
    assert len(fake.orders_sent()) == 1


def test_p4_a_gateway_that_does_not_say_what_a_name_means_is_sent_no_order(fake: GatewayFake) -> None:
    venue = _venue(fake)
    fake.client.is_silent = True
    with pytest.raises(VenueNotSent, match="nothing was sent"):
        venue.submit(_order())
    assert fake.orders_sent() == []


def test_without_a_connection_nothing_is_sent(fake: GatewayFake) -> None:
    venue = _venue(fake)
    fake.client.is_connected = False
    with pytest.raises(VenueNotSent):
        venue.submit(_order())
    assert fake.orders_sent() == [] and venue.open_orders().failed is not None


def test_while_the_gateway_has_no_connection_to_the_broker_nothing_is_sent(fake: GatewayFake) -> None:
    """It would keep the order, and send it when the price has moved on."""
    venue = _venue(fake)
    fake.do(lambda: fake.client.error(-1, 1100, "Connectivity between IB and TWS has been lost"))
    with pytest.raises(VenueNotSent, match="1100"):
        venue.submit(_order())
    fake.do(lambda: fake.client.error(-1, 1102, "Connectivity has been restored - data maintained"))
    venue.submit(_order())
    assert len(fake.orders_sent()) == 1


def test_p4_a_leg_that_is_turned_down_leaves_the_group_unknown(fake: GatewayFake) -> None:
    venue = _venue(fake)
    fake.client.instead += [
        lambda number, order: None,
        lambda number, order: fake.client.error(number, 201, "Order rejected - reason: the leg"),
        lambda number, order: None,
    ]
    with pytest.raises(VenueUnknown, match="the leg"):
        venue.submit(_bracket())


def test_a_warning_does_not_end_an_order(fake: GatewayFake) -> None:
    venue = _venue(fake)

    def warn(number: int, order: Order) -> None:
        fake.client.error(number, 399, "Warning: your order will not be placed until the market opens")
        fake.client._take(number, order)

    fake.client.instead.append(warn)
    assert venue.submit(_order()).order.status == Status.LIVE


def test_a_name_that_the_broker_does_not_know_is_refused(fake: GatewayFake) -> None:
    venue = _venue(fake)
    for name in ("NOSUCHTHING", "btc/usd"):
        with pytest.raises(VenueRefused):
            venue.submit(_order_of(name))
        assert venue.rules(name) is None
    assert fake.orders_sent() == []


def _order_of(name: str) -> Any:
    return new_order(name)


# Cancellations.


def test_a_cancellation_goes_out_below_ib_asyncs_own(fake: GatewayFake) -> None:
    venue = _venue(fake)
    accepted = venue.submit(_order())
    venue.cancel(Target(CLIENT_ID, accepted.order.venue_order, _SYMBOL))
    assert [name for name, _ in fake.client.sent].count("cancelOrder") == 1
    _wait_for(lambda: _status(venue, accepted.order.venue_order) == Status.CANCELLED)


def _status(venue: IbVenue, venue_order: str) -> Optional[Status]:
    found = venue.find_venue_order(venue_order)
    return None if found is None else found.status


def test_an_order_is_cancelled_by_its_client_id(fake: GatewayFake) -> None:
    venue = _venue(fake)
    accepted = venue.submit(_order())
    venue.cancel(Target(CLIENT_ID, None, _SYMBOL))
    _wait_for(lambda: _status(venue, accepted.order.venue_order) == Status.CANCELLED)


@pytest.mark.parametrize("code", [135, 161, 10147, 10148])
def test_a_cancellation_of_what_is_not_live_says_go_and_look(fake: GatewayFake, code: int) -> None:
    venue = _venue(fake)
    accepted = venue.submit(_order())
    fake.client._cancel = lambda order_id: fake.client.error(order_id, code, "words")  # type: ignore[method-assign]
    with pytest.raises(VenueNotFound):
        venue.cancel(Target(CLIENT_ID, accepted.order.venue_order, _SYMBOL))
    # ib_async calls it cancelled now; the broker did not.
    trade = fake.ib.trades()[0]
    assert trade.orderStatus.status == "Cancelled" and report.status(trade) == Status.ODD


def test_p4_a_cancellation_that_is_not_answered_is_unknown(fake: GatewayFake) -> None:
    venue = _venue(fake)
    accepted = venue.submit(_order())
    fake.client._cancel = lambda order_id: None  # type: ignore[method-assign]
    with pytest.raises(VenueUnknown):
        venue.cancel(Target(CLIENT_ID, accepted.order.venue_order, _SYMBOL))


def test_what_another_api_client_placed_is_cancelled_there(fake: GatewayFake) -> None:
    venue = _venue(fake)
    accepted = venue.submit(_order())
    fake.client.clientId = 8
    with pytest.raises(VenueNotSent, match="API client 7"):
        venue.cancel(Target(CLIENT_ID, accepted.order.venue_order, _SYMBOL))


def test_what_was_never_sent_is_not_found(fake: GatewayFake) -> None:
    venue = _venue(fake)
    with pytest.raises(VenueNotFound):
        venue.cancel(Target(CLIENT_ID, "4711", _SYMBOL))
    assert venue.find_venue_order("4711") is None


def test_p4_an_order_that_is_in_no_list_of_today_is_not_known_to_be_absent(fake: GatewayFake) -> None:
    with pytest.raises(VenueUnknown):
        _venue(fake).find(CLIENT_ID, _SYMBOL)


# What is read.


def _trade(word: str, why_held: str = "", *codes: int) -> Trade:
    log = [TradeLogEntry(datetime.now(timezone.utc), word, "words", code) for code in codes]
    order = Order(
        permId=5, action="BUY", orderType="LMT", lmtPrice=50.0, totalQuantity=2.0, orderRef=CLIENT_ID
    )
    return Trade(Stock("AAPL", "SMART", "USD"), order, OrderStatus(status=word, whyHeld=why_held), [], log)


@pytest.mark.parametrize(
    ("trade", "is_completed", "status"),
    [
        (_trade("ApiPending"), False, Status.LIVE),
        (_trade("PendingSubmit"), False, Status.LIVE),
        (_trade("PreSubmitted"), False, Status.LIVE),
        (_trade("Submitted"), False, Status.LIVE),
        (_trade("ApiUpdate"), False, Status.LIVE),
        (_trade("ValidationError", "", 399), False, Status.LIVE),
        (_trade("PendingCancel"), False, Status.PENDING_CANCEL),
        (_trade("ApiCancelled"), False, Status.CANCELLED),
        (_trade("Cancelled"), False, Status.CANCELLED),
        (_trade("Cancelled", "", 202), False, Status.CANCELLED),
        (_trade("Cancelled", "", 201), False, Status.REJECTED),
        (_trade("Cancelled", "", 161), False, Status.ODD),
        (_trade("Cancelled", "", 10148), False, Status.ODD),
        (_trade("Filled"), True, Status.FILLED),
        (_trade("Inactive"), False, Status.ODD),
        (_trade("Inactive", "locate"), False, Status.LIVE),
        (_trade("Inactive", "", 201), False, Status.REJECTED),
        (_trade("Inactive"), True, Status.REJECTED),
        (_trade("Pondering"), False, Status.ODD),
        (_trade(""), False, Status.ODD),
    ],
)
def test_every_status_means_what_the_broker_said_of_it(
    trade: Trade, is_completed: bool, status: Status
) -> None:
    read = report.order(trade, UsStocks().instrument, lambda _: None, is_completed)
    assert (read.status, read.word) == (status, trade.orderStatus.status)


def test_an_order_without_a_permanent_id_cannot_be_read() -> None:
    trade = _trade("PendingSubmit")
    trade.order.permId = 0
    with pytest.raises(VenueUnknown):
        report.order(trade, UsStocks().instrument, lambda _: None)


def test_an_execution_has_its_commission_and_the_id_of_the_order(fake: GatewayFake) -> None:
    venue = _venue(fake)
    since = venue.now()
    accepted = venue.submit(_order(order_type=OrderType.MARKET, limit=None))
    _wait_for(lambda: len(venue.fills(since).rows) == 1)
    [fill] = venue.fills(since).rows
    assert (fill.venue_order, fill.client_id) == (accepted.order.venue_order, CLIENT_ID)
    assert (fill.quantity, fill.price, fill.fee) == (Decimal(2), Decimal(100), Fee(Decimal(1), "USD"))


def test_a_corrected_execution_is_one_execution_as_it_is_now(fake: GatewayFake) -> None:
    venue = _venue(fake)
    since = venue.now()
    venue.submit(_order(order_type=OrderType.MARKET, limit=None))
    tell = fake.client._tell_execution

    def told_twice(request: int, fill: Any) -> None:
        # The correction first: which comes later in a list says nothing.
        tell(request, fill, revision=2, price=Decimal("100.05"))
        tell(request, fill, revision=1)

    fake.client._tell_execution = told_twice  # type: ignore[method-assign,assignment]
    [fill] = venue.fills(since).rows
    assert fill.price == Decimal("100.05") and not fill.execution.endswith((".01.01", ".02"))


@pytest.mark.parametrize("ids", [["a.01.01", "a.01.02"], ["a.01.02", "a.01.10"]])
def test_an_execution_and_its_corrections_have_one_id(ids: list[str]) -> None:
    assert {report.root(exec_id) for exec_id in ids} == {"a.01"}


def test_executions_and_positions_of_other_accounts_are_left_out(fake: GatewayFake) -> None:
    _venue(fake).submit(_order(order_type=OrderType.MARKET, limit=None))
    other = IbVenue(fake.ib, account="DU9", loop=fake.loop, reply_timeout_s=0.3)
    assert other.positions().rows == () and other.fills(datetime(2026, 1, 1, tzinfo=timezone.utc)).rows == ()
    assert other.open_orders().rows == ()
    with pytest.raises(VenueUnknown):
        other.account()


def test_lists_are_whole_since_the_brokers_midnight_only(fake: GatewayFake) -> None:
    midnight = datetime(2026, 11, 27, 5, 0, tzinfo=timezone.utc)
    venue = _venue(fake, day_begins=lambda _: midnight)
    long_ago = midnight - timedelta(days=3)
    assert venue.closed_orders(long_ago).since == venue.fills(long_ago).since == midnight


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        (datetime(2026, 7, 1, 12, tzinfo=timezone.utc), datetime(2026, 7, 1, 4, tzinfo=timezone.utc)),
        (datetime(2026, 12, 1, 4, 59, tzinfo=timezone.utc), datetime(2026, 11, 30, 5, tzinfo=timezone.utc)),
    ],
)
def test_midnight_in_new_york_is_at_four_or_five(now: datetime, midnight: datetime) -> None:
    assert new_york_midnight(now) == midnight


def test_p4_what_the_broker_forgets_is_declared(fake: GatewayFake) -> None:
    promised = _venue(fake).capabilities
    assert (promised.id_class, promised.lookup_by_id, promised.admission) == (IdClass.C, False, None)
    assert promised.unfilled_visible == timedelta(0) and promised.native_brackets


def test_a_gateway_that_does_not_answer_makes_lists_that_failed(fake: GatewayFake) -> None:
    venue = _venue(fake, reply_timeout_s=0.05)
    fake.client.is_silent = True
    since = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for listing in (venue.open_orders(), venue.closed_orders(since), venue.fills(since), venue.positions()):
        assert listing.failed is not None


# Names.


@pytest.mark.parametrize(
    ("name", "is_one"), [("AAPL", True), ("BRK B", True), ("conId:265598", True), ("btc/usd", False)]
)
def test_a_name_of_a_share_or_a_number_is_a_contract(name: str, is_one: bool) -> None:
    contract = UsStocks().contract(name)
    assert (contract is not None) is is_one
    if isinstance(contract, Stock):
        assert UsStocks().instrument(contract) == name


def test_a_contract_is_reported_under_the_name_by_which_it_was_asked_for(fake: GatewayFake) -> None:
    venue = _venue(fake)
    accepted = venue.submit(_order_of("conId:265598"))
    assert accepted.order.instrument == "conId:265598"
    assert venue.open_orders().rows[0].instrument == "conId:265598"
    assert UsStocks().instrument(Contract(conId=9, secType="FUT", symbol="ES", currency="USD")) == "conId:9"


# Threads and events.


def test_a_call_from_the_thread_of_the_loop_is_not_waited_for_for_ever(fake: GatewayFake) -> None:
    venue = _venue(fake)

    def inside() -> str:
        try:
            venue.submit(_order())
        except VenueNotSent as error:
            return str(error)
        return "sent"

    assert "wait for itself" in fake.do(inside)
    assert fake.orders_sent() == []


def test_a_loop_that_does_not_run_sends_nothing() -> None:
    loop = asyncio.new_event_loop()
    with pytest.raises(VenueNotSent, match="does not run"):
        IbVenue(object(), account=ACCOUNT, loop=loop)
    loop.close()


def test_a_venue_can_have_a_loop_and_a_thread_of_its_own() -> None:
    market = Market(ids="never")

    async def make() -> FakeIB:
        return FakeIB(market, asyncio.get_running_loop())

    venue = IbVenue.connect(make, account=ACCOUNT)
    assert venue.submit(_order()).order.client_id == CLIENT_ID
    venue.close()
    with pytest.raises(VenueNotSent, match="does not run"):
        venue.now()


def test_the_stream_tells_orders_and_executions_with_their_commission(fake: GatewayFake) -> None:
    venue = _venue(fake)
    told: list[Any] = []
    stop = venue.stream(told.append)
    since = venue.now()
    venue.submit(_order(order_type=OrderType.MARKET, limit=None))
    _wait_for(lambda: any(isinstance(event, FillReport) for event in told))
    fills = [event for event in told if isinstance(event, FillReport)]
    assert fills == list(venue.fills(since).rows) and fills[0].fee is not None
    assert any(isinstance(event, OrderReport) and event.status == Status.FILLED for event in told)
    assert stop is not None
    stop()
    fake.do(lambda: None)
    count = len(told)
    venue.submit(_order())
    assert len(told) == count


@pytest.mark.parametrize("code", [1101, 1102])
def test_a_lost_connection_is_told_as_lost_once_and_as_restored(fake: GatewayFake, code: int) -> None:
    venue = _venue(fake)
    told: list[Any] = []
    venue.stream(told.append)
    for lost in (1100, 1100, code, code):
        fake.do(functools.partial(fake.client.error, -1, lost, "words"))
    assert [type(event) for event in told] == [StreamLost, StreamRestored]


def test_a_closed_socket_is_told_as_lost_and_a_new_one_as_restored(fake: GatewayFake) -> None:
    told: list[Any] = []
    _venue(fake).stream(told.append)
    fake.do(lambda: fake.ib.disconnectedEvent.emit())
    fake.do(lambda: fake.ib.connectedEvent.emit())
    assert [type(event) for event in told] == [StreamLost, StreamRestored]
