"""Venues that are written in Python: the contract, and what their exceptions prove."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Optional

import pytest
import truebook
from conftest import Opener
from fake import Exchange, FakeVenue
from truebook import IdClass, Order, OrderState
from truebook.testing import VenueSetup, check_names, check_one, check_venue
from truebook.venue import (
    Accepted,
    NewOrder,
    StreamEvent,
    VenueError,
    VenueMaintenance,
    VenueNotSent,
    VenueRateLimited,
    VenueRefused,
    VenueUnauthorized,
    VenueUnknown,
)

LIMIT = Order("XYZ", "buy", "2", "limit", limit="90")


def setup_of(id_class: IdClass) -> VenueSetup:
    exchange = Exchange()
    return VenueSetup(FakeVenue(exchange, id_class), "XYZ", exchange.set_price)


@pytest.mark.parametrize("id_class", list(IdClass))
@pytest.mark.parametrize("name", check_names())
def test_a_venue_in_python_keeps_the_contract(id_class: IdClass, name: str) -> None:
    check_one(name, setup_of(id_class))


def test_a_check_can_be_left_out_with_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    names = check_names()
    check_venue(lambda: setup_of(IdClass.A), only=names[:2], skip={names[1]: "no stream here"})
    assert f"left out: {names[1]}: no stream here" in capsys.readouterr().out
    with pytest.raises(ValueError, match="there is no check nonsense"):
        check_venue(lambda: setup_of(IdClass.A), skip={"nonsense": "why"})


def test_a_broken_contract_is_an_assertion_with_the_name_of_the_check() -> None:
    class Forgetful(FakeVenue):
        def submit(self, order: NewOrder) -> Accepted:
            accepted = super().submit(order)
            self.exchange.orders.clear()
            return accepted

    with pytest.raises(AssertionError, match="^a_cancellation_is_taken_and_shows: never seen"):
        check_venue(
            lambda: VenueSetup(Forgetful(), "XYZ", lambda _: None), only=["a_cancellation_is_taken_and_shows"]
        )


def trading_at(opener: Opener, venue: FakeVenue) -> truebook.Book:
    book = opener(venue=venue)
    assert book.reconcile().agreed
    return book


def test_a_book_trades_at_a_venue_in_python(opener: Opener) -> None:
    venue = FakeVenue()
    book = trading_at(opener, venue)
    submitted = book.submit("k", Order("XYZ", "buy", "2"))
    assert submitted.venue_orders == ("V1",)
    assert book.reconcile().agreed
    assert book.positions()["XYZ"].quantity == 2
    (sent,) = venue.exchange.orders.values()
    assert sent.client_id == submitted.id


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (VenueRefused("no", code="7"), OrderState.REJECTED),
        (VenueNotSent("no byte left"), OrderState.ABSENT),
        (VenueRateLimited("too many"), OrderState.ABSENT),
        (VenueMaintenance("closed"), OrderState.ABSENT),
        (VenueUnauthorized("keys"), OrderState.ABSENT),
        (VenueUnknown("lost"), OrderState.UNKNOWN),
        (VenueError("?"), OrderState.UNKNOWN),
        (TimeoutError("no answer"), OrderState.UNKNOWN),
        (ZeroDivisionError("a fault of the adapter"), OrderState.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_p4_what_an_exception_proves_is_said_by_its_class(
    opener: Opener, error: Exception, state: OrderState
) -> None:
    venue = FakeVenue()
    book = trading_at(opener, venue)

    def fail() -> None:
        raise error

    venue.before["submit"] = fail
    assert book.submit("k", LIMIT).state is state


def test_p4_an_interrupt_in_the_adapter_is_unknown_and_goes_on(opener: Opener) -> None:
    venue = FakeVenue()
    book = trading_at(opener, venue)

    def interrupt() -> None:
        raise KeyboardInterrupt

    venue.after["submit"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        book.submit("k", LIMIT)
    order = book.order("k")
    assert order is not None and order.state is OrderState.UNKNOWN
    venue.after.clear()
    book.reconcile()
    order = book.order("k")
    assert order is not None and order.state is OrderState.WORKING
    assert len(venue.exchange.orders) == 1


def test_p4_an_answer_that_makes_no_sense_is_unknown(opener: Opener) -> None:
    class Odd(FakeVenue):
        def submit(self, order: NewOrder) -> Accepted:
            super().submit(order)
            return None  # type: ignore[return-value]

    venue = Odd()
    book = trading_at(opener, venue)
    assert book.submit("k", LIMIT).state is OrderState.UNKNOWN
    assert len(venue.exchange.orders) == 1


def test_a_float_in_a_report_is_no_answer(opener: Opener) -> None:
    import dataclasses

    class Floats(FakeVenue):
        def submit(self, order: NewOrder) -> Accepted:
            accepted = super().submit(order)
            return Accepted(dataclasses.replace(accepted.order, quantity=2.0))  # type: ignore[arg-type]

    book = trading_at(opener, Floats())
    submitted = book.submit("k", LIMIT)
    assert submitted.state is OrderState.UNKNOWN


def test_p2_the_intent_is_durable_when_the_adapter_is_called(opener: Opener) -> None:
    venue = FakeVenue()
    book = trading_at(opener, venue)
    seen: list[bool] = []

    def look() -> None:
        # The adapter itself may ask the book: no lock is held while it runs.
        order = book.order("k")
        seen.append(order is not None and order.state is OrderState.INTENDED and book.durable >= 1)
        book.state["in the adapter"] = True

    venue.before["submit"] = look
    book.submit("k", LIMIT)
    assert seen == [True] and book.state["in the adapter"]


def test_threads_that_trade_and_save_do_not_wait_for_one_another(opener: Opener) -> None:
    venue = FakeVenue()
    book = trading_at(opener, venue)
    here, go = threading.Event(), threading.Event()

    def wait() -> None:
        here.set()
        assert go.wait(20)

    venue.before["submit"] = wait
    sender = threading.Thread(target=book.submit, args=("k", LIMIT))
    sender.start()
    assert here.wait(20)
    book.state["meanwhile"] = 1
    assert book.state["meanwhile"] == 1
    go.set()
    sender.join(20)
    assert not sender.is_alive()


def wait_until(look: Callable[[], bool]) -> None:
    for _ in range(1000):
        if look():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to be")


def test_a_stream_in_python_is_taken_in_and_ended_at_close(opener: Opener) -> None:
    venue = FakeVenue()
    book = trading_at(opener, venue)
    book.follow(every=60)
    wait_until(lambda: bool((book.following or {}).get("reconciliations")))
    book.submit("k", LIMIT)
    venue.exchange.set_price(truebook.venue.Decimal(89))
    wait_until(lambda: "XYZ" in book.positions() and book.positions()["XYZ"].quantity == 2)
    book.close()
    assert venue.stopped == 1 and venue.exchange.listeners == []


def test_a_venue_without_a_stream_is_reconciled(opener: Opener) -> None:
    class Silent(FakeVenue):
        def stream(self, emit: Callable[[StreamEvent], None]) -> Optional[Callable[[], None]]:
            return None

    venue = Silent()
    book = trading_at(opener, venue)
    book.follow(every=0.05)
    book.submit("k", LIMIT)
    venue.exchange.set_price(truebook.venue.Decimal(89))
    wait_until(lambda: "XYZ" in book.positions() and book.positions()["XYZ"].quantity == 2)
    following = book.following
    assert following is not None and following["running"] and following["failed"] is None


def test_another_venue_than_the_books_is_refused(opener: Opener) -> None:
    opener(venue=FakeVenue()).close()
    with pytest.raises(truebook.IdentityError, match="venue"):
        opener(venue=truebook.PaperVenue(prices={"XYZ": "100"}))


def test_what_is_no_venue_is_refused(opener: Opener) -> None:
    with pytest.raises(TypeError, match="a venue is"):
        opener(venue=object())
