"""What a venue says, between the classes of :mod:`truebook.venue` and the text that the engine reads."""

from __future__ import annotations

import json
from typing import Any, Callable, Optional, TypeVar

from ._numbers import duration, optional, optional_time_text, text, time_text
from .venue import (
    Accepted,
    AccountReport,
    Capabilities,
    FillReport,
    Listing,
    OrderReport,
    OrderType,
    PositionReport,
    ReplaceQuantity,
    Role,
    Rules,
    Side,
    Status,
    TimeInForce,
)

T = TypeVar("T")

_LIVE = {
    Status.LIVE: "live",
    Status.PENDING_CANCEL: "pending_cancel",
    Status.PENDING_REPLACE: "pending_replace",
}


def status(value: Status) -> Any:
    """Where an order stands, as the engine writes it."""
    known = Status(value)
    if known is Status.ODD:
        return "odd"
    return _LIVE.get(known) or {"ended": known.value}


def _word(kind: Callable[[Any], Any], value: Any) -> Optional[str]:
    return None if value is None else str(kind(value).value)


def order(report: OrderReport) -> dict[str, Any]:
    """A report of an order."""
    return {
        "client_id": report.client_id,
        "venue_order": report.venue_order,
        "instrument": report.instrument,
        "side": Side(report.side).value,
        "order_type": _word(OrderType, report.order_type),
        "time_in_force": _word(TimeInForce, report.time_in_force),
        "quantity": optional(report.quantity, "quantity"),
        "filled": text(report.filled, "filled"),
        "average_price": optional(report.average_price, "average_price"),
        "limit": optional(report.limit, "limit"),
        "stop": optional(report.stop, "stop"),
        "status": status(report.status),
        "word": report.word,
        "parent": report.parent,
        "role": _word(Role, report.role),
        "replaces": report.replaces,
        "replaced_by": report.replaced_by,
        "submitted_at": optional_time_text(report.submitted_at, "submitted_at"),
        "updated_at": optional_time_text(report.updated_at, "updated_at"),
        "why": report.why,
    }


def accepted(value: Accepted) -> dict[str, Any]:
    """A venue's yes."""
    return {"order": order(value.order), "legs": [order(leg) for leg in value.legs]}


def fill(report: FillReport) -> dict[str, Any]:
    """An execution."""
    fee = None if report.fee is None else [text(report.fee.amount, "fee"), report.fee.asset]
    return {
        "execution": report.execution,
        "venue_order": report.venue_order,
        "client_id": report.client_id,
        "instrument": report.instrument,
        "side": Side(report.side).value,
        "quantity": text(report.quantity, "quantity"),
        "price": text(report.price, "price"),
        "fee": fee,
        "at": time_text(report.at, "at"),
    }


def position(report: PositionReport) -> dict[str, Any]:
    """A position."""
    return {
        "instrument": report.instrument,
        "quantity": text(report.quantity, "quantity"),
        "average_price": optional(report.average_price, "average_price"),
    }


def account(report: AccountReport) -> dict[str, Any]:
    """The account."""
    return {
        "account": report.account,
        "cash": text(report.cash, "cash"),
        "trading": "allowed" if report.trading_allowed else "blocked",
    }


def rules(value: Rules) -> dict[str, Any]:
    """What is demanded of orders."""
    return {
        "tick": text(value.tick, "tick"),
        "lot": text(value.lot, "lot"),
        "notional_min": text(value.notional_min, "notional_min"),
        "multiplier": optional(value.multiplier, "multiplier"),
        "base": value.base,
    }


def listing(value: Listing[T], row: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """A list, with what it is worth."""
    if value.failed is not None:
        completeness: Any = {"failed": value.failed}
    elif value.partial is not None:
        completeness = {"partial": value.partial}
    else:
        completeness = "complete"
    return {
        "rows": [row(each) for each in value.rows],
        "completeness": completeness,
        "since": optional_time_text(value.since, "since"),
    }


def capabilities(value: Capabilities) -> str:
    """What a venue promises."""

    def length(of: Any) -> Any:
        return None if of is None else duration(of)

    return json.dumps(
        {
            "class": value.id_class.value,
            "client_id": {"bytes_max": value.client_id_max, "punctuation": value.client_id_punctuation},
            "admission": length(value.admission),
            "propagation": duration(value.propagation),
            "unfilled_visible": length(value.unfilled_visible),
            "closed_window": length(value.closed_window),
            "fills_window": length(value.fills_window),
            "lookup": "by_id" if value.lookup_by_id else "lists_only",
            "brackets": "native" if value.native_brackets else "emulated",
            "conditional": "apart" if value.conditional_apart else "together",
            "replace": ReplaceQuantity(value.replace).value,
            "requests_per_minute": value.requests_per_minute,
            "clock_skew_max": duration(value.clock_skew_max),
        }
    )
