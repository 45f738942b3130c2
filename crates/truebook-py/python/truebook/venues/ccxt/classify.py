"""What an error of ccxt proves.

ccxt makes its classes of texts and of HTTP statuses. A class is believed where it says what an exchange said
before it had an order; for the rest nobody knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import ccxt

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
from truebook.venues._once import never_connected
from truebook.venues.ccxt.traits import Errors

#: What an exchange says of an order that it does not take, by ccxt's classes.
_REFUSALS = (
    ccxt.InvalidOrder,
    ccxt.InsufficientFunds,
    ccxt.BadRequest,
    ccxt.ArgumentsRequired,
    ccxt.OperationRejected,
)
_LIMITS = (ccxt.RateLimitExceeded, ccxt.DDoSProtection)
#: Fields in which exchanges put codes of errors.
_CODE_FIELDS = ("code", "sCode", "retCode", "ret_code", "error", "errors", "msg", "sMsg", "retMsg", "message")

#: OKX's words for all, none and some of a batch, which say nothing of its rows.
_FRAME_CODES = ("0", "1", "2")


def on_order(error: ccxt.BaseError, errors: Errors) -> VenueError:
    """What an error proves that came when an order was sent."""
    said = _Said(error)
    if never_connected(error):
        return said.made(VenueNotSent)
    if said.any_of(errors.unknown):
        return said.made(VenueUnknown)
    if said.any_of(errors.duplicate) or isinstance(error, ccxt.DuplicateOrderId):
        return said.made(VenueDuplicate)
    if said.any_of(errors.refused):
        return said.made(VenueRefused)
    if isinstance(error, ccxt.OrderNotFound):
        return said.made(VenueUnknown)
    if isinstance(error, _REFUSALS):
        return said.made(VenueRefused)
    return _on_anything(error, said, errors)


def on_cancel(error: ccxt.BaseError, errors: Errors) -> VenueError:
    """What an error proves that came when a cancellation was asked for."""
    said = _Said(error)
    if never_connected(error):
        return said.made(VenueNotSent)
    if said.any_of(errors.not_found) or isinstance(error, ccxt.OrderNotFound):
        return said.made(VenueNotFound)
    if said.any_of(errors.unknown):
        return said.made(VenueUnknown)
    if said.any_of(errors.refused) or isinstance(error, _REFUSALS):
        return said.made(VenueRefused)
    return _on_anything(error, said, errors)


def on_read(error: ccxt.BaseError, errors: Errors) -> VenueError:
    """What an error proves that came when something was asked: a question changes nothing."""
    said = _Said(error)
    if isinstance(error, ccxt.BadSymbol):
        return said.made(VenueRefused)
    return _on_anything(error, said, errors)


def raise_for_row(exchange: Any, raw: Any) -> None:
    """Raises ccxt's error for a row that was refused in a reply that is well above, as OKX sends it for a batch."""
    info = raw.get("info") if isinstance(raw, dict) else None
    code = info.get("sCode") if isinstance(info, dict) else None
    if code and str(code) != "0":
        feedback = f"{exchange.id} {json.dumps({'code': '2', 'data': [info]})}"
        exchange.throw_exactly_matched_exception(exchange.exceptions["exact"], str(code), feedback)
        raise ccxt.ExchangeError(feedback)


def _on_anything(error: ccxt.BaseError, said: _Said, errors: Errors) -> VenueError:
    if isinstance(error, ccxt.AuthenticationError):
        return said.made(VenueUnauthorized)
    if isinstance(error, ccxt.NotSupported):
        return said.made(VenueNotSent)
    if isinstance(error, ccxt.OnMaintenance):
        return said.made(VenueMaintenance)
    if said.any_of(errors.limited) or (isinstance(error, _LIMITS) and errors.limits_first):
        return said.made(VenueRateLimited)
    return said.made(VenueUnknown)


class _Said:
    """What an exchange said in an error."""

    def __init__(self, error: ccxt.BaseError) -> None:
        self.message = f"{type(error).__name__}: {error}"
        self.codes = tuple(_codes(_reply(str(error))))

    def any_of(self, marks: tuple[str, ...]) -> bool:
        """Whether one of these was said: a code as a code, a phrase anywhere in one of the exchange's texts."""
        return any(
            mark == code or (not _is_code(mark) and mark in code) for mark in marks for code in self.codes
        )

    def made(self, kind: type[VenueError]) -> VenueError:
        """An error of ours that tells all of it."""
        code = next((code for code in self.codes if _is_code(code) and code not in _FRAME_CODES), None)
        return kind(self.message, code=code)


def _reply(message: str) -> object:
    """The reply that ccxt puts at the end of a message, behind the exchange's name and maybe the address."""
    begin = message.find("{")
    if begin < 0:
        return None
    try:
        return json.JSONDecoder().raw_decode(message, begin)[0]
    except ValueError:
        return None


def _is_code(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _codes(reply: object) -> Iterator[str]:
    """Every code and text of an error that a reply has."""
    if isinstance(reply, dict):
        for name, value in reply.items():
            if name in _CODE_FIELDS and isinstance(value, (str, int)):
                yield str(value)
            elif isinstance(value, (dict, list)):
                yield from _codes(value)
            elif name.endswith("reason") and isinstance(value, str):
                yield value
    elif isinstance(reply, list):
        for item in reply:
            if isinstance(item, str):
                yield item
            else:
                yield from _codes(item)
