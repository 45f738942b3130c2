"""The adapter for Alpaca that is in Rust, asked from Python: against a paper venue that is a process."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import truebook

from adapters.test_paper import SYMBOL, Paper

BRACKET = truebook.Bracket(truebook.StopLoss(Decimal(95)), truebook.TakeProfit(Decimal(110)))
ORDER = truebook.Order(SYMBOL, "buy", 2, "limit", limit="99", time_in_force="gtc", bracket=BRACKET)


@pytest.fixture
def paper() -> Iterator[Paper]:
    running = Paper()
    yield running
    running.stop()


def opened(data: Path, paper: Paper) -> truebook.Book:
    venue = truebook.Alpaca(base_url=paper.url, key_id="key", secret="secret")
    return truebook.open(data, venue=venue, backups=False)


def test_p3_p5_a_bracket_is_placed_filled_and_protected_across_two_processes_of_the_bot(
    data: Path, paper: Paper
) -> None:
    with opened(data, paper) as book:
        assert book.reconcile().agreed
        assert book.submit("entry", ORDER).is_new
    paper.set_price(Decimal(98))
    with opened(data, paper) as book:
        book.reconcile()
        assert book.positions()[SYMBOL].quantity == 2
        roles = sorted(order.role.value for order in book.orders())
        assert roles == ["stop_loss", "take_profit"]
        assert not book.submit("entry", ORDER).is_new
        assert len(book.fills()) == 1


def test_p4_an_order_whose_reply_is_lost_is_unknown_and_a_reconciliation_settles_it(data: Path) -> None:
    running = Paper("--lost-replies", "1000")
    try:
        with opened(data, running) as book:
            book.reconcile()
            done = book.submit("entry", truebook.Order(SYMBOL, "buy", 1, "limit", limit="50"))
            assert done.state is truebook.OrderState.UNKNOWN
            book.reconcile()
            (order,) = book.orders()
            assert order.state is truebook.OrderState.WORKING
    finally:
        running.stop()


def test_a_book_of_practice_is_not_opened_for_real_money(data: Path) -> None:
    live = truebook.Alpaca(base_url=truebook.Alpaca.LIVE_URL, key_id="key", secret="secret")
    with pytest.raises(truebook.IdentityError):
        truebook.open(data, venue=live, mode="paper", backups=False)
