"""Lists of an exchange, read whole, or with the reason why they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Optional

from truebook.venue import VenueUnknown
from truebook.venues._times import to_milliseconds
from truebook.venues.ccxt.traits import Onward, Until

Rows = list[dict[str, Any]]
#: Reads one page: from when, the most rows, parameters.
ReadPage = Callable[[int, Optional[int], dict[str, Any]], Rows]

_PAGES_MAX = 2_000


def windows(since: datetime, until: datetime, span: Optional[timedelta]) -> Iterator[tuple[int, int]]:
    """The time between the two in milliseconds, cut into pieces that one request may ask for; ends included."""
    begin, end = to_milliseconds(since), to_milliseconds(until)
    step = (end - begin + 1) if span is None else span // timedelta(milliseconds=1)
    while begin <= end:
        yield begin, min(begin + step - 1, end)
        begin += step


def whole_window(read: ReadPage, begin: int, end: int, limit: Optional[int], until: Until) -> Iterator[Rows]:
    """All rows of a window, page by page. A page that is full may hide rows: its window is halved, and read again.

    So it does not matter in which order an exchange lists. ``limit`` is the most rows of a page; ``None`` if
    nobody knows. Rows may come twice. Raises :class:`VenueUnknown` where rows may be missing, after those that
    could be read.
    """
    todo = [(begin, end)]
    for _ in range(_PAGES_MAX):
        if not todo:
            return
        first, last = todo.pop()
        rows = read(_from(until, first), limit, _until(until, last))
        yield rows
        if limit is None and rows:
            raise VenueUnknown("nobody knows how many rows the exchange lists at once: there may be more")
        if limit is None or len(rows) < limit:
            continue
        if until == Until.NONE:
            raise VenueUnknown(
                f"a full page of {limit} rows, and the exchange cannot be asked for what is behind it"
            )
        if last - first < _moment(until):
            # Either so many, or an exchange that does not heed which time it is asked for.
            raise VenueUnknown(f"{limit} rows or more in one moment")
        middle = (first + last) // 2
        todo += [(middle + 1, last), (first, middle)]
    raise VenueUnknown("the list has no end")


def _moment(until: Until) -> int:
    """A window that cannot be halved, in milliseconds."""
    return 2_000 if until == Until.END_SECONDS else 1


def _from(until: Until, first: int) -> int:
    # Kraken's windows begin behind the second that is named.
    return first - 1_000 if until == Until.END_SECONDS else first


def _until(until: Until, last: int) -> dict[str, Any]:
    if until == Until.UNIFIED:
        return {"until": last}
    if until == Until.END_SECONDS:
        # The end is included, and so is the whole second.
        return {"end": str(-(-last // 1000))}
    if until == Until.END_TIMESTAMP:
        return {"end_timestamp": last}
    return {}


def all_open(read: Callable[[dict[str, Any]], Rows], limit: Optional[int], onward: Onward) -> Iterator[Rows]:
    """All open orders, page by page. Raises :class:`VenueUnknown` where rows may be missing."""
    params: dict[str, Any] = {}
    seen: set[str] = set()
    for _ in range(_PAGES_MAX):
        rows = read(params)
        yield rows
        if onward == Onward.WHOLE:
            return
        if limit is None and rows:
            raise VenueUnknown(
                "nobody knows how many open orders the exchange lists at once: there may be more"
            )
        if limit is None or len(rows) < limit:
            return
        ids = {str(row.get("id")) for row in rows}
        if ids <= seen:
            raise VenueUnknown("the list of open orders does not go on")
        seen |= ids
        params = _onward(rows, limit, onward)
        if not params:
            return
    raise VenueUnknown("the list of open orders has no end")


def _onward(rows: Rows, limit: int, onward: Onward) -> dict[str, Any]:
    """What asks for the next page; nothing if this one is said to be the last."""
    if onward == Onward.AFTER_ID:
        # ccxt sorts rows by time; the exchange lists the newest first and goes on behind the oldest.
        oldest = min(rows, key=lambda row: row.get("timestamp") or 0)
        return {"after": oldest["info"].get("ordId") or oldest["info"].get("algoId")}
    if onward == Onward.CURSOR:
        cursors = [row["info"].get("nextPageCursor") for row in rows]
        return {"cursor": next(filter(None, cursors))} if any(cursors) else {}
    raise VenueUnknown(
        f"a full page of {limit} open orders, and the exchange cannot be asked for what is behind it"
    )
