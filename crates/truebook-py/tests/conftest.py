"""What the tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import truebook

Opener = Callable[..., truebook.Book]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where the book of a test is; backups beside it do not hurt another test's."""
    return tmp_path / "data"


@pytest.fixture
def opener(data: Path) -> Iterator[Opener]:
    """Opens the book of the test, and closes what is left open."""
    opened: list[truebook.Book] = []

    def make(**options: Any) -> truebook.Book:
        options.setdefault("backups", False)
        book = truebook.open(options.pop("path", data), **options)
        opened.append(book)
        return book

    yield make
    for book in opened:
        book.close()


@pytest.fixture
def venue() -> truebook.PaperVenue:
    """A paper venue that trades one instrument at 100."""
    return truebook.PaperVenue(prices={"XYZ": "100"})


@pytest.fixture
def trading(opener: Opener, venue: truebook.PaperVenue) -> truebook.Book:
    """A book that is reconciled with the paper venue."""
    book = opener(venue=venue)
    assert book.reconcile().agreed
    return book
