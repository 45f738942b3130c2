"""Around an order that a bot sends with a client of its own: written down before, and what came of it after."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Optional, TypeVar

from . import _reports
from ._numbers import text
from ._truebook import Core
from .errors import TradeError
from .results import OrderState, Submitted
from .venue import Order, OrderReport, OrderType, Side, Status, TimeInForce

T = TypeVar("T")


class Intent:
    """A context manager: durable on entry, its outcome recorded on the way.

    See :meth:`truebook.Book.intent`.
    """

    def __init__(self, core: Core, key: str, order: Order, spec: tuple[Any, ...]) -> None:
        self._core = core
        self._key = key
        self._order = order
        self._spec = spec
        self._told: Optional[tuple[str, str, list[str], bool]] = None
        self._result: Optional[Submitted] = None

    def __enter__(self) -> Intent:
        if self._told is not None:
            raise TradeError("an intent is entered once: ask for it again with book.intent(key, order)")
        self._told = self._core.intend(self._key, self._spec)
        if not self.is_new:
            self._result = _submitted(self._told)
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._result is not None:
            return
        if error is not None:
            self._record("unknown", f"{type(error).__name__}: {error}")
        else:
            self._record("unknown", "the block ended without an outcome")

    def _entered(self) -> tuple[str, str, list[str], bool]:
        if self._told is None:
            raise TradeError("the intent is not entered: with book.intent(key, order) as intent")
        return self._told

    @property
    def client_id(self) -> str:
        """The client order id that the venue must be given: 32 lower-case hex digits."""
        return self._entered()[0]

    @property
    def is_new(self) -> bool:
        """Whether the order is to be sent. ``False``: the key is an order already, so send nothing."""
        return self._entered()[3]

    @property
    def result(self) -> Optional[Submitted]:
        """What is recorded, once something is."""
        return self._result

    def accepted(
        self,
        report: Optional[OrderReport] = None,
        *,
        venue_order: Optional[str] = None,
        word: str = "accepted",
    ) -> Submitted:
        """The venue has the order: with its report, or its id for it and its word for the state."""
        if report is None:
            if venue_order is None:
                raise TypeError("accepted() wants a report, or venue_order with the venue's id")
            report = self._report(venue_order, word)
        return self._record("accepted", json.dumps(_reports.order(report)))

    def refused(self, why: str) -> Submitted:
        """The venue itself said no, before it had an order."""
        return self._record("refused", why)

    def not_sent(self, why: str) -> Submitted:
        """It is certain that no byte of the request left this machine."""
        return self._record("not_sent", why)

    def unknown(self, why: str) -> Submitted:
        """Anything else: a timeout, an unreadable reply."""
        return self._record("unknown", why)

    def _record(self, kind: str, told: str) -> Submitted:
        if not self.is_new:
            raise TradeError(f"the key {self._key} is an order already: nothing was to be sent")
        self._result = _submitted(self._core.record_outcome(self.client_id, kind, told))
        return self._result

    def _report(self, venue_order: str, word: str) -> OrderReport:
        order = self._order
        return OrderReport(
            venue_order=str(venue_order),
            instrument=order.instrument,
            side=Side(order.side),
            status=Status.LIVE,
            word=word,
            client_id=self.client_id,
            order_type=OrderType(order.order_type),
            time_in_force=TimeInForce(order.time_in_force),
            quantity=_decimal(order.quantity),
            limit=None if order.limit is None else _decimal(order.limit),
            stop=None if order.stop is None else _decimal(order.stop),
        )


class AsyncIntent:
    """As :class:`Intent`, for ``async with``: what it writes is written in a thread."""

    def __init__(self, intent: Intent, run: Optional[Callable[..., Any]] = None) -> None:
        self._intent = intent
        self._run = run or _in_thread

    async def __aenter__(self) -> AsyncIntent:
        await self._run(self._intent.__enter__)
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        # A task that is cancelled here has sent its order perhaps: what is known of it is written all the same.
        await asyncio.shield(asyncio.ensure_future(self._run(self._intent.__exit__, kind, error, trace)))

    @property
    def client_id(self) -> str:
        """See :attr:`Intent.client_id`."""
        return self._intent.client_id

    @property
    def is_new(self) -> bool:
        """See :attr:`Intent.is_new`."""
        return self._intent.is_new

    @property
    def result(self) -> Optional[Submitted]:
        """See :attr:`Intent.result`."""
        return self._intent.result

    async def accepted(
        self,
        report: Optional[OrderReport] = None,
        *,
        venue_order: Optional[str] = None,
        word: str = "accepted",
    ) -> Submitted:
        """See :meth:`Intent.accepted`."""
        done: Submitted = await self._run(self._intent.accepted, report, venue_order=venue_order, word=word)
        return done

    async def refused(self, why: str) -> Submitted:
        """See :meth:`Intent.refused`."""
        done: Submitted = await self._run(self._intent.refused, why)
        return done

    async def not_sent(self, why: str) -> Submitted:
        """See :meth:`Intent.not_sent`."""
        done: Submitted = await self._run(self._intent.not_sent, why)
        return done

    async def unknown(self, why: str) -> Submitted:
        """See :meth:`Intent.unknown`."""
        done: Submitted = await self._run(self._intent.unknown, why)
        return done


async def _in_thread(act: Callable[..., T], *args: Any, **named: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, partial(act, *args, **named))


def _submitted(told: tuple[str, str, list[str], bool]) -> Submitted:
    return Submitted(told[0], OrderState(told[1]), tuple(told[2]), told[3])


def _decimal(value: Any) -> Any:
    from decimal import Decimal

    return Decimal(text(value, "quantity"))
