"""The way to Alpaca: alpaca-py's client, told to send once, and its errors in our words.

Requests are written and replies are read here and not by the client's models: those turn prices into floats,
cut times, and raise on a word that they do not know, after the order was taken.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Optional
from urllib.parse import quote

import requests
from alpaca.common.exceptions import APIError

from truebook.venue import (
    VenueDuplicate,
    VenueError,
    VenueMaintenance,
    VenueNotFound,
    VenueNotSent,
    VenueRateLimited,
    VenueRefused,
    VenueUnauthorized,
    VenueUnknown,
)
from truebook.venues import _times
from truebook.venues._once import ResendsError, forbid_resends, limit_time, never_connected


class Asked(enum.Enum):
    """What a request is for."""

    ORDER = "order"
    CANCEL = "cancel"
    READ = "read"


#: Refusals from before the engine, with the status that they come with: malformed, not acceptable, not enough
#: money or shares, rules of day trading.
_REFUSED = frozenset(
    {
        (400, 40010000),
        (400, 40010001),
        (403, 40310000),
        (403, 40310100),
        (422, 40010000),
        (422, 40010001),
        (422, 42210000),
    }
)
_NOT_FOUND = 40410000
_DUPLICATE = "client_order_id must be unique"
_SHOWN = 200


def part(text: str) -> str:
    """Text as a part of an address."""
    return quote(text, safe="")


class Client:
    """A REST client of alpaca-py that sends every request once.

    Raises :class:`ResendsError` for one that cannot be told to.
    """

    def __init__(self, client: Any) -> None:
        if not isinstance(getattr(client, "_retry", None), int) or not hasattr(client, "_session"):
            raise ResendsError(
                f"{type(client).__name__} is no client of alpaca-py whose retries can be switched off: it sends orders "
                "again on 429 and 504"
            )
        # The constructor takes no 0.
        client._retry = 0
        limit_time(client._session)
        forbid_resends(client._session, type(client).__name__)
        self._client = client

    def get(self, path: str, query: Optional[Mapping[str, str]] = None, **version: str) -> Any:
        """What the venue tells, as JSON."""
        return self._send(Asked.READ, lambda: self._client.get(path, dict(query or {}), **version))

    def find(self, path: str, query: Optional[Mapping[str, str]] = None, **version: str) -> Any:
        """As :meth:`get`; ``None`` if the venue says that there is none."""
        try:
            return self.get(path, query, **version)
        except VenueNotFound:
            return None

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Places an order, once."""
        return self._send(Asked.ORDER, lambda: self._client.post(path, dict(body)))

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Replaces an order, once."""
        return self._send(Asked.ORDER, lambda: self._client.patch(path, dict(body)))

    def delete(self, path: str) -> None:
        """Cancels an order."""
        self._send(Asked.CANCEL, lambda: self._client.delete(path))

    def _send(self, asked: Asked, call: Any) -> Any:
        if self._client._retry != 0:
            raise VenueNotSent("the client was told to send requests again: an order could be placed twice")
        try:
            return call()
        except APIError as error:
            raise from_reply(error.status_code or 0, str(error), asked, _wait(error)) from error
        except ValueError as error:
            # requests.JSONDecodeError is one of both kinds.
            raise VenueUnknown(f"a reply that is no JSON: {error}") from error
        except requests.RequestException as error:
            if never_connected(error):
                raise VenueNotSent(str(error)) from error
            raise VenueUnknown(f"{type(error).__name__}: {error}") from error


def from_reply(status: int, body: str, asked: Asked, until: Optional[datetime] = None) -> VenueError:
    """What a reply proves that is not the one that was hoped for."""
    code, words = _said(body)
    message = f"status {status}: {words}"
    text = None if code is None else str(code)
    if status == 401 or (status == 403 and code is None and words.rstrip(".").lower() == "forbidden"):
        return VenueUnauthorized(message, code=text)
    if status == 429:
        return VenueRateLimited(message, until=until, code=text)
    if status == 404 and code == _NOT_FOUND:
        return VenueNotFound(message, code=text)
    if status == 422 and asked == Asked.CANCEL:
        # Only an order that is being replaced is alive for certain; for the rest one has to look.
        return (VenueRefused if "pending_replace" in words else VenueNotFound)(message, code=text)
    if status == 422 and _DUPLICATE in words:
        return VenueDuplicate(message, code=text)
    if (status, code) in _REFUSED:
        return VenueRefused(message, code=text)
    if status == 503 and asked == Asked.READ:
        return VenueMaintenance(message, code=text)
    return VenueUnknown(message, code=text)


def _said(body: str) -> tuple[Optional[int], str]:
    """The code, and the message with what comes with it: one code can mean several things."""
    try:
        reply = json.loads(body)
    except ValueError:
        return None, body.strip()[:_SHOWN]
    if not isinstance(reply, dict):
        return None, body.strip()[:_SHOWN]
    code, message = str(reply.pop("code", "")), reply.pop("message", None)
    words = body.strip()[:_SHOWN] if message is None else str(message)
    if message is not None and reply:
        words += " (" + ", ".join(f"{name} {value}" for name, value in reply.items()) + ")"
    return (int(code) if code.isdigit() else None), words


def _wait(error: APIError) -> Optional[datetime]:
    """Until when no more should be asked, if the venue says."""
    headers = getattr(error.response, "headers", None) or {}
    after, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    if after.strip().isdigit():
        return _times.utc_now() + timedelta(seconds=int(after))
    return _times.from_milliseconds(int(reset) * 1000) if reset.strip().isdigit() else None
