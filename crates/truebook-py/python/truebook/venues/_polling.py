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
from truebook.venues._words import OVER

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
        orders = {row.venue_order: row for row in (*closed.rows, *opened.rows)}
        why = _first_gap(fills, closed, opened)
        if why is None:
            why = self._find_vanished(orders)
        if not is_first:
            self._tell(fills, orders)
        if why is not None:
            # What was seen before still counts: a list that broke off told only of a part.
            self._fills.update(fill.execution for fill in fills.rows)
            self._orders.update(orders)
            return self._lost(why)
        # What is in no list any more does not come back.
        self._fills, self._orders = {fill.execution for fill in fills.rows}, orders
        if self._is_lost:
            self._is_lost = False
            self._emit(StreamRestored())
        return None

    def _find_vanished(self, orders: dict[str, OrderReport]) -> Optional[str]:
        """Adds what became of orders that were live and are in no list now: lists of orders that are over go by
        when an order was sent. Returns why, if that cannot be known.
        """
        gone = [
            one for one, before in self._orders.items() if before.status not in OVER and one not in orders
        ]
        for venue_order in gone:
            try:
                found = self._venue.find_venue_order(venue_order)
            except VenueError as error:
                return str(error)
            if found is not None:
                orders[venue_order] = found
        return None

    def _tell(self, fills: Listing[FillReport], orders: dict[str, OrderReport]) -> None:
        for fill in fills.rows:
            if fill.execution not in self._fills:
                self._emit(fill)
        for venue_order, order in orders.items():
            if self._orders.get(venue_order) != order:
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
