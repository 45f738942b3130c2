"""Words of venues and what they mean; one that is not in a table is :attr:`Status.ODD`, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping

from truebook.venue import OrderType, Side, Status, TimeInForce

#: Alpaca's words. Live are all that may still fill: ``done_for_day`` and ``calculated`` go on the next day,
#: ``stopped`` is promised a trade, ``suspended`` can be taken up again, ``held`` waits for its parent.
ALPACA_STATUS: Mapping[str, Status] = {
    "new": Status.LIVE,
    "accepted": Status.LIVE,
    "pending_new": Status.LIVE,
    "accepted_for_bidding": Status.LIVE,
    "partially_filled": Status.LIVE,
    "done_for_day": Status.LIVE,
    "stopped": Status.LIVE,
    "suspended": Status.LIVE,
    "calculated": Status.LIVE,
    "held": Status.LIVE,
    "pending_cancel": Status.PENDING_CANCEL,
    "pending_replace": Status.PENDING_REPLACE,
    "filled": Status.FILLED,
    "canceled": Status.CANCELLED,
    "expired": Status.EXPIRED,
    "rejected": Status.REJECTED,
    "replaced": Status.REPLACED,
}

#: States from which no order comes back.
OVER = frozenset({Status.CANCELLED, Status.REJECTED, Status.EXPIRED, Status.REPLACED, Status.FILLED})

SIDES: Mapping[str, Side] = {
    "buy": Side.BUY,
    "sell": Side.SELL,
    # A short sale is a sale.
    "sell_short": Side.SELL,
    "BUY": Side.BUY,
    "SELL": Side.SELL,
    "BOT": Side.BUY,
    "SLD": Side.SELL,
    "SSHORT": Side.SELL,
}

#: Truebook's own words are Alpaca's.
ORDER_TYPES: Mapping[str, OrderType] = {kind.value: kind for kind in OrderType}
TIMES_IN_FORCE: Mapping[str, TimeInForce] = {
    "day": TimeInForce.DAY,
    "gtc": TimeInForce.GTC,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
}
