"""Between the engine and a venue that is written in Python: calls one way, JSON the other.

What an exception proves is said by its class; one that is no :class:`~truebook.venue.VenueError`, also
``KeyboardInterrupt``, proves nothing, so the outcome is unknown. An interrupt is not swallowed: it is raised again
once what happened is written down.
"""

from __future__ import annotations

import json
import threading
from datetime import datetime
from decimal import Decimal
from typing import Any, Callable, Optional

from . import _reports
from ._numbers import optional, optional_time_text, time, time_text
from .venue import (
    Change,
    FillReport,
    NewOrder,
    OrderReport,
    OrderType,
    Role,
    Side,
    StopLoss,
    StreamEvent,
    StreamLost,
    TakeProfit,
    Target,
    TimeInForce,
    Venue,
    VenueDuplicate,
    VenueError,
    VenueMaintenance,
    VenueNotFound,
    VenueNotSent,
    VenueRateLimited,
    VenueRefused,
    VenueUnauthorized,
)

_KINDS: tuple[tuple[type[VenueError], str], ...] = (
    (VenueRefused, "refused"),
    (VenueDuplicate, "duplicate"),
    (VenueNotSent, "not_sent"),
    (VenueRateLimited, "rate_limited"),
    (VenueMaintenance, "maintenance"),
    (VenueNotFound, "not_found"),
    (VenueUnauthorized, "unauthorized"),
)


def _decimal(value: Optional[str]) -> Optional[Decimal]:
    return None if value is None else Decimal(value)


def _time(value: Optional[str]) -> Optional[datetime]:
    return None if value is None else time(value)


def new_order(told: dict[str, Any]) -> NewOrder:
    """An order that is to be sent, as the engine wrote it."""
    stop_loss, take_profit = told["stop_loss"], told["take_profit"]
    return NewOrder(
        client_id=told["client_id"],
        key=told["key"],
        instrument=told["instrument"],
        side=Side(told["side"]),
        order_type=OrderType(told["order_type"]),
        quantity=Decimal(told["quantity"]),
        time_in_force=TimeInForce(told["time_in_force"]),
        limit=_decimal(told["limit"]),
        stop=_decimal(told["stop"]),
        trail_amount=_decimal(told["trail_amount"]),
        trail_percent=_decimal(told["trail_percent"]),
        expires=_time(told["expires"]),
        admit_by=_time(told["admit_by"]),
        reduce_only=told["reduce_only"],
        role=Role(told["role"]),
        parent=told["parent"],
        stop_loss=stop_loss and StopLoss(Decimal(stop_loss["stop"]), _decimal(stop_loss["limit"])),
        take_profit=take_profit and TakeProfit(Decimal(take_profit["limit"])),
    )


def _target(told: dict[str, Any]) -> Target:
    return Target(told["client_id"], told["venue_order"], told["instrument"])


def _change(told: dict[str, Any]) -> Change:
    numbers = (_decimal(told[name]) for name in ("quantity", "limit", "stop"))
    return Change(told["client_id"], *numbers)


def failure(error: BaseException) -> tuple[str, str]:
    """What an exception proves, and what it says."""
    kind = next((name for known, name in _KINDS if isinstance(error, known)), "unknown")
    message = str(error) if isinstance(error, VenueError) else f"{type(error).__name__}: {error}"
    until = error.until if isinstance(error, VenueRateLimited) else None
    told = {
        "message": message or type(error).__name__,
        "code": getattr(error, "code", None) if isinstance(error, VenueError) else None,
        "until": optional_time_text(until, "until"),
    }
    if told["code"] is not None:
        told["code"] = str(told["code"])
    return kind, json.dumps(told)


class Bridge:
    """What the engine calls."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._stops: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._interrupted = threading.local()

    @property
    def name(self) -> str:
        """The venue's name."""
        return self._venue.name

    def capabilities(self) -> str:
        """What it promises."""
        return _reports.capabilities(self._venue.capabilities)

    def call(self, what: str, about: str) -> tuple[str, str]:
        """Does one thing. The answer is ``ok`` and JSON, or what went wrong and JSON."""
        try:
            return "ok", json.dumps(getattr(self, "_" + what)(json.loads(about)))
        except BaseException as error:  # noqa: BLE001  (nobody knows, and the engine must hear of it)
            if not isinstance(error, Exception):
                self._interrupted.by = error
            return failure(error)

    def interrupted(self) -> Optional[BaseException]:
        """What interrupted this thread while it was in the venue's code; asked once."""
        found: Optional[BaseException] = getattr(self._interrupted, "by", None)
        self._interrupted.by = None
        return found

    def _now(self, _: Any) -> str:
        return time_text(self._venue.now(), "now")

    def _submit(self, told: dict[str, Any]) -> dict[str, Any]:
        return _reports.accepted(self._venue.submit(new_order(told)))

    def _cancel(self, told: dict[str, Any]) -> None:
        self._venue.cancel(_target(told))

    def _replace(self, told: dict[str, Any]) -> dict[str, Any]:
        return _reports.accepted(self._venue.replace(_target(told["target"]), _change(told["change"])))

    def _find(self, told: dict[str, Any]) -> Optional[dict[str, Any]]:
        found = self._venue.find(told["client_id"], told["instrument"])
        return None if found is None else _reports.order(found)

    def _find_venue_order(self, told: dict[str, Any]) -> Optional[dict[str, Any]]:
        found = self._venue.find_venue_order(told["venue_order"])
        return None if found is None else _reports.order(found)

    def _open_orders(self, _: Any) -> dict[str, Any]:
        return _reports.listing(self._venue.open_orders(), _reports.order)

    def _closed_orders(self, told: dict[str, Any]) -> dict[str, Any]:
        return _reports.listing(self._venue.closed_orders(time(told["since"])), _reports.order)

    def _fills(self, told: dict[str, Any]) -> dict[str, Any]:
        return _reports.listing(self._venue.fills(time(told["since"])), _reports.fill)

    def _positions(self, _: Any) -> dict[str, Any]:
        return _reports.listing(self._venue.positions(), _reports.position)

    def _account(self, _: Any) -> dict[str, Any]:
        return _reports.account(self._venue.account())

    def _rules(self, told: dict[str, Any]) -> Optional[dict[str, Any]]:
        found = self._venue.rules(told["instrument"])
        return None if found is None else _reports.rules(found)

    def _last_price(self, told: dict[str, Any]) -> Optional[str]:
        return optional(self._venue.last_price(told["instrument"]), "last_price")

    def stream(self, emit: Callable[[str], bool]) -> bool:
        """Begins a stream; false if the venue has none."""

        def tell(event: StreamEvent) -> None:
            if isinstance(event, OrderReport):
                told: Any = {"order": _reports.order(event)}
            elif isinstance(event, FillReport):
                told = {"fill": _reports.fill(event)}
            elif isinstance(event, StreamLost):
                told = {"lost": event.why}
            else:
                told = "restored"
            emit(json.dumps(told))

        stop = self._venue.stream(tell)
        if stop is None:
            return False
        with self._lock:
            earlier, self._stops = self._stops, [stop]
        for each in earlier:
            each()
        return True

    def stop(self) -> None:
        """Ends the streams."""
        with self._lock:
            stops, self._stops = self._stops, []
        for each in stops:
            each()
