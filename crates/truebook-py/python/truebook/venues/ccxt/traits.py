"""What is known of single exchanges: client ids, stops, deadlines, lists, and what their errors prove.

An exchange that is not in the table is treated as one of class C whose lists prove nothing by what is missing
in them, and gets no stop orders: some exchanges of ccxt drop the stop price without a word and trade at once.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Optional

from truebook.venue import IdClass, OrderType, Status
from truebook.venues._words import ALPACA_STATUS
from truebook.venues.ccxt import words


class Lookup(enum.Enum):
    """How an order is found by its client id."""

    #: It is not.
    NONE = "none"
    #: ``fetch_order`` takes the client id.
    FETCH = "fetch"
    #: The lists can be narrowed to one client id.
    LISTS = "lists"
    #: Deribit asks by label.
    LABEL = "label"
    #: Alpaca has an address of its own for it.
    ADDRESS = "address"


class Deadline(enum.Enum):
    """How an exchange is told that an order must not come later than a given time, by its own clock."""

    NONE = "none"
    #: A time of sending and a window after it, in milliseconds: ``timestamp`` and ``recvWindow``.
    WINDOW = "window"
    #: ``deadline``, RFC 3339.
    TEXT = "text"
    #: ``valid_until``, in milliseconds.
    UNTIL = "until"
    #: The header ``expTime``, in milliseconds.
    HEADER = "header"


class Until(enum.Enum):
    """How a list is told where it ends."""

    #: ccxt's ``until``, in milliseconds.
    UNIFIED = "unified"
    #: ``end``, in seconds: Kraken's own parameter, which ccxt fills with milliseconds.
    END_SECONDS = "end_seconds"
    #: ``end_timestamp``, in milliseconds: Deribit's own parameter, which ccxt does not fill.
    END_TIMESTAMP = "end_timestamp"
    #: It cannot be told.
    NONE = "none"


class Onward(enum.Enum):
    """How a list of open orders goes on after a full page."""

    #: It has no pages.
    WHOLE = "whole"
    #: ``after`` the id of the last row.
    AFTER_ID = "after_id"
    #: With the cursor that came with the page.
    CURSOR = "cursor"
    #: It cannot be read on.
    NONE = "none"


@dataclass(frozen=True)
class Errors:
    """Codes and phrases of an exchange whose meaning ccxt's classes do not tell, or tell wrong."""

    #: An order of this client id exists.
    duplicate: tuple[str, ...] = ()
    #: Nobody knows what became of the request, whatever class ccxt gives it.
    unknown: tuple[str, ...] = ()
    #: Documented as raised before the exchange had an order.
    refused: tuple[str, ...] = ()
    #: Too many requests, said before an order was looked at.
    limited: tuple[str, ...] = ()
    #: No such live order.
    not_found: tuple[str, ...] = ()
    #: Whether "too many requests" is said before an order is looked at.
    limits_first: bool = False


@dataclass(frozen=True)
class Traits:
    """What one exchange does."""

    id_class: IdClass = IdClass.C
    client_id_max: int = 32
    client_id_punctuation: str = ""
    #: The parameter of ``create_order`` that carries the client id, for plain orders and for stops.
    id_param: str = "clientOrderId"
    stop_id_param: str = "clientOrderId"
    #: Where the client id stands in the exchange's own words, if ccxt does not read it.
    raw_client_id: tuple[str, ...] = ()
    #: Where the exchange's own word for an order's state stands, and what its words mean.
    raw_status: tuple[str, ...] = ()
    statuses: Mapping[str, Status] = field(default_factory=lambda: words.UNIFIED)
    lookup: Lookup = Lookup.NONE
    #: What narrows lists to one client id, and to one order; for :attr:`Lookup.LISTS`.
    list_id_param: Optional[str] = None
    #: The parameter of ``cancel_order`` for a client id; ``None``: the order is looked up first.
    cancel_id_param: Optional[str] = None
    deadline: Deadline = Deadline.NONE
    #: The parameter that makes a stop of an order, by its type. What is missing cannot be sent.
    stops: Mapping[OrderType, str] = field(default_factory=dict)
    #: Whether stops are sent on contract markets only. On Bybit's spot market what cancels a stop is another request
    #: than what cancels an order, and a reply does not say which of the two an order is.
    stops_need_contract: bool = False
    #: Whether stops stand in a list of their own and have ids of their own.
    stops_apart: bool = False
    #: What asks for the list of stops, where it is another.
    stop_list: Mapping[str, Any] = field(default_factory=lambda: {"trigger": True})
    #: Whether lists are asked for one symbol. Where an exchange gives all and ccxt throws away what is of
    #: another symbol, a full page would not be seen to be full.
    lists_by_symbol: bool = True
    #: The methods that list orders that are over. The first of these groups that the exchange has is used.
    closed_methods: tuple[str, ...] = ("fetch_closed_orders",)
    closed_until: Until = Until.UNIFIED
    fills_until: Until = Until.UNIFIED
    open_onward: Onward = Onward.NONE
    #: The most rows of a page where ccxt does not say.
    closed_page: Optional[int] = None
    fills_page: Optional[int] = None
    #: How long lists remember, where it is not what ccxt says: unfilled closed orders, closed orders, fills.
    unfilled_visible: Optional[timedelta] = None
    closed_window: Optional[timedelta] = None
    #: The longest span of one request for closed orders.
    closed_span: Optional[timedelta] = None
    errors: Errors = field(default_factory=Errors)
    #: Whether anybody looked at this exchange.
    is_known: bool = True


_BOTH_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


def _stops(param: str, *kinds: OrderType) -> Mapping[OrderType, str]:
    return {kind: param for kind in kinds}


_BINANCE_ERRORS = Errors(
    duplicate=("Duplicate order sent.", "-4116"),
    unknown=("-1000", "-1001", "-1006", "-1007", "-1008", "-1016"),
    refused=("-1021",),
    limits_first=True,
)

BINANCE = Traits(
    id_class=IdClass.B,
    client_id_max=36,
    client_id_punctuation="-_",
    raw_status=("status",),
    statuses=words.BINANCE,
    lookup=Lookup.FETCH,
    cancel_id_param="clientOrderId",
    deadline=Deadline.WINDOW,
    stops=_stops("stopLossPrice", *_BOTH_STOPS),
    closed_methods=("fetch_orders",),
    open_onward=Onward.WHOLE,
    unfilled_visible=timedelta(days=90),
    closed_span=timedelta(days=1),
    errors=_BINANCE_ERRORS,
)

#: Stops are orders of a service of their own here, which nobody has practised through ccxt: none are sent.
BINANCE_FUTURES = Traits(
    id_class=IdClass.B,
    client_id_max=36,
    client_id_punctuation=".:/_-",
    raw_status=("status",),
    statuses=words.BINANCE,
    lookup=Lookup.FETCH,
    cancel_id_param="clientOrderId",
    deadline=Deadline.WINDOW,
    closed_methods=("fetch_orders",),
    open_onward=Onward.WHOLE,
    unfilled_visible=timedelta(days=3),
    closed_window=timedelta(days=90),
    closed_span=timedelta(days=6),
    errors=_BINANCE_ERRORS,
)

KRAKEN = Traits(
    id_class=IdClass.B,
    client_id_max=36,
    client_id_punctuation="-",
    raw_client_id=("cl_ord_id",),
    raw_status=("status",),
    statuses=words.KRAKEN,
    cancel_id_param="clientOrderId",
    deadline=Deadline.TEXT,
    stops=_stops("stopLossPrice", *_BOTH_STOPS),
    lists_by_symbol=False,
    closed_until=Until.END_SECONDS,
    fills_until=Until.END_SECONDS,
    open_onward=Onward.WHOLE,
    closed_page=50,
    fills_page=50,
    errors=Errors(
        duplicate=("cl_ord_id not unique",),
        unknown=("EService:Busy", "EService:Unavailable", "EGeneral:Internal error"),
        refused=("EService:Deadline elapsed", "EAPI:Invalid nonce", "EOrder:Orders limit exceeded"),
        not_found=("EOrder:Unknown order",),
        limits_first=True,
    ),
)

#: The same id gives the first order again, but maybe not after one that was cancelled unfilled: so it counts
#: as unique among open orders only.
COINBASE = Traits(
    id_class=IdClass.B,
    client_id_max=36,
    client_id_punctuation="-",
    id_param="client_order_id",
    stop_id_param="client_order_id",
    raw_client_id=("client_order_id",),
    raw_status=("status",),
    statuses=words.COINBASE,
    stops=_stops("stopLossPrice", OrderType.STOP_LIMIT),
    closed_methods=("fetch_orders",),
    open_onward=Onward.NONE,
    closed_page=100,
    fills_page=1000,
    errors=Errors(unknown=("UNKNOWN_FAILURE_REASON",), limits_first=True),
)

#: "Always unique" by its documentation, unproved: so it counts as unique among open orders only.
BYBIT = Traits(
    id_class=IdClass.B,
    client_id_max=36,
    client_id_punctuation="-_",
    raw_status=("orderStatus",),
    statuses=words.BYBIT,
    lookup=Lookup.LISTS,
    list_id_param="orderLinkId",
    cancel_id_param="orderLinkId",
    stops=_stops("triggerPrice", *_BOTH_STOPS),
    stops_need_contract=True,
    closed_methods=("fetch_canceled_and_closed_orders",),
    open_onward=Onward.CURSOR,
    closed_page=50,
    unfilled_visible=timedelta(days=1),
    errors=Errors(
        duplicate=("110072", "170141"),
        unknown=("10000", "10014", "10016", "170007", "170146"),
        refused=("10002",),
        not_found=("110001", "170213"),
        limits_first=True,
    ),
)

OKX = Traits(
    id_class=IdClass.B,
    client_id_max=32,
    stop_id_param="algoClOrdId",
    raw_client_id=("clOrdId", "algoClOrdId"),
    raw_status=("state",),
    statuses=words.OKX,
    lookup=Lookup.FETCH,
    cancel_id_param="clientOrderId",
    deadline=Deadline.HEADER,
    stops=_stops("triggerPrice", *_BOTH_STOPS),
    stops_apart=True,
    stop_list={"trigger": True, "ordType": "trigger"},
    closed_methods=("fetch_closed_orders", "fetch_canceled_orders"),
    open_onward=Onward.AFTER_ID,
    unfilled_visible=timedelta(hours=2),
    closed_window=timedelta(days=7),
    errors=Errors(
        duplicate=("51016", "51065"),
        unknown=("50004", "50013", "50026", "51054", "51149"),
        refused=("50102",),
        not_found=("51400", "51401", "51402", "51603"),
        limits_first=True,
    ),
)

DERIBIT = Traits(
    id_class=IdClass.C,
    client_id_max=64,
    client_id_punctuation="-_",
    id_param="label",
    stop_id_param="label",
    raw_client_id=("label",),
    raw_status=("order_state",),
    statuses=words.DERIBIT,
    lookup=Lookup.LABEL,
    deadline=Deadline.UNTIL,
    stops=_stops("stopLossPrice", *_BOTH_STOPS),
    closed_until=Until.NONE,
    fills_until=Until.END_TIMESTAMP,
    open_onward=Onward.WHOLE,
    unfilled_visible=timedelta(days=1),
    errors=Errors(
        unknown=("10040", "10047"),
        not_found=("10004", "10010", "11044"),
        limits_first=True,
    ),
)

ALPACA = Traits(
    id_class=IdClass.A,
    client_id_max=128,
    client_id_punctuation=".:_-",
    raw_status=("status",),
    statuses=ALPACA_STATUS,
    lookup=Lookup.ADDRESS,
    stops=_stops("triggerPrice", OrderType.STOP_LIMIT),
    closed_methods=("fetch_closed_orders",),
    open_onward=Onward.NONE,
    errors=Errors(
        duplicate=("client_order_id must be unique",),
        refused=("40010000", "40010001", "40310000", "40310100", "42210000"),
        limited=("too many requests.",),
        not_found=("40410000",),
        limits_first=True,
    ),
)

UNKNOWN = Traits(is_known=False, unfilled_visible=timedelta(0), closed_window=timedelta(0))

TABLE: Mapping[str, Traits] = {
    "binance": BINANCE,
    "binanceus": BINANCE,
    "binanceusdm": BINANCE_FUTURES,
    "binancecoinm": BINANCE_FUTURES,
    "kraken": KRAKEN,
    "coinbase": COINBASE,
    "bybit": BYBIT,
    "okx": OKX,
    "myokx": OKX,
    "okxus": OKX,
    "deribit": DERIBIT,
    "alpaca": ALPACA,
}


def traits_of(exchange_id: str) -> Traits:
    """What is known of this exchange, or what is assumed of one that is not known."""
    return TABLE.get(exchange_id, UNKNOWN)
