"""A bot that trades with its own ccxt client, and keeps its orders in a book. Runs offline: python ccxt_intent.py

The exchange is ccxt's real binance class; only what it sends is answered by a fake on this machine. The reply to the
first order is lost, as replies are: the exchange has the order, and the bot cannot know. Needs ccxt.
"""

from __future__ import annotations

import os
import sys
import tempfile
from decimal import Decimal

import ccxt
import truebook
from truebook.venues import CcxtVenue

# The exchange that answers here is the one of the tests.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))
from fakes.binance import SYMBOL, BinanceFake  # noqa: E402
from fakes.transport import Lost  # noqa: E402


def buy(book: truebook.Book, exchange: ccxt.Exchange, key: str) -> truebook.Submitted:
    """One buy under one key, however often this is called."""
    order = truebook.Order(SYMBOL, "buy", "0.1", "limit", limit="95.50", time_in_force="gtc")
    with book.intent(key, order) as intent:
        # Whatever happens from here on, the book knows that this order may be on its way.
        if intent.is_new:
            reply = exchange.create_order(
                SYMBOL, "limit", "buy", "0.1", "95.50", {"clientOrderId": intent.client_id}
            )
            intent.accepted(venue_order=reply["id"], word=str(reply["status"]))
    assert intent.result is not None
    return intent.result


def main() -> None:
    fake = BinanceFake()
    fake.market.set_price(Decimal(100))
    exchange = fake.exchange
    with tempfile.TemporaryDirectory() as place:
        data = os.path.join(place, "data")
        venue = CcxtVenue(exchange, account="main", symbols=[SYMBOL])
        with truebook.open(data, venue=venue, account="main") as book:
            book.reconcile()  # until then the gate refuses new risk

            fake.transport.faults["POST"] = [Lost()]
            try:
                buy(book, exchange, "entry-1")
            except ccxt.NetworkError as lost:
                print(f"ccxt says: {type(lost).__name__}; the book says: {book.orders()[0].state.value}")

            again = buy(book, exchange, "entry-1")
            print(f"the same key again: is_new={again.is_new}, still {again.state.value}: nothing is sent")
            assert len(fake.orders_sent()) == 1

            book.reconcile()  # looks at the exchange, and settles it
            settled = book.orders()[0]
            print(f"reconciled: {settled.state.value}, as order {settled.venue_orders} of the exchange")
            assert settled.state == truebook.OrderState.WORKING

        # Another day, another process: the key still is that order.
        with truebook.open(data, venue=venue, account="main") as book:
            book.reconcile()
            assert not buy(book, exchange, "entry-1").is_new
            fake.market.set_price(Decimal(95))
            book.reconcile()
            print(f"filled: {book.positions()[SYMBOL].quantity} {SYMBOL}")
            print(f"orders sent {len(fake.orders_sent())}, executions {len(book.fills())}")
            assert len(fake.orders_sent()) == 1 and len(book.fills()) == 1


if __name__ == "__main__":
    main()
