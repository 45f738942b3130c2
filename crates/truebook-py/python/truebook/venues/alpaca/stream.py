"""Updates of orders, from alpaca-py's ``TradingStream`` in a thread of its own.

That stream connects again by itself and tells nobody, and throws away a message whose words it does not know.
Both are told here: as lost, and as restored once it listens again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Optional

from truebook.venue import StreamEvent, StreamLost, StreamRestored, VenueError, VenueUnknown
from truebook.venues._numbers import UNREADABLE
from truebook.venues.alpaca import report
from truebook.venues.alpaca.families import Families

#: How long the stream may take until it listens for the first time, in seconds.
_PATIENCE_S = 10.0


class Feed:
    """One ``TradingStream`` that tells one listener."""

    def __init__(self, stream: Any, families: Families) -> None:
        self._stream = stream
        self._families = families
        self._emit: Optional[Callable[[StreamEvent], None]] = None
        self._listens = threading.Event()
        self._is_lost = False
        self._is_stopped = False
        _take_raw(stream)
        self._wrap()

    def start(self, emit: Callable[[StreamEvent], None]) -> Callable[[], None]:
        """Begins to tell; returns what stops it. A second listener takes the place of the first.

        Raises :class:`VenueUnknown` if the stream does not listen in time, or was stopped: it begins only once.
        """
        if self._is_stopped:
            raise VenueUnknown("this TradingStream was stopped, and does not begin again: make a new venue")
        is_running, self._emit = self._emit is not None, emit
        if not is_running:
            self._stream.subscribe_trade_updates(self._handle)
            threading.Thread(target=self._stream.run, name="alpaca-py stream", daemon=True).start()
        if not self._listens.wait(_PATIENCE_S):
            self._stop(emit)
            raise VenueUnknown("the stream does not listen: are the keys right?")
        return lambda: self._stop(emit)

    def _stop(self, emit: Callable[[StreamEvent], None]) -> None:
        """Ends it for this listener, unless another has taken its place."""
        if self._emit is not emit:
            return
        self._is_stopped = True
        if self._stream._loop is not None:
            self._stream.stop()

    def _wrap(self) -> None:
        """Is told what the stream tells nobody: that it listens, and that it closed its connection."""
        dispatch, close = self._stream._dispatch, self._stream.close

        async def dispatch_and_look(message: dict[str, Any]) -> None:
            if message.get("stream") == "listening":
                self._is_listening()
            await dispatch(message)

        async def close_and_tell() -> None:
            self._lost("the connection of the stream was closed")
            await close()

        self._stream._dispatch, self._stream.close = dispatch_and_look, close_and_tell

    def _is_listening(self) -> None:
        self._listens.set()
        if self._is_lost:
            self._is_lost = False
            self._tell(StreamRestored())

    def _lost(self, why: str) -> None:
        if self._listens.is_set() and not self._is_lost and not self._is_stopped:
            self._is_lost = True
            self._tell(StreamLost(why))

    async def _handle(self, message: dict[str, Any]) -> None:
        try:
            self._update(message["data"])
        except (VenueError, *UNREADABLE) as error:
            self._tell(StreamLost(f"an update that cannot be read: {error}"))
            self._tell(StreamRestored())

    def _update(self, update: dict[str, Any]) -> None:
        reports = report.orders(update["order"], self._families)
        fill = report.streamed_fill(update)
        for one in reports:
            self._tell(one)
        if fill is not None:
            self._tell(fill)

    def _tell(self, event: StreamEvent) -> None:
        if self._emit is not None and not self._is_stopped:
            self._emit(event)


def _take_raw(stream: Any) -> None:
    """Has the stream pass messages on as they are. Raises :class:`ValueError` if it cannot, or is in use."""
    if not hasattr(stream, "_raw_data") or not hasattr(stream, "_dispatch"):
        raise ValueError(f"{type(stream).__name__} is no TradingStream of alpaca-py")
    if stream._trade_updates_handler is not None:
        raise ValueError(
            "this TradingStream has a handler already, and it takes one only: give the venue its own"
        )
    stream._raw_data = True
