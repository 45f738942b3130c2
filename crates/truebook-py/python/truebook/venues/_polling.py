"""A stream for clients that have none: the lists are read again and again, and what is new is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Optional

from truebook.venue import (
    FillReport,
    Listing,
    OrderReport,
    StreamEvent,
    StreamLost,
    StreamRestored,
    Venue,
    VenueError,
)

#: A list is read again from so long before the last reading: what happened may show late.
OVERLAP = timedelta(minutes=5)


class Poller:
    """Tells of orders and executions of a venue that changed between two readings, until it is stopped."""

    def __init__(self, venue: Venue, every: timedelta, emit: Callable[[StreamEvent], None]) -> None:
        self._venue = venue
        self._every = every
        self._emit = emit
        self._stop = threading.Event()
        self._orders: dict[str, OrderReport] = {}
        self._fills: set[str] = set()
        self._is_lost = False
        self._thread = threading.Thread(target=self._run, name=f"poll {venue.name}", daemon=True)

    def start(self) -> Callable[[], None]:
        """Reads once for what is there already, then goes on in a thread of its own. Returns what stops it."""
        since = self._now()
        self._look(since, is_first=True)
        self._since = since
        self._thread.start()
        return self.stop

    def stop(self) -> None:
        """Ends it, and waits for a reading that is under way."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _now(self) -> datetime:
        return self._venue.now() - OVERLAP

    def _run(self) -> None:
        while not self._stop.wait(self._every.total_seconds()):
            try:
                since = self._now()
            except VenueError as error:
                self._lost(str(error))
                continue
            self._look(self._since, is_first=False)
            self._since = since

    def _look(self, since: datetime, is_first: bool) -> None:
        """One reading. A list that was not whole may have hidden something: the stream is lost until one is."""
        fills, closed, opened = (
            self._venue.fills(since),
            self._venue.closed_orders(since),
            self._venue.open_orders(),
        )
        for fill in fills.rows:
            self._tell_fill(fill, is_first)
        for order in (*closed.rows, *opened.rows):
            self._tell_order(order, is_first)
        why = _first_gap(fills, closed, opened)
        if why is not None:
            self._lost(why)
        elif self._is_lost:
            self._is_lost = False
            self._emit(StreamRestored())

    def _tell_fill(self, fill: FillReport, is_first: bool) -> None:
        if fill.execution not in self._fills:
            self._fills.add(fill.execution)
            if not is_first:
                self._emit(fill)

    def _tell_order(self, order: OrderReport, is_first: bool) -> None:
        if self._orders.get(order.venue_order) != order:
            self._orders[order.venue_order] = order
            if not is_first:
                self._emit(order)

    def _lost(self, why: str) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._emit(StreamLost(why))


def _first_gap(*listings: Listing[OrderReport] | Listing[FillReport]) -> Optional[str]:
    for listing in listings:
        why = listing.failed or listing.partial
        if why is not None:
            return why
    return None
