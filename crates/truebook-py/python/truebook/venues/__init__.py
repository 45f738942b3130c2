"""Venues for the clients that bots already have: ccxt, alpaca-py and ib_async.

Importing this package imports none of those clients; each adapter is loaded when it is first named::

    from truebook.venues import CcxtVenue

An adapter translates, and decides nothing. It sends a request once, switches off what its client would send
again by itself, and says by the class of the exception what a reply proves. See :mod:`truebook.venue`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from truebook.venues.alpaca import AlpacaPyVenue as AlpacaPyVenue
    from truebook.venues.ccxt import CcxtVenue as CcxtVenue
    from truebook.venues.ib import IbVenue as IbVenue

_HOMES = {
    "AlpacaPyVenue": "truebook.venues.alpaca",
    "CcxtVenue": "truebook.venues.ccxt",
    "IbVenue": "truebook.venues.ib",
}

__all__ = ["AlpacaPyVenue", "CcxtVenue", "IbVenue"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
