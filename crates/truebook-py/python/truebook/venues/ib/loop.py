"""The event loop in which ib_async lives, called from any thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, Callable, Optional, TypeVar

from truebook.venue import VenueNotSent, VenueUnknown

T = TypeVar("T")


class Loop:
    """Runs coroutines in a loop that another thread turns."""

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: Optional[threading.Thread] = None) -> None:
        self._loop = loop
        self._thread = thread

    @classmethod
    def own(cls) -> Loop:
        """A new loop, turned by a thread of its own."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_turn, args=(loop,), name="truebook ib", daemon=True)
        thread.start()
        return cls(loop, thread)

    @property
    def turned(self) -> asyncio.AbstractEventLoop:
        """The loop itself."""
        return self._loop

    def run(self, make: Callable[[], Coroutine[Any, Any, T]], timeout_s: float) -> T:
        """What the coroutine returns.

        Raises :class:`VenueNotSent` if the loop cannot run it at all, :class:`VenueUnknown` if it is not done in
        time: what it sent until then was sent.
        """
        if not self._loop.is_running():
            raise VenueNotSent("the event loop of ib_async does not run: nothing can be sent")
        if self._is_here():
            raise VenueNotSent(
                "called from the thread that turns the loop of ib_async, which would wait for itself"
            )
        future = asyncio.run_coroutine_threadsafe(make(), self._loop)
        try:
            return future.result(timeout_s)
        except (concurrent.futures.TimeoutError, asyncio.TimeoutError) as error:
            future.cancel()
            raise VenueUnknown(f"no answer from the gateway within {timeout_s:g} s") from error
        except concurrent.futures.CancelledError as error:
            raise VenueUnknown("the loop of ib_async was stopped while the answer was awaited") from error

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Calls in the loop, after so long. To be called in the loop."""
        self._loop.call_later(seconds, call)

    def soon(self, call: Callable[[], None]) -> None:
        """Calls in the loop, from any thread."""
        self._loop.call_soon_threadsafe(call)

    def stop(self) -> None:
        """Ends a loop of our own, and waits until it has ended."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join()

    def _is_here(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
