"""The book for ``asyncio``: the same calls, awaited. They run in threads, so the loop waits for no disk or venue.

A task that is cancelled while it awaits a call does not undo it: the thread finishes what it began, and the book knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Optional, TypeVar

from .book import Book, open
from .intent import AsyncIntent
from .results import (
    Backup,
    BackupMade,
    BackupPlace,
    BackupProof,
    BookFill,
    BookOrder,
    Gate,
    OrderState,
    Plan,
    Position,
    Report,
    Submitted,
)
from .state import Path, State, Value
from .venue import FillReport, Order, OrderReport

T = TypeVar("T")

#: How many calls are under way at once; further ones wait for their turn.
THREADS = 32


class _Pool:
    """Threads of a book's own: the loop's usual ones may be busy with what waits for this very book."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="truebook")

    async def __call__(self, act: Callable[..., T], *args: Any, **named: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(act, *args, **named))

    def shutdown(self) -> None:
        self._threads.shutdown(wait=False)


class AsyncState:
    """The bot's variables; see :class:`truebook.State`."""

    def __init__(self, state: State, run: _Pool) -> None:
        self._state = state
        self._run = run

    async def get(self, path: Path, default: Any = None) -> Any:
        """See :meth:`truebook.State.get`."""
        return await self._run(self._state.get, path, default)

    async def set(self, path: Path, value: Value) -> bool:
        """See :meth:`truebook.State.set`."""
        return await self._run(self._state.set, path, value)

    async def remove(self, path: Path) -> bool:
        """See :meth:`truebook.State.remove`."""
        return await self._run(self._state.remove, path)

    async def merge(self, path: Optional[Path], patch: Value) -> bool:
        """See :meth:`truebook.State.merge`."""
        return await self._run(self._state.merge, path, patch)

    async def save(self, mapping: Mapping[str, Any]) -> bool:
        """See :meth:`truebook.State.save`. Nobody may change the mapping until this returns."""
        return await self._run(self._state.save, mapping)

    async def to_dict(self) -> dict[str, Any]:
        """See :meth:`truebook.State.to_dict`."""
        return await self._run(self._state.to_dict)


class AsyncBackups:
    """The backups of an open book; see :class:`truebook.backups.Backups`."""

    def __init__(self, book: Book, run: _Pool) -> None:
        self._backups = book.backups
        self._run = run

    async def create(self, reason: str = "by hand") -> list[BackupMade]:
        """Makes a generation in every place, and proves it."""
        return await self._run(self._backups.create, reason)

    async def all(self) -> list[Backup]:
        """The generations of every place."""
        return await self._run(self._backups.list)

    async def verify(self, generation: Optional[str] = None) -> list[BackupProof]:
        """Restores a generation elsewhere, replays it and compares the state."""
        return await self._run(self._backups.verify, generation)

    async def status(self) -> list[BackupPlace]:
        """How far each place is behind the book."""
        return await self._run(self._backups.status)


class AsyncBook:
    """An open book, for ``asyncio``. Made by :func:`truebook.aopen`."""

    def __init__(self, book: Book, run: _Pool) -> None:
        self._book = book
        self._run = run
        self._state = AsyncState(book.state, run)
        self._backups = AsyncBackups(book, run)

    @property
    def sync(self) -> Book:
        """The same book with calls that block."""
        return self._book

    @property
    def state(self) -> AsyncState:
        """The bot's variables."""
        return self._state

    @property
    def backups(self) -> AsyncBackups:
        """Its backups."""
        return self._backups

    @property
    def seq(self) -> int:
        """See :attr:`truebook.Book.seq`."""
        return self._book.seq

    @property
    def report(self) -> Report:
        """See :attr:`truebook.Book.report`."""
        return self._book.report

    async def submit(self, key: str, order: Order) -> Submitted:
        """See :meth:`truebook.Book.submit`."""
        return await self._run(self._book.submit, key, order)

    async def cancel(self, key: str) -> Submitted:
        """See :meth:`truebook.Book.cancel`."""
        return await self._run(self._book.cancel, key)

    async def replace(self, key: str, **changes: Any) -> Submitted:
        """See :meth:`truebook.Book.replace`."""
        return await self._run(self._book.replace, key, **changes)

    async def close_position(self, key: str, instrument: str) -> Submitted:
        """See :meth:`truebook.Book.close_position`."""
        return await self._run(self._book.close_position, key, instrument)

    def intent(self, key: str, order: Order) -> AsyncIntent:
        """See :meth:`truebook.Book.intent`; entered with ``async with``, and its methods are awaited."""
        return AsyncIntent(self._book.intent(key, order), self._run)

    async def record_report(self, report: OrderReport) -> None:
        """See :meth:`truebook.Book.record_report`."""
        await self._run(self._book.record_report, report)

    async def record_fill(self, fill: FillReport) -> None:
        """See :meth:`truebook.Book.record_fill`."""
        await self._run(self._book.record_fill, fill)

    async def order(self, key: str) -> Optional[BookOrder]:
        """See :meth:`truebook.Book.order`."""
        return await self._run(self._book.order, key)

    async def orders(
        self,
        *,
        all: bool = False,  # noqa: A002  (as in Book)
        state: Optional[OrderState] = None,
        instrument: Optional[str] = None,
        key: Optional[str] = None,
        strategy: Optional[str] = None,
        since: Optional[datetime] = None,
    ) -> list[BookOrder]:
        """See :meth:`truebook.Book.orders`."""
        named = {"instrument": instrument, "key": key, "strategy": strategy, "since": since}
        return await self._run(self._book.orders, all=all, state=state, **named)

    async def fills(
        self,
        *,
        instrument: Optional[str] = None,
        key: Optional[str] = None,
        since: Optional[datetime] = None,
        limit: Optional[int] = None,
    ) -> list[BookFill]:
        """See :meth:`truebook.Book.fills`."""
        return await self._run(self._book.fills, instrument=instrument, key=key, since=since, limit=limit)

    async def positions(self) -> dict[str, Position]:
        """See :meth:`truebook.Book.positions`."""
        return await self._run(self._book.positions)

    async def plan(self) -> Plan:
        """See :meth:`truebook.Book.plan`."""
        return await self._run(self._book.plan)

    async def reconcile(self) -> Plan:
        """See :meth:`truebook.Book.reconcile`."""
        return await self._run(self._book.reconcile)

    async def gate(self) -> Gate:
        """See :attr:`truebook.Book.gate`."""
        return await self._run(lambda: self._book.gate)

    async def follow(self, every: float = 30.0) -> None:
        """See :meth:`truebook.Book.follow`."""
        await self._run(self._book.follow, every)

    async def status(self) -> dict[str, Any]:
        """See :meth:`truebook.Book.status`."""
        return await self._run(self._book.status)

    async def checkpoint(self) -> dict[str, Any]:
        """See :meth:`truebook.Book.checkpoint`."""
        return await self._run(self._book.checkpoint)

    async def halt(self, why: str) -> None:
        """See :meth:`truebook.Book.halt`."""
        await self._run(self._book.halt, why)

    async def resume(self, why: str) -> None:
        """See :meth:`truebook.Book.resume`."""
        await self._run(self._book.resume, why)

    async def close(self) -> None:
        """See :meth:`truebook.Book.close`."""
        await asyncio.shield(asyncio.ensure_future(self._run(self._book.close)))
        self._run.shutdown()


class Opening:
    """A book that is being opened: ``await`` it, or enter it with ``async with``."""

    def __init__(self, open_it: Callable[[], Book], threads: int) -> None:
        self._open_it = open_it
        self._threads = threads
        self._book: Optional[AsyncBook] = None

    async def _open(self) -> AsyncBook:
        run = _Pool(self._threads)
        try:
            return AsyncBook(await run(self._open_it), run)
        except BaseException:
            run.shutdown()
            raise

    def __await__(self) -> Generator[Any, None, AsyncBook]:
        return self._open().__await__()

    async def __aenter__(self) -> AsyncBook:
        self._book = await self._open()
        return self._book

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._book is not None:
            await self._book.close()


def aopen(path: Any, *, threads: int = THREADS, **options: Any) -> Opening:
    """Opens a book for ``asyncio``: ``async with truebook.aopen("data") as book``. Options as :func:`truebook.open`.

    :param threads: how many calls are under way at once.
    """
    return Opening(partial(open, path, **options), threads)
