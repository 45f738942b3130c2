"""An exchange in a few lines of Python, and a venue in front of it: what the bridge is tested with."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Optional

from truebook.venue import (
    Accepted,
    AccountReport,
    Capabilities,
    FillReport,
    IdClass,
    Listing,
    NewOrder,
    OrderReport,
    OrderType,
    PositionReport,
    Rules,
    Side,
    Status,
    StreamEvent,
    Target,
    Venue,
    VenueDuplicate,
    VenueNotFound,
    VenueRefused,
)

LIVE = (Status.LIVE, Status.PENDING_CANCEL)


@dataclass
class Exchange:
    """Fills market orders at the price, limit orders when it is reached, whole."""

    price: Decimal = Decimal(100)
    cash: Decimal = Decimal(100_000)
    orders: dict[str, OrderReport] = field(default_factory=dict)
    fills: list[FillReport] = field(default_factory=list)
    held: Decimal = Decimal(0)
    listeners: list[Callable[[StreamEvent], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.numbers = itertools.count(1)

    def tell(self, event: StreamEvent) -> None:
        """Tells whoever listens."""
        for listener in self.listeners:
            listener(event)

    def set_price(self, price: Decimal) -> None:
        """Sets the price, and fills what it reaches."""
        with self.lock:
            self.price = price
            for order in [order for order in self.orders.values() if order.status in LIVE]:
                self.match(order)

    def match(self, order: OrderReport) -> None:
        """Fills an order if the price allows it."""
        limit = order.limit
        is_buy = order.side is Side.BUY
        if limit is not None and (self.price > limit if is_buy else self.price < limit):
            return
        assert order.quantity is not None
        fill = FillReport(
            execution=f"E{next(self.numbers)}",
            venue_order=order.venue_order,
            instrument=order.instrument,
            side=order.side,
            quantity=order.quantity,
            price=self.price,
            at=datetime.now(timezone.utc),
            client_id=order.client_id,
        )
        self.fills.append(fill)
        self.held += order.quantity if is_buy else -order.quantity
        self.cash -= order.quantity * self.price * (1 if is_buy else -1)
        self.tell(fill)
        self.change(order, status=Status.FILLED, word="filled", filled=order.quantity)

    def change(self, order: OrderReport, **changes: object) -> None:
        """Changes an order, and tells."""
        changed = replace(order, updated_at=datetime.now(timezone.utc), **changes)  # type: ignore[arg-type]
        self.orders[order.venue_order] = changed
        self.tell(changed)


class FakeVenue(Venue):
    """A venue in front of an :class:`Exchange`."""

    def __init__(self, exchange: Optional[Exchange] = None, id_class: IdClass = IdClass.A) -> None:
        self.exchange = exchange or Exchange()
        self.id_class = id_class
        self.calls: list[str] = []
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[], None]] = {}
        self.stopped = 0

    def happen(self, what: str) -> None:
        """What a test wants to happen before a call is done."""
        self.calls.append(what)
        self.before.get(what, lambda: None)()

    @property
    def name(self) -> str:
        return "fake"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(id_class=self.id_class, propagation=timedelta(0))

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def submit(self, order: NewOrder) -> Accepted:
        self.happen("submit")
        with self.exchange.lock:
            self.check(order)
            now = self.now()
            report = OrderReport(
                venue_order=f"V{next(self.exchange.numbers)}",
                instrument=order.instrument,
                side=order.side,
                status=Status.LIVE,
                word="new",
                client_id=order.client_id,
                order_type=order.order_type,
                time_in_force=order.time_in_force,
                quantity=order.quantity,
                limit=order.limit,
                submitted_at=now,
                updated_at=now,
            )
            self.exchange.orders[report.venue_order] = report
            self.exchange.tell(report)
            self.exchange.match(report)
        self.after.get("submit", lambda: None)()
        return Accepted(report)

    def check(self, order: NewOrder) -> None:
        """What it refuses."""
        if order.instrument != "XYZ" or order.quantity <= 0:
            raise VenueRefused("no such thing", code="40")
        if order.order_type not in (OrderType.MARKET, OrderType.LIMIT):
            raise VenueRefused("neither market nor limit")
        same = [known for known in self.exchange.orders.values() if known.client_id == order.client_id]
        open_ones = [known for known in same if known.status in LIVE]
        if (self.id_class is IdClass.A and same) or (self.id_class is IdClass.B and open_ones):
            raise VenueDuplicate("that id was used")

    def cancel(self, target: Target) -> None:
        self.happen("cancel")
        with self.exchange.lock:
            found = self.one(target.venue_order) or self.by_client(target.client_id)
            if found is None or found.status not in LIVE:
                raise VenueNotFound("no such live order")
            self.exchange.change(found, status=Status.CANCELLED, word="canceled")

    def one(self, venue_order: Optional[str]) -> Optional[OrderReport]:
        """An order by the venue's id."""
        return self.exchange.orders.get(venue_order or "")

    def by_client(self, client_id: str) -> Optional[OrderReport]:
        """The latest order of a client order id."""
        found = [order for order in self.exchange.orders.values() if order.client_id == client_id]
        return found[-1] if found else None

    def find(self, client_id: str, instrument: str) -> Optional[OrderReport]:
        self.happen("find")
        return self.by_client(client_id)

    def find_venue_order(self, venue_order: str) -> Optional[OrderReport]:
        self.happen("find_venue_order")
        return self.one(venue_order)

    def rows(self, live: bool) -> tuple[OrderReport, ...]:
        """The live orders, or the others."""
        with self.exchange.lock:
            return tuple(order for order in self.exchange.orders.values() if (order.status in LIVE) is live)

    def open_orders(self) -> Listing[OrderReport]:
        self.happen("open_orders")
        return Listing(self.rows(live=True))

    def closed_orders(self, since: datetime) -> Listing[OrderReport]:
        return Listing(self.rows(live=False))

    def fills(self, since: datetime) -> Listing[FillReport]:
        with self.exchange.lock:
            return Listing(tuple(self.exchange.fills))

    def positions(self) -> Listing[PositionReport]:
        held = self.exchange.held
        return Listing((PositionReport("XYZ", held),) if held else ())

    def account(self) -> AccountReport:
        return AccountReport("FAKE1", self.exchange.cash)

    def rules(self, instrument: str) -> Optional[Rules]:
        return Rules(tick=Decimal("0.01"), lot=Decimal(1)) if instrument == "XYZ" else None

    def last_price(self, instrument: str) -> Optional[Decimal]:
        return self.exchange.price if instrument == "XYZ" else None

    def stream(self, emit: Callable[[StreamEvent], None]) -> Optional[Callable[[], None]]:
        self.exchange.listeners.append(emit)

        def stop() -> None:
            self.stopped += 1
            self.exchange.listeners.remove(emit)

        return stop
