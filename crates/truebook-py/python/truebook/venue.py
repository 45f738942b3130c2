"""What a venue is to a book: one blocking class, with errors that never mistake "unknown" for "failed".

An adapter translates, and decides nothing. It sends a request once and never retries by itself; what a reply
proves is said by the class of the exception, and what may be done next by :class:`Capabilities`. Methods may be
called from any thread. Every quantity, price and amount is a :class:`decimal.Decimal`; every time is an aware
``datetime`` in UTC.
"""

from __future__ import annotations

import abc
import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Generic, Optional, TypeVar, Union

T = TypeVar("T")


class Side(str, enum.Enum):
    """Buy or sell."""

    BUY = "buy"
    SELL = "sell"


class OrderType(str, enum.Enum):
    """The types of orders."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class TimeInForce(str, enum.Enum):
    """How long an order works."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"


class Role(str, enum.Enum):
    """What an order is in its group."""

    ENTRY = "entry"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"


class Status(str, enum.Enum):
    """What a venue's word for an order's state means."""

    LIVE = "live"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    REPLACED = "replaced"
    FILLED = "filled"
    #: A word that means nothing certain: the order becomes Unknown, and is looked at again.
    ODD = "odd"


class IdClass(str, enum.Enum):
    """What a venue does with a client order id that it has seen before."""

    #: Unique for ever, or idempotent: the same body and id can be sent again without a second order.
    A = "A"
    #: Unique among open orders only: once the first is closed, a second copy is accepted.
    B = "B"
    #: A label that the venue does not look at.
    C = "C"


class ReplaceQuantity(str, enum.Enum):
    """What the quantity in a request to replace means."""

    TOTAL = "total"
    REMAINING = "remaining"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class Capabilities:
    """What a venue declares. ``None`` for a window means: without limit."""

    id_class: IdClass
    #: The most characters of a client order id, and those allowed besides letters and digits.
    client_id_max: int = 36
    client_id_punctuation: str = "-_"
    #: An order can be refused by the venue if it comes later than this after it was sent; ``None`` if a request
    #: may be admitted at any time.
    admission: Optional[timedelta] = None
    #: How late an order that was accepted may show in answers to queries.
    propagation: timedelta = timedelta(seconds=5)
    #: How long an order that closed unfilled stays visible.
    unfilled_visible: Optional[timedelta] = None
    #: How far back closed orders are listed.
    closed_window: Optional[timedelta] = None
    #: How far back fills are listed.
    fills_window: Optional[timedelta] = None
    #: Whether an order can be looked up by its client order id.
    lookup_by_id: bool = True
    #: Whether the venue makes bracket legs from one request.
    native_brackets: bool = False
    #: Whether conditional orders stand in a list of their own.
    conditional_apart: bool = False
    replace: ReplaceQuantity = ReplaceQuantity.UNSUPPORTED
    requests_per_minute: Optional[int] = None
    #: How far our clock may be off the venue's before orders are refused.
    clock_skew_max: timedelta = timedelta(seconds=30)


@dataclass(frozen=True)
class Rules:
    """What a venue demands of orders in an instrument; zero means that anything goes."""

    tick: Decimal = Decimal(0)
    lot: Decimal = Decimal(0)
    notional_min: Decimal = Decimal(0)
    #: How much of the quote currency one unit at price 1 is worth; ``None`` is 1.
    multiplier: Optional[Decimal] = None
    #: What is bought, if it is an asset in which fees can be taken.
    base: Optional[str] = None


@dataclass(frozen=True)
class StopLoss:
    """The protective leg of a bracket."""

    stop: Decimal
    limit: Optional[Decimal] = None


@dataclass(frozen=True)
class TakeProfit:
    """The profit leg of a bracket."""

    limit: Decimal


@dataclass(frozen=True)
class NewOrder:
    """An order that is to be sent, once. ``client_id`` is 32 lower-case hex digits; the venue must be given it."""

    client_id: str
    key: str
    instrument: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    time_in_force: TimeInForce
    limit: Optional[Decimal] = None
    stop: Optional[Decimal] = None
    trail_amount: Optional[Decimal] = None
    trail_percent: Optional[Decimal] = None
    expires: Optional[datetime] = None
    #: The venue must refuse it if it comes later than this.
    admit_by: Optional[datetime] = None
    #: It may only make a position smaller.
    reduce_only: bool = False
    role: Role = Role.ENTRY
    #: The client order id of the entry whose leg this is.
    parent: Optional[str] = None
    #: Legs that the venue is to make with it; set only where the venue declared ``native_brackets``.
    stop_loss: Optional[StopLoss] = None
    take_profit: Optional[TakeProfit] = None


@dataclass(frozen=True)
class Target:
    """A live order that is meant by a request."""

    client_id: str
    venue_order: Optional[str]
    instrument: str


@dataclass(frozen=True)
class Change:
    """What a request to replace changes. ``client_id`` is the id of the order that takes the other's place."""

    client_id: str
    quantity: Optional[Decimal] = None
    limit: Optional[Decimal] = None
    stop: Optional[Decimal] = None


@dataclass(frozen=True)
class OrderReport:
    """What a venue says of an order."""

    venue_order: str
    instrument: str
    side: Side
    status: Status
    #: The venue's own word for the state, as it came.
    word: str
    filled: Decimal = Decimal(0)
    #: As the venue has it; it may be an order of somebody else.
    client_id: Optional[str] = None
    order_type: Optional[OrderType] = None
    time_in_force: Optional[TimeInForce] = None
    quantity: Optional[Decimal] = None
    average_price: Optional[Decimal] = None
    limit: Optional[Decimal] = None
    stop: Optional[Decimal] = None
    #: The venue's id of the entry whose leg it is.
    parent: Optional[str] = None
    role: Optional[Role] = None
    replaces: Optional[str] = None
    replaced_by: Optional[str] = None
    submitted_at: Optional[datetime] = None
    updated_at: Optional[datetime] = None
    #: Why it ended, in the venue's words.
    why: Optional[str] = None


@dataclass(frozen=True)
class Accepted:
    """A venue's yes: the order, and the legs it made with it."""

    order: OrderReport
    legs: tuple[OrderReport, ...] = ()


@dataclass(frozen=True)
class Fee:
    """What an execution cost. Negative is a rebate."""

    amount: Decimal
    asset: str


@dataclass(frozen=True)
class FillReport:
    """One execution. ``execution`` is the venue's id of it: reported twice, it bears the same."""

    execution: str
    venue_order: str
    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal
    at: datetime
    client_id: Optional[str] = None
    fee: Optional[Fee] = None


@dataclass(frozen=True)
class PositionReport:
    """What is held in an instrument; negative is short."""

    instrument: str
    quantity: Decimal
    average_price: Optional[Decimal] = None


@dataclass(frozen=True)
class AccountReport:
    """The account."""

    account: str
    cash: Decimal
    trading_allowed: bool = True


@dataclass(frozen=True)
class Listing(Generic[T]):
    """A list that a venue gave, with what it is worth: missing in it is not absent unless it is complete.

    ``partial`` and ``failed`` say why it is not whole; at most one of the two is set. ``since`` is the time from
    which on it is whole; ``None``: from the beginning.
    """

    rows: tuple[T, ...] = ()
    since: Optional[datetime] = None
    partial: Optional[str] = None
    failed: Optional[str] = None


class VenueError(Exception):
    """What can go wrong at a venue. Raise one of its subclasses; anything else counts as :class:`VenueUnknown`."""

    def __init__(self, message: str, *, code: Optional[str] = None) -> None:
        super().__init__(message)
        self.code = code


class VenueRefused(VenueError):
    """The venue itself said no, before it had an order."""


class VenueDuplicate(VenueError):
    """The venue has an order of this client id already."""


class VenueNotSent(VenueError):
    """It is certain that no byte of the request left this machine."""


class VenueUnknown(VenueError):
    """Nobody knows what became of it: a lost or unreadable reply."""


class VenueRateLimited(VenueError):
    """Refused for too many requests, before it was looked at."""

    def __init__(self, message: str, *, until: Optional[datetime] = None, code: Optional[str] = None) -> None:
        super().__init__(message, code=code)
        self.until = until


class VenueMaintenance(VenueError):
    """The venue is closed for maintenance and said so before it had an order."""


class VenueNotFound(VenueError):
    """The venue knows no such live order: it may have filled."""


class VenueUnauthorized(VenueError):
    """The venue does not accept the keys."""


@dataclass(frozen=True)
class StreamLost:
    """The stream was cut, and something may be missing."""

    why: str


@dataclass(frozen=True)
class StreamRestored:
    """It works again: now reconcile."""


StreamEvent = Union[OrderReport, FillReport, StreamLost, StreamRestored]


class Venue(abc.ABC):
    """A place where orders are sent."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """Its name, as books record it."""

    @property
    @abc.abstractmethod
    def capabilities(self) -> Capabilities:
        """What it promises."""

    @abc.abstractmethod
    def now(self) -> datetime:
        """Its clock; an adapter for a venue that tells no time answers with this machine's."""

    @abc.abstractmethod
    def submit(self, order: NewOrder) -> Accepted:
        """Sends an order, once.

        Raises :class:`VenueRefused` only if the venue itself said so before it had an order,
        :class:`VenueDuplicate` if it has one of this id already, :class:`VenueNotSent` only if no byte left;
        everything else is :class:`VenueUnknown`.
        """

    @abc.abstractmethod
    def cancel(self, target: Target) -> None:
        """Asks for a live order to be cancelled. Returning means that the venue took the request, no more."""

    def replace(self, target: Target, change: Change) -> Accepted:
        """Asks for a live order to be replaced."""
        raise VenueRefused(f"{self.name} cannot replace orders: cancel it and submit another")

    @abc.abstractmethod
    def find(self, client_id: str, instrument: str) -> Optional[OrderReport]:
        """Looks for an order by client id. ``None`` only if the venue says that it has none."""

    @abc.abstractmethod
    def find_venue_order(self, venue_order: str) -> Optional[OrderReport]:
        """Looks for an order by the venue's own id."""

    @abc.abstractmethod
    def open_orders(self) -> Listing[OrderReport]:
        """All live orders, legs and conditional orders included, paged to the end."""

    @abc.abstractmethod
    def closed_orders(self, since: datetime) -> Listing[OrderReport]:
        """Orders that closed, among those that the venue got since."""

    @abc.abstractmethod
    def fills(self, since: datetime) -> Listing[FillReport]:
        """Executions since, oldest first."""

    @abc.abstractmethod
    def positions(self) -> Listing[PositionReport]:
        """All positions. A venue that knows only balances answers with what it holds of each traded base."""

    @abc.abstractmethod
    def account(self) -> AccountReport:
        """The account."""

    def rules(self, instrument: str) -> Optional[Rules]:
        """What the venue demands of orders in an instrument; ``None`` if it does not trade it."""
        return Rules()

    def last_price(self, instrument: str) -> Optional[Decimal]:
        """The latest price, for checks; ``None`` if there is none."""
        return None

    def stream(self, emit: Callable[[StreamEvent], None]) -> Optional[Callable[[], None]]:
        """Begins to call ``emit`` with what happens to orders, from any thread, and returns what stops it.

        ``None``: this venue has no stream here, and the book learns by reconciling.
        """
        return None


@dataclass(frozen=True)
class Bracket:
    """Protective legs of an entry; at least one of the two."""

    stop_loss: Optional[StopLoss] = None
    take_profit: Optional[TakeProfit] = None


@dataclass(frozen=True)
class Order:
    """An order that a bot wants.

    ``quantity`` and prices are ``Decimal``, ``str`` or ``int``; a ``float`` is refused when it is submitted,
    because ``0.1`` as a float is not a tenth.
    """

    instrument: str
    side: Union[Side, str]
    quantity: Union[Decimal, str, int]
    order_type: Union[OrderType, str] = OrderType.MARKET
    limit: Union[Decimal, str, int, None] = None
    stop: Union[Decimal, str, int, None] = None
    trail_amount: Union[Decimal, str, int, None] = None
    trail_percent: Union[Decimal, str, int, None] = None
    time_in_force: Union[TimeInForce, str] = TimeInForce.DAY
    expires: Optional[datetime] = None
    bracket: Optional[Bracket] = None
    strategy: Optional[str] = field(default=None)
