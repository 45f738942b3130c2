"""Lists as they are read: rows, and the first reason why they are not all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Optional, TypeVar

from truebook.venue import Listing, VenueError
from truebook.venues._numbers import UNREADABLE

T = TypeVar("T")
Raw = TypeVar("Raw")


@dataclass
class Reading(Generic[T]):
    """What has been read of a list so far."""

    rows: list[T] = field(default_factory=list)
    #: Why rows are missing; the first reason stays.
    why: Optional[str] = None

    def cut(self, why: str) -> None:
        """Rows are missing, and this is why."""
        if self.why is None:
            self.why = why

    def add(self, raw: Iterable[Raw], read: Callable[[Raw], T]) -> None:
        """Adds rows as ``read`` understands them. One that cannot be read is left out, and the list is cut."""
        for row in raw:
            with self.may_cut():
                self.rows.append(read(row))

    @contextmanager
    def may_cut(self) -> Iterator[None]:
        """What goes wrong inside cuts the list."""
        try:
            yield
        except VenueError as error:
            self.cut(str(error))
        except UNREADABLE as error:
            self.cut(f"a reply that cannot be read: {type(error).__name__}: {error}")

    def listing(self, since: Optional[datetime] = None) -> Listing[T]:
        """What was read. Cut before the first row, it has failed; cut later, it is partial."""
        rows = tuple(self.rows)
        if self.why is None:
            return Listing(rows, since=since)
        if rows:
            return Listing(rows, since=since, partial=self.why)
        return Listing(since=since, failed=self.why)
