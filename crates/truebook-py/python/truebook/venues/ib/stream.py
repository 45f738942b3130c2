"""What ib_async's events mean, told from the thread of its loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from ib_async import CommissionReport, Fill, Trade

from truebook.venue import FillReport, OrderReport, StreamEvent, StreamLost, StreamRestored, VenueError
from truebook.venues._numbers import UNREADABLE
from truebook.venues.ib import words

#: How long an execution waits for its commission before it is told without, in seconds.
COMMISSION_WAIT_S = 2.0


class Events:
    """Listens to an ``IB`` object. Everything here runs in its loop."""

    def __init__(
        self,
        ib: Any,
        emit: Callable[[StreamEvent], None],
        read_order: Callable[[Trade], OrderReport],
        read_fill: Callable[[Fill, Optional[CommissionReport]], FillReport],
        later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._ib = ib
        self._emit = emit
        self._read_order = read_order
        self._read_fill = read_fill
        self._later = later
        self._told: set[str] = set()
        self._is_lost = False

    def listen(self) -> None:
        """Begins."""
        for event, handler in self._handlers():
            event += handler

    def leave(self) -> None:
        """Ends."""
        for event, handler in self._handlers():
            event -= handler

    def _handlers(self) -> list[tuple[Any, Callable[..., None]]]:
        return [
            (self._ib.openOrderEvent, self._on_order),
            (self._ib.orderStatusEvent, self._on_order),
            (self._ib.execDetailsEvent, self._on_fill),
            (self._ib.commissionReportEvent, self._on_commission),
            (self._ib.errorEvent, self._on_error),
            (self._ib.disconnectedEvent, self._on_disconnected),
            (self._ib.connectedEvent, self._restored),
        ]

    def _on_order(self, trade: Trade) -> None:
        # What is only being sent has no number yet: it is told once the broker has it.
        if trade.order.permId or trade.orderStatus.permId:
            self._tell(lambda: self._read_order(trade))

    def _on_fill(self, _trade: Trade, fill: Fill) -> None:
        if fill.commissionReport.execId:
            self._tell_fill(fill, fill.commissionReport)
        else:
            self._later(COMMISSION_WAIT_S, lambda: self._tell_fill(fill, None))

    def _on_commission(self, _trade: Trade, fill: Fill, commission: CommissionReport) -> None:
        self._tell_fill(fill, commission)

    def _tell_fill(self, fill: Fill, commission: Optional[CommissionReport]) -> None:
        if fill.execution.execId not in self._told:
            self._told.add(fill.execution.execId)
            self._tell(lambda: self._read_fill(fill, commission))

    def _on_error(self, _request: int, code: int, text: str, *_: Any) -> None:
        if code == words.CONNECTION_LOST:
            self._lost(f"{code}: {text}")
        elif code in words.CONNECTION_RESTORED:
            self._restored()

    def _on_disconnected(self) -> None:
        self._lost("the connection to the gateway was closed")

    def _lost(self, why: str) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._emit(StreamLost(why))

    def _restored(self) -> None:
        if self._is_lost:
            self._is_lost = False
            self._emit(StreamRestored())

    def _tell(self, read: Callable[[], StreamEvent]) -> None:
        try:
            event = read()
        except (VenueError, *UNREADABLE) as error:
            self._emit(StreamLost(f"an event that cannot be read: {error}"))
            self._emit(StreamRestored())
            return
        self._emit(event)
