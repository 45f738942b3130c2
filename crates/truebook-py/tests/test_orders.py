"""Orders at the paper venue."""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal

import pytest
import truebook
from conftest import Opener
from truebook import Bracket, Order, OrderState, StopLoss, TakeProfit

LIMIT = Order("XYZ", "buy", "2", "limit", limit="90")


def test_an_order_is_submitted_filled_and_becomes_a_position(trading: truebook.Book) -> None:
    submitted = trading.submit("buy-1", Order("XYZ", "buy", 2))
    assert submitted.is_new and len(submitted.id) == 32 and len(submitted.venue_orders) == 1
    assert trading.reconcile().agreed
    (order,) = trading.orders(all=True, key="buy-1")
    assert (order.state, order.filled, order.average_price) == (OrderState.FILLED, Decimal(2), Decimal(100))
    assert order.intended_at.tzinfo is timezone.utc
    (fill,) = trading.fills(key="buy-1")
    assert (fill.quantity, fill.price, fill.order, fill.key) == (Decimal(2), Decimal(100), order.id, "buy-1")
    position = trading.positions()["XYZ"]
    assert (position.quantity, position.average_price) == (Decimal(2), Decimal(100))
    assert trading.orders() == []


def test_p3_the_same_key_is_the_same_order_for_ever(
    trading: truebook.Book, venue: truebook.PaperVenue, opener: Opener
) -> None:
    first = trading.submit("k", LIMIT)
    again = trading.submit("k", LIMIT)
    assert not again.is_new and again.id == first.id
    trading.close()
    reopened = opener(venue=venue)
    reopened.reconcile()
    assert reopened.submit("k", LIMIT).id == first.id
    assert len(venue.audit()["orders"]) == 1


def test_p3_a_key_that_was_used_for_another_order_is_refused(trading: truebook.Book) -> None:
    first = trading.submit("k", LIMIT)
    with pytest.raises(truebook.KeyReusedError, match="a key is one order for ever") as told:
        trading.submit("k", Order("XYZ", "buy", "3", "limit", limit="90"))
    assert (told.value.key, told.value.id) == ("k", first.id)


@pytest.mark.parametrize("value", [0.1, 1.0, True])
def test_a_float_or_bool_is_no_quantity_and_no_price(trading: truebook.Book, value: float) -> None:
    seq = trading.seq
    with pytest.raises(TypeError) as told:
        trading.submit("k", Order("XYZ", "buy", value))  # type: ignore[arg-type]
    assert "quantity" in str(told.value)
    with pytest.raises(TypeError, match="limit"):
        trading.submit("k", Order("XYZ", "buy", "1", "limit", limit=value))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="stop_loss"):
        bracket = Bracket(stop_loss=StopLoss(value))  # type: ignore[arg-type]
        trading.submit("k", Order("XYZ", "buy", "1", bracket=bracket))
    with pytest.raises(TypeError, match="limit"):
        trading.replace("k", limit=value)  # type: ignore[arg-type]
    assert trading.seq == seq


def test_a_float_is_told_why(trading: truebook.Book) -> None:
    with pytest.raises(TypeError, match='a tenth.*Decimal\\("0.1"\\)'):
        trading.submit("k", Order("XYZ", "buy", 0.1))  # type: ignore[arg-type]


def test_a_wrong_order_is_refused_with_every_fault(trading: truebook.Book) -> None:
    with pytest.raises(truebook.OrderError) as told:
        trading.submit("k", Order("XYZ", "buy", "-1", "limit"))
    assert len(told.value.faults) >= 2 and "quantity" in str(told.value) and "limit" in str(told.value)
    with pytest.raises(truebook.OrderError, match="side"):
        trading.submit("k", Order("XYZ", "sideways", "1"))
    with pytest.raises(truebook.OrderError, match="does not trade"):
        trading.submit("k", Order("NOSUCH", "buy", "1"))


def test_new_risk_is_refused_until_book_and_venue_agree(opener: Opener, venue: truebook.PaperVenue) -> None:
    book = opener(venue=venue)
    assert not book.gate.open and book.gate.why
    with pytest.raises(truebook.GateShutError) as told:
        book.submit("k", LIMIT)
    assert told.value.instrument == "XYZ" and told.value.opens and told.value.opens in str(told.value)
    assert book.reconcile().agreed and book.gate.open
    book.submit("k", LIMIT)


def test_a_halt_shuts_the_gate_and_survives_reopening(trading: truebook.Book, opener: Opener) -> None:
    trading.halt("a drill")
    with pytest.raises(truebook.GateShutError, match="a drill"):
        trading.submit("k", LIMIT)
    trading.close()
    venue = truebook.PaperVenue(prices={"XYZ": "100"})
    book = opener(venue=venue)
    assert book.gate.halted == "a drill"
    book.resume("over")
    book.reconcile()
    assert book.gate.open


def test_p4_a_lost_reply_is_unknown_and_a_reconciliation_settles_it(
    trading: truebook.Book, venue: truebook.PaperVenue
) -> None:
    venue.fail("submit", "reply_lost")
    submitted = trading.submit("k", LIMIT)
    assert submitted.state is OrderState.UNKNOWN
    order = trading.order("k")
    assert order is not None and order.unknown
    trading.reconcile()
    order = trading.order("k")
    assert order is not None and order.state is OrderState.WORKING
    assert len(venue.audit()["orders"]) == 1


def test_an_order_is_cancelled_and_replaced(trading: truebook.Book) -> None:
    trading.submit("k", LIMIT)
    trading.replace("k", limit="91", quantity=3)
    trading.reconcile()
    order = trading.order("k")
    assert order is not None and (order.limit, order.quantity) == (Decimal(91), Decimal(3))
    trading.cancel("k")
    trading.reconcile()
    assert trading.orders() == []
    (order,) = trading.orders(all=True, state=OrderState.CANCELLED)
    assert order.key == "k"
    with pytest.raises(truebook.NoOrderError):
        trading.cancel("never")


def test_a_bracket_protects_the_position(trading: truebook.Book, venue: truebook.PaperVenue) -> None:
    bracket = Bracket(StopLoss("90"), TakeProfit("120"))
    trading.submit("k", Order("XYZ", "buy", "1", bracket=bracket, strategy="s"))
    trading.reconcile()
    legs = trading.orders(strategy="s")
    assert {order.role for order in trading.orders()} == {truebook.Role.STOP_LOSS, truebook.Role.TAKE_PROFIT}
    assert len(legs) <= 3
    venue.set_price("XYZ", "120")
    trading.reconcile()
    assert trading.positions()["XYZ"].quantity == 0 and trading.orders() == []


def test_partial_fills_add_up(trading: truebook.Book, venue: truebook.PaperVenue) -> None:
    venue.fail("submit", "pieces", 4)
    trading.submit("k", Order("XYZ", "buy", "4"))
    trading.reconcile()
    order = trading.order("k")
    assert order is not None and order.state is OrderState.PARTIALLY_FILLED
    for price in ("100", "101", "102", "103"):
        venue.set_price("XYZ", price)
    trading.reconcile()
    assert trading.positions()["XYZ"].quantity == 4
    assert len(trading.fills()) == 4 and len(trading.fills(limit=1)) == 1


def test_a_position_is_closed_under_a_key(trading: truebook.Book) -> None:
    trading.submit("k", Order("XYZ", "buy", "3"))
    trading.reconcile()
    assert trading.close_position("exit", "XYZ").is_new
    trading.reconcile()
    assert trading.positions()["XYZ"].quantity == 0
    with pytest.raises(truebook.NoPositionError):
        trading.close_position("exit-2", "XYZ")


def test_orders_are_found_by_time(trading: truebook.Book) -> None:
    trading.submit("k", LIMIT)
    (order,) = trading.orders()
    assert trading.orders(since=order.intended_at - timedelta(seconds=1))
    assert trading.orders(since=order.intended_at + timedelta(seconds=1)) == []
    with pytest.raises(TypeError, match="zone"):
        trading.orders(since=order.intended_at.replace(tzinfo=None))


def test_p11_a_second_reconciliation_does_nothing(trading: truebook.Book) -> None:
    trading.submit("k", Order("XYZ", "buy", "3"))
    plan = trading.plan()
    assert not plan.is_empty and not plan.agreed and plan.steps[0].action == "record"
    done = trading.reconcile()
    assert done.agreed and done.steps and done.steps[0].why == plan.steps[0].why
    seq = trading.seq
    assert trading.plan().is_empty and trading.reconcile().is_empty and trading.seq == seq


def test_without_a_venue_nothing_is_sent_and_the_gate_stays_shut(opener: Opener) -> None:
    book = opener()
    plan = book.reconcile()
    assert not plan.agreed and "without a venue" in plan.verdict
    with pytest.raises(truebook.GateShutError):
        book.submit("k", LIMIT)


def test_the_book_is_kept_in_agreement_in_the_background(
    trading: truebook.Book, venue: truebook.PaperVenue
) -> None:
    trading.follow(every=0.05)
    trading.submit("k", LIMIT)
    venue.set_price("XYZ", "89")
    for _ in range(400):
        if trading.positions().get("XYZ") is not None and trading.positions()["XYZ"].quantity == 2:
            break
        import time

        time.sleep(0.01)
    assert trading.positions()["XYZ"].quantity == 2
    following = trading.following
    assert following is not None and following["running"] and following["streaming"]
    trading.unfollow()
    assert trading.following is None
