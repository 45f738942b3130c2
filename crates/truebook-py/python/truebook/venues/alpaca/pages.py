"""Lists of Alpaca, read page by page to the end, so that nothing between two pages is missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Optional

from truebook.venue import VenueUnknown
from truebook.venues import _times
from truebook.venues.alpaca.client import Client
from truebook.venues.alpaca.report import submitted_at

Rows = list[dict[str, Any]]

#: The most orders, and the most activities, that the venue gives on a page.
ORDERS = 500
ACTIVITIES = 100
#: A page with fewer is the last, in whichever way the venue counts legs: no order has more than four.
_ORDERS_LAST = ORDERS // 5
_PAGES_MAX = 2_000
#: A page begins so long before the end of the one before: orders of the same moment stand on both sides of a
#: boundary.
_OVERLAP = timedelta(milliseconds=1)
_AROUND = timedelta(seconds=1)


def orders(client: Client, status: str, is_nested: bool, since: Optional[datetime] = None) -> Iterator[Rows]:
    """Orders, the oldest first, each once, page by page. ``status`` is open or closed.

    Raises :class:`VenueUnknown` where orders may be missing, after those that could be read.
    """
    after, seen = since, set[str]()
    for _ in range(_PAGES_MAX):
        page: Rows = client.get("/orders", _query(status, is_nested, after))
        new = [row for row in page if row["id"] not in seen]
        seen.update(row["id"] for row in new)
        yield new
        count = sum(1 + len(row.get("legs") or ()) for row in page)
        if count < _ORDERS_LAST or (not new and count < ORDERS):
            return
        if not new:
            raise VenueUnknown("more orders in one moment than on a page")
        after = max(filter(None, map(submitted_at, page)), default=None)
        if after is None:
            raise VenueUnknown("orders without a time of submission")
    raise VenueUnknown("the list of orders has no end")


def _query(status: str, is_nested: bool, after: Optional[datetime]) -> dict[str, str]:
    query = {
        "status": status,
        "limit": str(ORDERS),
        "direction": "asc",
        "nested": "true" if is_nested else "false",
    }
    return query if after is None else {**query, "after": _times.write(after - _OVERLAP)}


def around(client: Client, at: datetime) -> Rows:
    """All orders that were submitted at about this time, legs below their parents: one page."""
    bounds = {"after": _times.write(at - _AROUND), "until": _times.write(at + _AROUND)}
    rows: Rows = client.get("/orders", {**_query("all", True, None), **bounds})
    return rows


def fills(client: Client, since: datetime) -> Iterator[Rows]:
    """Executions since, the oldest first, each once, page by page.

    Raises :class:`VenueUnknown` where some may be missing, after those that could be read.
    """
    # Whole seconds are what the contract promises to read, and the bound itself is not included.
    bound = since.replace(microsecond=0) - timedelta(seconds=1)
    query = {"after": _times.write(bound), "direction": "asc", "page_size": str(ACTIVITIES)}
    seen = set[str]()
    for _ in range(_PAGES_MAX):
        page: Rows = client.get("/account/activities/FILL", query)
        new = [row for row in page if row["id"] not in seen]
        seen.update(row["id"] for row in new)
        yield new
        if len(page) < ACTIVITIES:
            return
        if not new:
            raise VenueUnknown("the list of executions does not go on")
        query = {**query, "page_token": new[-1]["id"]}
    raise VenueUnknown("the list of executions has no end")
