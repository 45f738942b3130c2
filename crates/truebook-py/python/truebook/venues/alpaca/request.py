"""What is asked of Alpaca, in its own words; every amount as exact text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Optional

from truebook.venue import Change, NewOrder, Role, TimeInForce, VenueNotSent
from truebook.venues._numbers import text


def place(order: NewOrder) -> dict[str, Any]:
    """The body that places an order, legs of a bracket included.

    Raises :class:`VenueNotSent` for what the venue has no word for.
    """
    if order.time_in_force == TimeInForce.GTD:
        raise VenueNotSent("alpaca has no order that is good till a date")
    body: dict[str, Any] = {
        "client_order_id": order.client_id,
        "symbol": order.instrument,
        "side": order.side.value,
        "type": order.order_type.value,
        "time_in_force": order.time_in_force.value,
        "qty": text(order.quantity),
    }
    _put(body, "limit_price", order.limit)
    _put(body, "stop_price", order.stop)
    _put(body, "trail_price", order.trail_amount)
    _put(body, "trail_percent", order.trail_percent)
    body.update(_legs(order))
    return body


def _legs(order: NewOrder) -> dict[str, Any]:
    """An entry has legs; an exit that comes with another has an alternative, of which it is the limit order."""
    stop, profit = order.stop_loss, order.take_profit
    if stop is None and profit is None:
        return {}
    is_alternative = order.role != Role.ENTRY
    legs: dict[str, Any] = {
        "order_class": "oco" if is_alternative else "bracket" if stop and profit else "oto"
    }
    limit = profit.limit if profit else order.limit if is_alternative else None
    if limit is not None:
        legs["take_profit"] = {"limit_price": text(limit)}
    if stop is not None:
        leg = {"stop_price": text(stop.stop)}
        _put(leg, "limit_price", stop.limit)
        legs["stop_loss"] = leg
    return legs


def replace(change: Change) -> dict[str, Any]:
    """The body that replaces an order; a quantity is the total."""
    body: dict[str, Any] = {"client_order_id": change.client_id}
    _put(body, "qty", change.quantity)
    _put(body, "limit_price", change.limit)
    _put(body, "stop_price", change.stop)
    return body


def _put(body: dict[str, Any], name: str, number: Optional[Decimal]) -> None:
    if number is not None:
        body[name] = text(number)
