"""What a book answers with. Quantities, prices and amounts are ``Decimal``; times are aware ``datetime`` in UTC."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Optional

from ._numbers import decimal, optional_time, time
from .venue import OrderType, Role, Side, TimeInForce


class OrderState(str, enum.Enum):
    """Where an order stands."""

    #: Written down, and not known to have left yet.
    INTENDED = "intended"
    #: The venue has it.
    WORKING = "working"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    #: The venue says that it is filled, and its executions are still to come.
    AWAITING_FILLS = "awaiting_fills"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    #: It never came to the venue: proved.
    ABSENT = "absent"
    #: Nobody knows what became of it. No failure: it may be live, and a reconciliation will tell.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Submitted:
    """What became of an order that was submitted, cancelled, replaced or written down."""

    #: Its client order id.
    id: str
    #: Where it stands. ``UNKNOWN`` is no failure: the order may be live, and a reconciliation will tell.
    state: OrderState
    #: The venue's ids for it, as far as they are known.
    venue_orders: tuple[str, ...]
    #: Whether this call made it; false if an earlier one with the same key had.
    is_new: bool


@dataclass(frozen=True)
class BookOrder:
    """An order in the book."""

    id: str
    key: str
    instrument: str
    side: Side
    order_type: OrderType
    role: Role
    state: OrderState
    quantity: Decimal
    filled: Decimal
    average_price: Optional[Decimal]
    limit: Optional[Decimal]
    stop: Optional[Decimal]
    time_in_force: TimeInForce
    #: The client order id of the entry whose leg it is.
    parent: Optional[str]
    venue_orders: tuple[str, ...]
    #: What was seen instead of a reply, while nobody knows what became of it.
    unknown: Optional[str]
    strategy: Optional[str]
    intended_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> BookOrder:
        """From a row of the book."""
        return cls(
            id=row["id"],
            key=row["key"],
            instrument=row["instrument"],
            side=Side(row["side"]),
            order_type=OrderType(row["order_type"]),
            role=Role(row["role"]),
            state=OrderState(row["state"]),
            quantity=Decimal(row["quantity"]),
            filled=Decimal(row["filled"]),
            average_price=decimal(row["average_price"]),
            limit=decimal(row["limit"]),
            stop=decimal(row["stop"]),
            time_in_force=TimeInForce(row["time_in_force"]),
            parent=row["parent"],
            venue_orders=tuple(row["venue_orders"]),
            unknown=row["unknown"],
            strategy=row["strategy"],
            intended_at=time(row["intended_at"]),
            updated_at=time(row["updated_at"]),
        )


@dataclass(frozen=True)
class BookFill:
    """An execution in the book."""

    seq: int
    #: When it was recorded.
    at: datetime
    #: When it took place, by the venue's clock.
    venue_time: Optional[datetime]
    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Optional[Decimal]
    fee_in: Optional[str]
    execution: str
    #: The client order id of its order.
    order: str
    #: The key of its order, if that is known.
    key: Optional[str]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> BookFill:
        """From a row of the book."""
        return cls(
            seq=row["seq"],
            at=time(row["at"]),
            venue_time=optional_time(row["venue_time"]),
            instrument=row["instrument"],
            side=Side(row["side"]),
            quantity=Decimal(row["quantity"]),
            price=Decimal(row["price"]),
            fee=decimal(row["fee"]),
            fee_in=row["fee_in"],
            execution=row["execution"],
            order=row["order"],
            key=row["key"],
        )


@dataclass(frozen=True)
class Position:
    """What is held in an instrument; negative is short."""

    instrument: str
    quantity: Decimal
    average_price: Decimal
    #: Profit of what was closed again, before fees.
    realized: Decimal
    #: Fees paid, by asset.
    fees: Mapping[str, Decimal] = field(default_factory=dict)
    #: The part of the quantity that is no fill's: imported, or corrected by hand.
    carried: Decimal = Decimal(0)
    #: Why new risk in it is refused, by the kind of reason.
    blocked: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Position:
        """From a row of the book."""
        return cls(
            instrument=row["instrument"],
            quantity=Decimal(row["quantity"]),
            average_price=Decimal(row["average_price"]),
            realized=Decimal(row["realized"]),
            fees={asset: Decimal(paid) for asset, paid in row["fees"].items()},
            carried=Decimal(row["carried"]),
            blocked=row["blocked"] or {},
        )


@dataclass(frozen=True)
class Step:
    """One thing to do, or done."""

    #: What: ``record``, ``resend``, ``cancel``, ``resize`` or ``place``.
    action: str
    #: With what, as the command prints it.
    about: Any
    #: Why.
    why: str


@dataclass(frozen=True)
class HeldBack:
    """What was looked at and left alone."""

    why: str
    id: Optional[str] = None
    instrument: Optional[str] = None


@dataclass(frozen=True)
class Plan:
    """What would bring book and venue together, or what did."""

    #: In this order. Applied if this came from ``reconcile``, not if it came from ``plan``.
    steps: tuple[Step, ...]
    #: What was looked at and left alone, and why.
    held_back: tuple[HeldBack, ...]
    #: What a person should hear of.
    alarms: tuple[str, ...]
    #: ``agreed``, or why not everything was seen or may be done.
    verdict: str
    #: Whether book and venue agree, with nothing left to do.
    agreed: bool
    #: Instruments in which new risk is refused until their reason is gone, with the reason.
    blocked: tuple[str, ...]
    #: All of it as ``truebook reconcile --json`` prints it.
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Plan:
        """From what the engine tells."""
        verdict = told["verdict"]
        if isinstance(verdict, dict):
            verdict = ": ".join(next(iter(verdict.items())))
        held_back = (
            HeldBack(each["why"], each.get("id"), each.get("instrument")) for each in told["held_back"]
        )
        return cls(
            steps=tuple(_step(each) for each in told["steps"]),
            held_back=tuple(held_back),
            alarms=tuple(each["what"] for each in told["alarms"]),
            verdict=verdict,
            agreed=told["agreed"],
            blocked=tuple(told["blocked"]),
            raw=told,
        )


def _step(told: Mapping[str, Any]) -> Step:
    action = told["do"]
    if isinstance(action, str):
        return Step(action, None, told["why"])
    ((name, about),) = action.items()
    return Step(name, about, told["why"])


@dataclass(frozen=True)
class Gate:
    """Whether new risk is allowed, and what speaks against it. Single instruments may be blocked besides."""

    open: bool
    reconciled: bool
    #: Why book and venue do not count as reconciled.
    why: Optional[str]
    settings_accepted: bool
    disk_healthy: bool
    #: Why everything is halted, if it is.
    halted: Optional[str]
    #: What is not known since the book was put back, if it was.
    gap: Optional[str]
    #: By instrument: the reasons by their kind.
    blocked: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Report:
    """What opening a book found, mended and lost."""

    #: Everything that is not as it should be, each with ``kind``, ``weight``, ``file``, ``what``, ``action``.
    findings: tuple[Mapping[str, Any], ...]
    #: The range of events that are lost, if some are: ``from`` and ``to``.
    lost: Optional[Mapping[str, Any]]
    #: What was mended from backups, and how.
    mended: tuple[Any, ...]
    #: All of it.
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Report:
        """From what the engine tells."""
        return cls(
            findings=tuple(told.get("findings", ())),
            lost=told.get("lost"),
            mended=tuple(told.get("mended", ())),
            raw=told,
        )


@dataclass(frozen=True)
class BackupMade:
    """A generation that was made in one place."""

    place: str
    generation: str
    #: The last event in it.
    last: int
    state_hash: str
    new_objects: int
    new_bytes: int
    #: ``verified``: restored elsewhere, replayed, state hash compared; or ``damaged``, or ``not_verified``.
    outcome: str
    findings: tuple[str, ...]
    warnings: tuple[str, ...]
    #: Older generations that were rotated away.
    removed: tuple[str, ...]


@dataclass(frozen=True)
class Backup:
    """A generation, and what is known of it."""

    place: str
    generation: str
    #: ``verified``, ``unverified``, ``suspicious`` or ``damaged``.
    standing: str
    created_at: Optional[datetime]
    reason: Optional[str]
    first: Optional[int]
    last: Optional[int]
    state_hash: Optional[str]
    bytes: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class BackupProof:
    """What came of restoring a generation elsewhere."""

    place: str
    verified: bool
    generation: str
    findings: tuple[str, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)


@dataclass(frozen=True)
class BackupPlace:
    """How far a place is behind the book."""

    place: str
    generations: int
    newest: Optional[str]
    newest_verified: Optional[str]
    suspicious: int
    damaged: int
    #: The last event that could be restored from there.
    reached: int
    #: How many events it is behind.
    lag: int
    #: What fails, if something does.
    failing: Optional[str]
    alarms: tuple[str, ...]


@dataclass(frozen=True)
class Restoration:
    """What a restore would do, or did."""

    #: ``plan`` or ``done``.
    step: str
    #: What would be done: from which place and generation, up to which event, and what is displaced.
    plan: Mapping[str, Any]
    #: What was done; ``None`` for a plan.
    done: Optional[Mapping[str, Any]]
    #: The plan in words.
    text: str = field(repr=False, default="")
    #: The generation that has the book as it was before; ``None`` if there was none, or it could not be made.
    before: Optional[str] = None
    #: Why it could not be made.
    before_failed: Optional[str] = None
