"""What exchanges say through ccxt, as plain reports."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Optional

import pytest
from fakes.capture import Captured
from fakes.replies import CREATED
from truebook.venue import Fee, OrderType, Side, Status, TimeInForce, VenueUnknown
from truebook.venues._words import OVER
from truebook.venues.ccxt import traits_of
from truebook.venues.ccxt.refs import Ref, parse
from truebook.venues.ccxt.report import Reader

from adapters.orders import CLIENT_ID, new_order
from adapters.test_ccxt_requests import KRAKEN_ROW, OKX_ROW

LIVE, PENDING = Status.LIVE, Status.PENDING_CANCEL

#: By exchange, every documented word for an order's state, and what it means.
DOCUMENTED: dict[str, dict[str, Status]] = {
    "binance": {
        "NEW": LIVE,
        "PENDING_NEW": LIVE,
        "PARTIALLY_FILLED": LIVE,
        "FILLED": Status.FILLED,
        "CANCELED": Status.CANCELLED,
        "PENDING_CANCEL": PENDING,
        "REJECTED": Status.REJECTED,
        "EXPIRED": Status.EXPIRED,
        "EXPIRED_IN_MATCH": Status.EXPIRED,
    },
    "coinbase": {
        "PENDING": LIVE,
        "OPEN": LIVE,
        "QUEUED": LIVE,
        "CANCEL_QUEUED": PENDING,
        "EDIT_QUEUED": Status.PENDING_REPLACE,
        "FILLED": Status.FILLED,
        "CANCELLED": Status.CANCELLED,
        "EXPIRED": Status.EXPIRED,
        "FAILED": Status.REJECTED,
        "UNKNOWN_ORDER_STATUS": Status.ODD,
    },
    "kraken": {
        "pending": LIVE,
        "open": LIVE,
        "closed": Status.FILLED,
        "canceled": Status.CANCELLED,
        "expired": Status.EXPIRED,
    },
    "bybit": {
        "New": LIVE,
        "PartiallyFilled": LIVE,
        "Untriggered": LIVE,
        "Triggered": LIVE,
        "Rejected": Status.REJECTED,
        "PartiallyFilledCanceled": Status.CANCELLED,
        "Filled": Status.FILLED,
        "Cancelled": Status.CANCELLED,
        "Deactivated": Status.CANCELLED,
    },
    "okx": {
        "live": LIVE,
        "partially_filled": LIVE,
        "filled": Status.FILLED,
        "canceled": Status.CANCELLED,
        "mmp_canceled": Status.CANCELLED,
        "pause": LIVE,
        "partially_effective": LIVE,
        "effective": Status.REPLACED,
        "order_failed": Status.REJECTED,
    },
    "deribit": {
        "open": LIVE,
        "untriggered": LIVE,
        "triggered": LIVE,
        "filled": Status.FILLED,
        "rejected": Status.REJECTED,
        "cancelled": Status.CANCELLED,
    },
    "alpaca": {
        "new": LIVE,
        "accepted": LIVE,
        "pending_new": LIVE,
        "accepted_for_bidding": LIVE,
        "partially_filled": LIVE,
        "done_for_day": LIVE,
        "stopped": LIVE,
        "suspended": LIVE,
        "calculated": LIVE,
        "held": LIVE,
        "pending_cancel": PENDING,
        "pending_replace": Status.PENDING_REPLACE,
        "filled": Status.FILLED,
        "canceled": Status.CANCELLED,
        "expired": Status.EXPIRED,
        "rejected": Status.REJECTED,
        "replaced": Status.REPLACED,
    },
}
_FIELDS = {"bybit": "orderStatus", "okx": "state", "deribit": "order_state"}


def _raw(**different: Any) -> dict[str, Any]:
    """An order as ccxt parses it."""
    usual: dict[str, Any] = {
        "id": "7",
        "clientOrderId": CLIENT_ID,
        "symbol": "BTC/USDT",
        "side": "buy",
        "type": "limit",
        "price": "50",
        "amount": "2",
        "filled": "0",
        "status": "open",
        "timeInForce": "GTC",
        "timestamp": 1_772_465_400_125,
        "info": {},
    }
    return {**usual, **different}


def _reader(name: str = "an exchange that nobody knows") -> Reader:
    return Reader(name, traits_of(name))


@pytest.mark.parametrize(
    ("name", "word", "status"),
    [(name, word, status) for name, all_words in DOCUMENTED.items() for word, status in all_words.items()],
)
def test_every_documented_word_of_an_exchange_means_what_it_says(
    name: str, word: str, status: Status
) -> None:
    info = {_FIELDS.get(name, "status"): word}
    # Whatever ccxt makes of it does not count.
    report = _reader(name).order(_raw(info=info, status="closed"))
    assert (report.status, report.word) == (status, word)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_p4_a_word_that_nobody_knows_is_kept_and_odd(name: str) -> None:
    report = _reader(name).order(_raw(info={_FIELDS.get(name, "status"): "FUTURE_STATUS"}))
    assert (report.status, report.word) == (Status.ODD, "FUTURE_STATUS")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("open", LIVE),
        ("closed", Status.FILLED),
        ("canceled", Status.CANCELLED),
        ("canceling", PENDING),
        ("expired", Status.EXPIRED),
        ("rejected", Status.REJECTED),
        ("else", Status.ODD),
        (None, Status.ODD),
    ],
)
def test_for_an_exchange_that_is_not_known_ccxts_words_count(word: Optional[str], status: Status) -> None:
    assert _reader().order(_raw(status=word, filled="2")).status == status


def test_p4_what_ccxt_calls_closed_and_is_not_filled_whole_is_odd() -> None:
    assert _reader().order(_raw(status="closed", filled="1.9")).status == Status.ODD


def test_ccxt_itself_calls_what_expired_or_failed_at_coinbase_canceled() -> None:
    parse_status = Captured("coinbase").exchange.parse_order_status
    assert [parse_status(word) for word in ("EXPIRED", "FAILED")] == ["canceled", "canceled"]


def test_ccxt_itself_calls_what_was_cancelled_in_part_at_bybit_closed() -> None:
    assert Captured("bybit").exchange.parse_order_status("PartiallyFilledCanceled") == "closed"


def test_a_terminal_order_may_have_fills() -> None:
    report = _reader("binance").order(_raw(info={"status": "CANCELED"}, status="canceled", filled="0.5"))
    assert (report.status, report.filled) == (Status.CANCELLED, Decimal("0.5"))
    assert report.status in OVER


def test_an_order_is_read_whole() -> None:
    report = _reader().order(_raw(filled="1", average="49.5", lastUpdateTimestamp=1_772_465_401_000))
    assert (report.venue_order, report.client_id, report.side) == ("BTC/USDT#7", CLIENT_ID, Side.BUY)
    assert (report.order_type, report.time_in_force) == (OrderType.LIMIT, TimeInForce.GTC)
    assert (report.quantity, report.filled, report.average_price) == (Decimal(2), Decimal(1), Decimal("49.5"))
    assert (report.limit, report.stop) == (Decimal(50), None)
    assert (
        report.submitted_at is not None
        and report.submitted_at.isoformat() == "2026-03-02T15:30:00.125000+00:00"
    )


@pytest.mark.parametrize(
    ("raw", "kind", "limit", "stop"),
    [
        ({"type": "market", "price": "49"}, OrderType.MARKET, None, None),
        ({"type": "market", "triggerPrice": "60"}, OrderType.STOP, None, Decimal(60)),
        ({"type": "limit", "stopLossPrice": "60"}, OrderType.STOP_LIMIT, Decimal(50), Decimal(60)),
        ({"type": "limit", "triggerPrice": "0.0"}, OrderType.LIMIT, Decimal(50), None),
        ({"type": "twap"}, None, Decimal(50), None),
    ],
)
def test_an_order_with_a_trigger_price_is_a_stop(
    raw: dict[str, Any], kind: Optional[OrderType], limit: Optional[Decimal], stop: Optional[Decimal]
) -> None:
    report = _reader().order(_raw(**raw))
    assert (report.order_type, report.limit, report.stop) == (kind, limit, stop)


def test_a_reply_that_only_says_taken_is_filled_up_with_what_was_sent() -> None:
    order = new_order("BTC/USDT")
    raw: dict[str, Any] = {"id": "7", "info": {}, "status": None, "symbol": "BTC/USDT"}
    report = _reader().order(raw, sent=order)
    assert (report.status, report.word) == (LIVE, "acknowledged")
    assert (report.client_id, report.side, report.quantity, report.limit) == (
        CLIENT_ID,
        Side.BUY,
        Decimal(2),
        Decimal(50),
    )


@pytest.mark.parametrize(
    "different",
    [
        {"id": None},
        {"id": ""},
        {"symbol": None},
        {"side": None},
        {"side": "hold"},
        {"filled": None},
        {"amount": "x"},
    ],
)
def test_what_a_list_leaves_out_is_not_guessed(different: dict[str, Any]) -> None:
    with pytest.raises(VenueUnknown):
        _reader().order(_raw(**different))


def test_a_quantity_that_a_float_would_round_is_exact() -> None:
    report = _reader().order(_raw(amount="123456789.123456789012", filled="0.1"))
    assert report.quantity == Decimal("123456789.123456789012")


def test_a_stop_of_okx_that_fired_lives_on_as_another_order_and_each_names_the_other() -> None:
    captured = Captured("okx")
    fired = {**OKX_ROW, "clOrdId": "", "algoId": "55", "algoClOrdId": CLIENT_ID}
    stop = {
        "algoId": "55",
        "algoClOrdId": CLIENT_ID,
        "clOrdId": "",
        "instId": "BTC-USDT",
        "ordId": fired["ordId"],
        "ordType": "trigger",
        "side": "buy",
        "sz": "2",
        "state": "effective",
        "triggerPx": "60",
        "cTime": "1772465400125",
        "actualSz": "0",
    }
    reader = _reader("okx")
    order = reader.order(captured.exchange.parse_order(fired))
    before = reader.stop({**captured.exchange.parse_order(stop), "filled": "0"})
    assert (before.status, before.venue_order) == (Status.REPLACED, "BTC/USDT#55#trigger")
    assert (before.replaced_by, order.replaces) == (order.venue_order, before.venue_order)
    assert (before.client_id, order.client_id) == (CLIENT_ID, CLIENT_ID)


def test_ccxt_itself_gives_an_order_of_okx_that_a_stop_became_the_id_of_the_stop() -> None:
    parsed = Captured("okx").exchange.parse_order({**OKX_ROW, "algoId": "55"})
    assert parsed["id"] == "55"


def test_a_client_id_that_ccxt_does_not_read_is_found_in_the_exchanges_words() -> None:
    parsed = Captured("deribit").exchange.parse_order(CREATED["deribit"]["result"]["order"])
    assert _reader("deribit").order(parsed).client_id == CLIENT_ID
    parsed = Captured("kraken").exchange.parse_order({**KRAKEN_ROW, "id": "O-1", "cl_ord_id": CLIENT_ID})
    assert _reader("kraken").order(parsed).client_id == CLIENT_ID


def _trade(**different: Any) -> dict[str, Any]:
    usual = {
        "id": "99",
        "order": "7",
        "symbol": "BTC/USDT",
        "side": "sell",
        "amount": "0.3",
        "price": "100.1",
        "timestamp": 1_772_465_400_125,
        "fee": {"cost": "0.0003", "currency": "BTC"},
    }
    return {**usual, **different}


def test_an_execution_bears_its_symbol_because_numbers_are_unique_within_one() -> None:
    fill = _reader().fill(_trade())
    assert (fill.execution, fill.venue_order) == ("BTC/USDT#99", "BTC/USDT#7")
    assert (fill.side, fill.quantity, fill.price) == (Side.SELL, Decimal("0.3"), Decimal("100.1"))
    assert fill.fee == Fee(Decimal("0.0003"), "BTC")


def test_of_fees_in_several_assets_the_one_in_what_was_traded_counts() -> None:
    fees = [
        {"cost": "1", "currency": "BNB"},
        {"cost": "0.1", "currency": "BTC"},
        {"cost": "0.2", "currency": "BTC"},
    ]
    assert _reader().fill(_trade(fees=fees)).fee == Fee(Decimal("0.3"), "BTC")
    assert _reader().fill(_trade(fees=fees[:1])).fee == Fee(Decimal(1), "BNB")
    assert _reader().fill(_trade(fee=None)).fee is None


@pytest.mark.parametrize("different", [{"id": None}, {"order": None}, {"timestamp": None}, {"price": None}])
def test_an_execution_that_cannot_be_told_from_others_is_not_read(different: dict[str, Any]) -> None:
    with pytest.raises(VenueUnknown):
        _reader().fill(_trade(**different))


def test_a_short_position_is_negative_and_one_of_a_hedged_pair_is_not_read() -> None:
    raw = {"symbol": "BTC/USDT:USDT", "contracts": "3", "side": "short", "entryPrice": "100"}
    assert _reader().position(raw).quantity == Decimal(-3)
    with pytest.raises(VenueUnknown):
        _reader().position({**raw, "hedged": True})


@pytest.mark.parametrize("ref", [Ref("BTC/USDT", "7"), Ref("BTC/USDT:USDT", "a-b:c", is_stop=True)])
def test_an_id_is_read_as_it_was_spelled(ref: Ref) -> None:
    assert parse(str(ref)) == ref
