"""What a typed bot looks like: checked with ``mypy --strict``, never run."""

from __future__ import annotations

from decimal import Decimal
from typing import Optional

import truebook
from truebook import Book, BookOrder, Bracket, Order, OrderState, Plan, Side, StopLoss, Submitted, TakeProfit


def trade(path: str) -> Decimal:
    """Opens, trades and reads."""
    venue = truebook.PaperVenue(prices={"TSLA": "330"})
    with truebook.open(path, venue=venue, settings={"risk": {"max": 600}}, mode="paper") as book:
        plan: Plan = book.reconcile()
        if not plan.agreed:
            return Decimal(0)
        bracket = Bracket(StopLoss(Decimal(300)), TakeProfit(Decimal(360)))
        done: Submitted = book.submit(
            "k1", Order("TSLA", Side.BUY, 1, "limit", limit="329.50", bracket=bracket)
        )
        if done.state is OrderState.UNKNOWN:
            book.reconcile()
        book.state["last"] = {"price": 330.5}
        changed: bool = book.state.merge("/last", {"price": 331.0})
        order: Optional[BookOrder] = book.order("k1")
        return book.positions()["TSLA"].quantity if changed and order is not None else Decimal(0)


def own_client(book: Book) -> None:
    """Sends with a client of its own."""
    with book.intent("k2", Order("TSLA", "sell", "1")) as intent:
        if intent.is_new:
            intent.accepted(venue_order="V1", word="new")


async def later(path: str) -> int:
    """The same, awaited."""
    async with truebook.aopen(path) as book:
        await book.state.set("/a/b", [1, 2.5, None])
        return book.seq
