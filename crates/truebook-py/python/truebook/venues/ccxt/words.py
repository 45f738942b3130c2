"""What exchanges and ccxt call the state of an order, and what it means.

For the exchanges that are known the exchange's own word counts, not ccxt's: ccxt calls an order "closed" that
was cancelled in part, and one "canceled" that failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from truebook.venue import OrderType, Status, TimeInForce

#: ccxt's unified words, for exchanges that are not known. ``None`` and others are odd.
UNIFIED: Mapping[str, Status] = {
    "open": Status.LIVE,
    "closed": Status.FILLED,
    "canceled": Status.CANCELLED,
    "canceling": Status.PENDING_CANCEL,
    "expired": Status.EXPIRED,
    "rejected": Status.REJECTED,
}

BINANCE: Mapping[str, Status] = {
    "NEW": Status.LIVE,
    "PENDING_NEW": Status.LIVE,
    "PARTIALLY_FILLED": Status.LIVE,
    "FILLED": Status.FILLED,
    "CANCELED": Status.CANCELLED,
    "PENDING_CANCEL": Status.PENDING_CANCEL,
    "REJECTED": Status.REJECTED,
    "EXPIRED": Status.EXPIRED,
    "EXPIRED_IN_MATCH": Status.EXPIRED,
}

COINBASE: Mapping[str, Status] = {
    "PENDING": Status.LIVE,
    "OPEN": Status.LIVE,
    "QUEUED": Status.LIVE,
    "CANCEL_QUEUED": Status.PENDING_CANCEL,
    "EDIT_QUEUED": Status.PENDING_REPLACE,
    "FILLED": Status.FILLED,
    "CANCELLED": Status.CANCELLED,
    "EXPIRED": Status.EXPIRED,
    "FAILED": Status.REJECTED,
}

KRAKEN: Mapping[str, Status] = {
    "pending": Status.LIVE,
    "open": Status.LIVE,
    "closed": Status.FILLED,
    "canceled": Status.CANCELLED,
    "expired": Status.EXPIRED,
}

BYBIT: Mapping[str, Status] = {
    "New": Status.LIVE,
    "PartiallyFilled": Status.LIVE,
    "Untriggered": Status.LIVE,
    "Triggered": Status.LIVE,
    "Rejected": Status.REJECTED,
    "PartiallyFilledCanceled": Status.CANCELLED,
    "Filled": Status.FILLED,
    "Cancelled": Status.CANCELLED,
    "Deactivated": Status.CANCELLED,
}

OKX: Mapping[str, Status] = {
    "live": Status.LIVE,
    "partially_filled": Status.LIVE,
    "filled": Status.FILLED,
    "canceled": Status.CANCELLED,
    "mmp_canceled": Status.CANCELLED,
    # Of conditional orders. One that fired lives on as another order.
    "pause": Status.LIVE,
    "partially_effective": Status.LIVE,
    "effective": Status.REPLACED,
    "order_failed": Status.REJECTED,
}

DERIBIT: Mapping[str, Status] = {
    "open": Status.LIVE,
    "untriggered": Status.LIVE,
    "triggered": Status.LIVE,
    "filled": Status.FILLED,
    "rejected": Status.REJECTED,
    "cancelled": Status.CANCELLED,
}

TIMES_IN_FORCE: Mapping[str, TimeInForce] = {
    "GTC": TimeInForce.GTC,
    # Post-only orders work until they are cancelled.
    "PO": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "GTD": TimeInForce.GTD,
    "Day": TimeInForce.DAY,
}

_PLAIN = {"market": OrderType.MARKET, "limit": OrderType.LIMIT}
_STOPS = {"market": OrderType.STOP, "limit": OrderType.STOP_LIMIT}


def order_type(word: Optional[str], has_stop: bool) -> Optional[OrderType]:
    """ccxt calls a stop a market or limit order that has a trigger price besides."""
    return (_STOPS if has_stop else _PLAIN).get(word or "")
