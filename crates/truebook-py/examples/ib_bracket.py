"""A bracket at Interactive Brokers: entry, stop and take profit, with ib_async. Runs offline: python ib_bracket.py

The client is ib_async's own ``IB``; the gateway behind its socket is a fake on this machine. With a real one:
``ib = IB(); await ib.connectAsync(...)`` in the loop that is given to ``IbVenue``. Needs ib_async.
"""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import timedelta
from decimal import Decimal

import truebook
from truebook.venues import IbVenue

# The gateway that answers here is the one of the tests.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))
from fakes.gateway import ACCOUNT, GatewayFake  # noqa: E402


def show(book: truebook.Book, when: str) -> None:
    rows = sorted((order.role.value, order.state.value) for order in book.orders())
    held = {name: str(position.quantity) for name, position in book.positions().items()}
    print(f"{when}: orders {rows}, held {held}")


def main() -> None:
    gateway = GatewayFake()
    gateway.market.set_price(Decimal(100))
    bracket = truebook.Bracket(truebook.StopLoss(Decimal(95)), truebook.TakeProfit(Decimal(110)))
    order = truebook.Order("AAPL", "buy", 10, "limit", limit="99", time_in_force="gtc", bracket=bracket)

    def venue() -> IbVenue:
        return IbVenue(gateway.ib, account=ACCOUNT, loop=gateway.loop, propagation=timedelta(milliseconds=5))

    with tempfile.TemporaryDirectory() as place:
        data = os.path.join(place, "data")
        with truebook.open(data, venue=venue(), account=ACCOUNT) as book:
            book.reconcile()
            book.submit("breakout-7", order)
            book.reconcile()
            show(book, "submitted")

        gateway.market.set_price(Decimal(98))  # while the bot is away
        with truebook.open(data, venue=venue(), account=ACCOUNT) as book:
            book.reconcile()
            show(book, "entry filled")
            assert book.positions()["AAPL"].quantity == 10
            # The strategy decides the same once more: it is the same order.
            assert not book.submit("breakout-7", order).is_new

            gateway.market.set_price(Decimal(111))
            book.reconcile()
            show(book, "target reached")
            assert "AAPL" not in book.positions() or book.positions()["AAPL"].quantity == 0
            assert not book.orders(), "the stop does not outlive its position"
            print(f"orders sent {len(gateway.orders_sent())}, executions {len(book.fills())}")
            assert len(gateway.orders_sent()) == 3
    gateway.close()


if __name__ == "__main__":
    main()
