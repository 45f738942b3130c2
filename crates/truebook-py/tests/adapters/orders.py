"""Orders for tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from truebook.venue import NewOrder, OrderType, Side, TimeInForce

#: 32 hexadecimal digits, as the book makes them.
CLIENT_ID = "c0ffee00" * 4


def new_order(instrument: str, **different: Any) -> NewOrder:
    """A buy of 2 that rests at 50, unless it is said otherwise."""
    usual: dict[str, Any] = {
        "client_id": CLIENT_ID,
        "key": "a key",
        "instrument": instrument,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": Decimal(2),
        "time_in_force": TimeInForce.GTC,
        "limit": Decimal(50),
    }
    return NewOrder(**{**usual, **different})
