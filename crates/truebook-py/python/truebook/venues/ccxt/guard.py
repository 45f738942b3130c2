"""What must be true of an exchange object before orders go through it."""

from __future__ import annotations

import inspect
from typing import Any

from truebook.venue import VenueNotSent
from truebook.venues._once import ResendsError, forbid_resends

_RETRIES = "maxRetriesOnFailure"


def check_numbers(exchange: Any) -> None:
    """Raises :class:`ValueError` if ccxt would read amounts as floats."""
    if exchange.number is not str:
        raise ValueError(
            f"{exchange.id} reads amounts as {getattr(exchange.number, '__name__', exchange.number)}: money would be "
            f"rounded on its way into the book; make it with ccxt.{exchange.id}({{..., 'number': str}})"
        )


def check_sync(exchange: Any) -> None:
    """Raises :class:`ValueError` for ccxt's asynchronous exchanges."""
    if inspect.iscoroutinefunction(exchange.fetch):
        raise ValueError(f"{exchange.id} is an asynchronous exchange: give the one of plain ccxt")


def forbid_retries(exchange: Any) -> None:
    """Raises :class:`ResendsError` if ccxt, or the session below it, would send a request again by itself."""
    if _retries(exchange):
        raise ResendsError(
            f"{exchange.id} has options with {_RETRIES}: an order whose reply is lost would be sent again, and could "
            "be placed twice; take it out"
        )
    if exchange.session is not None:
        forbid_resends(exchange.session, exchange.id)


def assert_sends_once(exchange: Any) -> None:
    """As :func:`forbid_retries`, before an order is sent: options can be set at any time."""
    try:
        forbid_retries(exchange)
    except ResendsError as error:
        raise VenueNotSent(str(error)) from error


def _retries(exchange: Any) -> bool:
    options = exchange.options or {}
    every = [options, *(value for value in options.values() if isinstance(value, dict))]
    return any(option.get(_RETRIES) for option in every)
