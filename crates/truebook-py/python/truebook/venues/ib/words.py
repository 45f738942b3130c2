"""What Interactive Brokers calls things, and what its error codes prove."""

from __future__ import annotations

from collections.abc import Mapping

from truebook.venue import OrderType, Status, TimeInForce

#: ``Inactive`` is not here: see :func:`truebook.venues.ib.report.status`.
STATUS: Mapping[str, Status] = {
    "ApiPending": Status.LIVE,
    "PendingSubmit": Status.LIVE,
    "PreSubmitted": Status.LIVE,
    "Submitted": Status.LIVE,
    # Two words of ib_async's own: of an order that the gateway warned about, or is changing.
    "ValidationError": Status.LIVE,
    "ApiUpdate": Status.LIVE,
    "PendingCancel": Status.PENDING_CANCEL,
    "ApiCancelled": Status.CANCELLED,
    "Cancelled": Status.CANCELLED,
    "Filled": Status.FILLED,
}

TYPES: Mapping[OrderType, str] = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
}
ORDER_TYPES: Mapping[str, OrderType] = {word: kind for kind, word in TYPES.items()}

TIMES_IN_FORCE: Mapping[str, TimeInForce] = {
    "DAY": TimeInForce.DAY,
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "GTD": TimeInForce.GTD,
}

#: An order was cancelled, by the broker or on demand.
ORDER_CANCELLED = 202
#: An order was rejected.
ORDER_REJECTED = 201

#: Said of a new order, these prove that none came of it: the request was malformed, or the order was turned down.
#: 103 is among them: it is about the number of the request, not about our id, and says that this one was not taken.
REFUSALS = frozenset(
    {
        103,  # duplicate order id
        106,  # cannot transmit the order
        107,  # cannot transmit an incomplete order
        109,  # price out of the range of the exchange
        110,  # price does not conform to the minimum variation
        111,  # type and time in force do not go together
        113,  # time in force does not go with the type
        200,  # no security definition
        ORDER_REJECTED,
        203,  # not available or allowed for this account
        321,  # the request did not pass validation
        387,  # type not allowed for the exchange
        388,  # size below the minimum
        434,  # size of zero
    }
)

#: The gateway says that it has no connection: nothing was taken.
NOT_CONNECTED = frozenset({502, 504})

#: Of a cancellation: there is no such live order.
CANCEL_OF_NONE = frozenset({135, 161, 10147, 10148})

#: The gateway lost its connection to the broker; it has it again, with data lost or kept.
CONNECTION_LOST = 1100
CONNECTION_RESTORED = frozenset({1101, 1102})

NO_SUCH_CONTRACT = 200
