"""A request is sent once: what a ``requests`` session would do by itself to send it again is found and refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

#: How long a venue may take to answer before its reply counts as lost, in seconds.
REPLY_TIMEOUT_S = 10.0


class ResendsError(ValueError):
    """A client that sends requests again by itself: two orders could come of one."""


def forbid_resends(session: requests.Session, client: str) -> None:
    """Redirects are not followed from here on: one that keeps the method would send an order again.

    Raises :class:`ResendsError` if an adapter of the session was told to retry.
    """
    for prefix, adapter in session.adapters.items():
        retries = getattr(adapter, "max_retries", None)
        total = getattr(retries, "total", retries)
        if total not in (None, False, 0):
            raise ResendsError(
                f"the session of {client} sends requests to {prefix} up to {total} times again: an order could "
                "be placed twice; mount an adapter with max_retries=0"
            )
    session.max_redirects = 0


class TimeLimit(BaseAdapter):
    """An adapter that gives every request of another one a time limit where the client sets none."""

    def __init__(self, inner: BaseAdapter, seconds: float = REPLY_TIMEOUT_S) -> None:
        super().__init__()
        self.inner = inner
        self.seconds = seconds
        # Seen by `forbid_resends`.
        self.max_retries = getattr(inner, "max_retries", 0)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Sends it, once."""
        if not args and kwargs.get("timeout") is None:
            kwargs["timeout"] = self.seconds
        return self.inner.send(request, *args, **kwargs)

    def close(self) -> None:
        """Closes the other one."""
        self.inner.close()


def limit_time(session: requests.Session, seconds: float = REPLY_TIMEOUT_S) -> None:
    """No request of this session waits longer than this for its reply. Done twice, it is done once."""
    for prefix, adapter in list(session.adapters.items()):
        if not isinstance(adapter, TimeLimit):
            session.mount(prefix, TimeLimit(adapter, seconds))


def never_connected(error: BaseException) -> bool:
    """Whether it is certain that no byte of a request left: no connection was ever made for it."""
    return any(isinstance(cause, (NewConnectionError, ConnectTimeoutError)) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what lies behind it."""
    seen: set[int] = set()
    todo: list[Optional[object]] = [error]
    while todo:
        cause = todo.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        todo.extend([cause.__cause__, cause.__context__, *cause.args])
        if isinstance(cause, MaxRetryError):
            todo.append(cause.reason)
