"""The two steps around a client of the bot's own."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pytest
import truebook
from truebook import FillReport, Order, OrderState, Side

ORDER = Order("XYZ", "buy", "2", "limit", limit="90")


def the_order(book: truebook.Book) -> truebook.BookOrder:
    (order,) = book.orders(all=True, key="k")
    return order


def test_p2_an_intent_is_durable_on_entry(trading: truebook.Book) -> None:
    with trading.intent("k", ORDER) as intent:
        assert intent.is_new and len(intent.client_id) == 32
        assert trading.durable == trading.seq
        assert the_order(trading).state is OrderState.INTENDED
        intent.accepted(venue_order="V1", word="new")
    order = the_order(trading)
    assert order.state is OrderState.WORKING and order.venue_orders == ("V1",)


def test_p4_an_exception_inside_means_unknown_and_goes_on(trading: truebook.Book) -> None:
    with pytest.raises(TimeoutError), trading.intent("k", ORDER):
        raise TimeoutError("no answer")
    order = the_order(trading)
    assert order.state is OrderState.UNKNOWN and order.unknown is not None
    assert "TimeoutError: no answer" in order.unknown


def test_p4_an_interrupt_inside_means_unknown_and_goes_on(trading: truebook.Book) -> None:
    with pytest.raises(KeyboardInterrupt), trading.intent("k", ORDER):
        raise KeyboardInterrupt
    assert the_order(trading).state is OrderState.UNKNOWN


def test_p4_leaving_without_an_outcome_means_unknown(trading: truebook.Book) -> None:
    with trading.intent("k", ORDER) as intent:
        pass
    assert intent.result is not None and intent.result.state is OrderState.UNKNOWN


def test_an_exception_after_the_outcome_changes_nothing(trading: truebook.Book) -> None:
    with pytest.raises(ZeroDivisionError), trading.intent("k", ORDER) as intent:
        intent.accepted(venue_order="V1")
        raise ZeroDivisionError
    assert the_order(trading).state is OrderState.WORKING


@pytest.mark.parametrize(("outcome", "state"), [("refused", "rejected"), ("not_sent", "absent")])
def test_a_refusal_and_what_was_never_sent_end_it(trading: truebook.Book, outcome: str, state: str) -> None:
    with trading.intent("k", ORDER) as intent:
        getattr(intent, outcome)("why")
    assert the_order(trading).state.value == state


def test_p3_a_known_key_is_not_to_be_sent_again(trading: truebook.Book) -> None:
    with trading.intent("k", ORDER) as first:
        first.accepted(venue_order="V1")
    with trading.intent("k", ORDER) as again:
        assert not again.is_new and again.client_id == first.client_id
        with pytest.raises(truebook.TradeError, match="nothing was to be sent"):
            again.accepted(venue_order="V2")
    assert the_order(trading).venue_orders == ("V1",)
    with pytest.raises(truebook.KeyReusedError), trading.intent("k", Order("XYZ", "buy", "3")):
        raise AssertionError("never reached")


def test_nothing_is_to_be_sent_while_the_gate_is_shut(trading: truebook.Book) -> None:
    trading.halt("a drill")
    with pytest.raises(truebook.GateShutError), trading.intent("k", ORDER):
        raise AssertionError("never reached")


def test_p6_fills_of_the_bots_own_client_count_once(trading: truebook.Book) -> None:
    with trading.intent("k", ORDER) as intent:
        intent.accepted(venue_order="V1")
    fill = FillReport(
        execution="E1",
        venue_order="V1",
        instrument="XYZ",
        side=Side.BUY,
        quantity=Decimal(2),
        price=Decimal("89.5"),
        at=datetime.now(timezone.utc),
        fee=truebook.Fee(Decimal("0.01"), "USD"),
    )
    trading.record_fill(fill)
    seq = trading.seq
    trading.record_fill(fill)
    assert trading.seq == seq
    position = trading.positions()["XYZ"]
    assert position.quantity == 2 and position.fees == {"USD": Decimal("0.01")}
    assert the_order(trading).state is OrderState.FILLED


def test_a_report_of_the_bots_own_client_is_taken_in(trading: truebook.Book) -> None:
    with trading.intent("k", ORDER) as intent:
        intent.accepted(venue_order="V1")
    report = truebook.OrderReport(
        venue_order="V1",
        instrument="XYZ",
        side=Side.BUY,
        status=truebook.Status.CANCELLED,
        word="canceled",
        client_id=intent.client_id,
    )
    trading.record_report(report)
    assert the_order(trading).state is OrderState.CANCELLED


def test_an_intent_is_entered_once_and_not_used_outside(trading: truebook.Book) -> None:
    intent = trading.intent("k", ORDER)
    with pytest.raises(truebook.TradeError, match="not entered"):
        _ = intent.client_id
    with intent:
        intent.refused("no")
    with pytest.raises(truebook.TradeError, match="entered once"), intent:
        pass
