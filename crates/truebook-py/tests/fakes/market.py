"""A small matching simulator that stands behind every fake: orders, executions, brackets, a price set by the test.

Orders are filled whole, at the price of the moment, unless a test fills a part of one. Nothing here speaks any
venue's language.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Optional

ZERO = Decimal(0)


class Refused(Exception):
    """The market says no, before it has an order. ``args[0]`` is one of quantity, duplicate, unknown, over."""


@dataclass
class Order:
    """An order as the simulator has it. ``status`` is one of held, new, filled, canceled, replaced."""

    number: int
    client_id: str
    side: str
    kind: str
    quantity: Decimal
    limit: Optional[Decimal]
    stop: Optional[Decimal]
    tif: str
    at: datetime
    updated: datetime
    status: str = "new"
    filled: Decimal = ZERO
    average: Optional[Decimal] = None
    parent: Optional[int] = None
    role: Optional[str] = None
    replaces: Optional[int] = None
    replaced_by: Optional[int] = None
    #: Whether its stop price was reached.
    is_triggered: bool = False

    @property
    def is_open(self) -> bool:
        return self.status in ("new", "held")


@dataclass
class Fill:
    """One execution."""

    number: int
    order: int
    side: str
    quantity: Decimal
    price: Decimal
    at: datetime


@dataclass
class Leg:
    """A leg that is to be made with an entry."""

    role: str
    limit: Optional[Decimal] = None
    stop: Optional[Decimal] = None
    client_id: str = ""


@dataclass
class Market:
    """One instrument and one account. ``ids`` says when a client id is refused: ever, open or never."""

    ids: str = "open"
    price: Decimal = Decimal(100)
    cash: Decimal = Decimal(1_000_000)
    position: Decimal = ZERO
    orders: dict[int, Order] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    #: Called with an order and, if it was executed, the execution; after every change.
    listeners: list[Callable[[Order, Optional[Fill]], None]] = field(default_factory=list)
    clock: timedelta = timedelta(0)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.clock

    def pass_time(self, span: timedelta) -> None:
        self.clock += span

    def set_price(self, price: Decimal) -> None:
        with self.lock:
            self.price = price
            for order in list(self.orders.values()):
                self._match(order)

    def fill_part(self, number: int, quantity: Decimal) -> None:
        """Executes a part of a live order."""
        with self.lock:
            self._fill(self.get(number), quantity)

    def place(
        self,
        *,
        client_id: str,
        side: str,
        kind: str,
        quantity: Decimal,
        limit: Optional[Decimal] = None,
        stop: Optional[Decimal] = None,
        tif: str = "gtc",
        legs: tuple[Leg, ...] = (),
    ) -> Order:
        with self.lock:
            if quantity <= 0:
                raise Refused("quantity")
            if self._is_taken(client_id):
                raise Refused("duplicate")
            order = self._new(client_id, side, kind, quantity, limit, stop, tif)
            made = [self._leg(order, leg) for leg in legs]
            for one in (order, *made):
                self._tell(one)
            self._match(order)
            return order

    def cancel(self, number: int) -> Order:
        with self.lock:
            order = self.get(number)
            if not order.is_open:
                raise Refused("over")
            self._end(order, "canceled")
            for leg in self._family(order):
                if leg.is_open:
                    self._end(leg, "canceled")
            return order

    def replace(
        self,
        number: int,
        client_id: str,
        quantity: Optional[Decimal] = None,
        limit: Optional[Decimal] = None,
        stop: Optional[Decimal] = None,
    ) -> Order:
        with self.lock:
            old = self.get(number)
            if not old.is_open:
                raise Refused("over")
            if self._is_taken(client_id):
                raise Refused("duplicate")
            new = self._new(
                client_id,
                old.side,
                old.kind,
                quantity or old.quantity,
                limit or old.limit,
                stop or old.stop,
                old.tif,
            )
            new.parent, new.role, new.replaces = old.parent, old.role, old.number
            old.replaced_by = new.number
            self._end(old, "replaced")
            self._tell(new)
            self._match(new)
            return new

    def get(self, number: int) -> Order:
        if number not in self.orders:
            raise Refused("unknown")
        return self.orders[number]

    def by_client_id(self, client_id: str) -> Order:
        """The newest of this client id."""
        found = [order for order in self.orders.values() if order.client_id == client_id]
        if not found:
            raise Refused("unknown")
        return found[-1]

    def legs(self, number: int) -> list[Order]:
        return [order for order in self.orders.values() if order.parent == number]

    def _is_taken(self, client_id: str) -> bool:
        same = [order for order in self.orders.values() if client_id and order.client_id == client_id]
        return (
            bool(same) if self.ids == "ever" else self.ids == "open" and any(order.is_open for order in same)
        )

    def _new(
        self,
        client_id: str,
        side: str,
        kind: str,
        quantity: Decimal,
        limit: Optional[Decimal],
        stop: Optional[Decimal],
        tif: str,
    ) -> Order:
        number, now = len(self.orders) + 1001, self.now()
        order = Order(number, client_id, side, kind, quantity, limit, stop, tif, now, now)
        self.orders[number] = order
        return order

    def _leg(self, entry: Order, leg: Leg) -> Order:
        side = "sell" if entry.side == "buy" else "buy"
        kind = "limit" if leg.stop is None else "stop" if leg.limit is None else "stop_limit"
        made = self._new(leg.client_id, side, kind, entry.quantity, leg.limit, leg.stop, entry.tif)
        made.status, made.parent, made.role = "held", entry.number, leg.role
        if not made.client_id:
            made.client_id = f"made-by-the-venue-{made.number}"
        return made

    def _family(self, order: Order) -> list[Order]:
        """Legs of an entry; of a leg, the other ones."""
        above = order.number if order.parent is None else order.parent
        return [leg for leg in self.legs(above) if leg is not order]

    def _match(self, order: Order) -> None:
        if order.status != "new":
            return
        if order.stop is not None and not order.is_triggered:
            order.is_triggered = self.price >= order.stop if order.side == "buy" else self.price <= order.stop
            if not order.is_triggered:
                return
        if order.limit is not None:
            crosses = self.price <= order.limit if order.side == "buy" else self.price >= order.limit
            if not crosses:
                return
        self._fill(order)

    def _fill(self, order: Order, part: Optional[Decimal] = None) -> None:
        quantity = order.quantity - order.filled if part is None else part
        fill = Fill(len(self.fills) + 5001, order.number, order.side, quantity, self.price, self.now())
        self.fills.append(fill)
        before = order.filled * (order.average or ZERO)
        order.filled += quantity
        order.average = (before + quantity * self.price) / order.filled
        signed = quantity if order.side == "buy" else -quantity
        self.position += signed
        self.cash -= signed * self.price
        order.updated = fill.at
        if order.filled == order.quantity:
            order.status = "filled"
        self._tell(order, fill)
        if order.status == "filled":
            self._after(order)

    def _after(self, order: Order) -> None:
        """An entry that filled wakes its legs; a leg that filled ends the others."""
        for other in self._family(order):
            if order.parent is not None and other.is_open:
                self._end(other, "canceled")
            elif order.parent is None and other.status == "held":
                other.status = "new"
                self._tell(other)
                self._match(other)

    def _end(self, order: Order, status: str) -> None:
        order.status, order.updated = status, self.now()
        self._tell(order)

    def _tell(self, order: Order, fill: Optional[Fill] = None) -> None:
        for listener in list(self.listeners):
            listener(order, fill)
