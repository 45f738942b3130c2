"""State as a bot has it: orders with the usual fields."""

from __future__ import annotations

from typing import Any


def orders(count: int) -> dict[str, Any]:
    """So many orders; 10,000 are about 4.5 MB as indented JSON."""
    return {"version": 3, "last_price": 337.96, "orders": {f"order-{n:05d}": order(n) for n in range(count)}}


def order(number: int) -> dict[str, Any]:
    """One order."""
    return {
        "id": f"order-{number:05d}",
        "client_order_id": f"{number:032x}",
        "symbol": "TSLA",
        "side": "buy" if number % 2 else "sell",
        "type": "limit",
        "qty": 1 + number % 7,
        "limit_price": 300.0 + number % 1000 / 100,
        "filled_qty": 0,
        "filled_avg_price": None,
        "status": "new",
        "time_in_force": "day",
        "created_at": f"2026-11-27T14:{number % 60:02d}:00Z",
        "updated_at": f"2026-11-27T14:{number % 60:02d}:00Z",
        "is_exit": False,
        "legs": [],
    }
