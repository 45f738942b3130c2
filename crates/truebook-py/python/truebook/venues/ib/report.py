"""What the gateway says, as ib_async keeps it, as plain reports."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Optional

from ib_async import CommissionReport, Contract, Fill, Order, Position, Trade
from ib_async.util import UNSET_DOUBLE

from truebook.venue import Fee, FillReport, OrderReport, PositionReport, Role, Status, VenueUnknown
from truebook.venues._numbers import decimal
from truebook.venues._words import SIDES
from truebook.venues.ib import words
from truebook.venues.ib.request import LIMITED, STOPPED, parse_leg_ref

NameOf = Callable[[Contract], str]
#: The permanent id of the order with this client id, if it was seen.
PermIdOf = Callable[[str], Optional[int]]


def perm_id(trade: Trade) -> int:
    """The broker's own number of an order; 0 until it has one."""
    return trade.order.permId or trade.orderStatus.permId


def order(trade: Trade, name_of: NameOf, perm_id_of: PermIdOf, is_completed: bool = False) -> OrderReport:
    """An order. ``is_completed`` says that the broker listed it among those that are over.

    Raises :class:`VenueUnknown` for one that the broker has not numbered yet.
    """
    own, placed = perm_id(trade), trade.order
    if not own:
        raise VenueUnknown(f"order {placed.orderId} of API client {placed.clientId} has no permanent id yet")
    what = f"order {own}"
    side = SIDES.get(placed.action.upper())
    if side is None:
        raise VenueUnknown(f"{what} has the side {placed.action!r}")
    entry, role = _family(placed, perm_id_of)
    average = trade.orderStatus.avgFillPrice
    return OrderReport(
        venue_order=str(own),
        instrument=name_of(trade.contract),
        side=side,
        status=status(trade, is_completed),
        word=trade.orderStatus.status,
        filled=_filled(trade, what),
        client_id=placed.orderRef or None,
        order_type=words.ORDER_TYPES.get(placed.orderType),
        time_in_force=words.TIMES_IN_FORCE.get(placed.tif),
        quantity=_quantity(placed, what),
        average_price=decimal(average, f"{what}: average price") if average else None,
        limit=_price(placed.lmtPrice, f"{what}: limit") if placed.orderType in LIMITED else None,
        stop=_price(placed.auxPrice, f"{what}: stop") if placed.orderType in STOPPED else None,
        parent=entry,
        role=role,
        why=_last_words(trade),
    )


def status(trade: Trade, is_completed: bool = False) -> Status:
    """Where an order stands.

    ib_async calls an order "Cancelled" after any error about it, be it that a cancellation came too late because it
    had filled: that is believed only with an error that says so. "Inactive" means rejected, or held for a reason;
    without a reason, and without a rejection, nobody knows.
    """
    word = trade.orderStatus.status
    code = _last_code(trade)
    if word == "Inactive":
        if is_completed or code in words.REFUSALS:
            return Status.REJECTED
        return Status.LIVE if trade.orderStatus.whyHeld else Status.ODD
    if word == "Cancelled" and code and code != words.ORDER_CANCELLED:
        return Status.REJECTED if code in words.REFUSALS else Status.ODD
    return words.STATUS.get(word, Status.ODD)


def fill(fill_: Fill, commission: Optional[CommissionReport], name_of: NameOf) -> FillReport:
    """An execution. A correction has the id of what it corrects but for the last part, which is left out."""
    execution = fill_.execution
    what = f"execution {execution.execId}"
    side = SIDES.get(execution.side)
    if side is None:
        raise VenueUnknown(f"{what} has the side {execution.side!r}")
    if not execution.permId:
        raise VenueUnknown(f"{what} is of an order without a permanent id")
    return FillReport(
        execution=root(execution.execId),
        venue_order=str(execution.permId),
        instrument=name_of(fill_.contract),
        side=side,
        quantity=decimal(execution.shares, f"{what}: shares"),
        price=decimal(execution.price, f"{what}: price"),
        at=execution.time,
        client_id=execution.orderRef or None,
        fee=_fee(commission, what),
    )


def root(exec_id: str) -> str:
    """What an execution and its corrections have in common."""
    return exec_id.rpartition(".")[0] or exec_id


def newest(fills: list[Fill]) -> list[Fill]:
    """Of each execution the latest correction, oldest execution first."""
    latest: dict[str, Fill] = {}
    for one in fills:
        before = latest.get(root(one.execution.execId))
        if before is None or _revision(before) < _revision(one):
            latest[root(one.execution.execId)] = one
    return sorted(latest.values(), key=lambda one: one.execution.time)


def position(raw: Position, name_of: NameOf) -> PositionReport:
    """A position. The broker's average cost is of a contract, multiplier included."""
    name = name_of(raw.contract)
    multiplier = decimal(raw.contract.multiplier or "1", f"multiplier of {name}")
    cost = decimal(raw.avgCost, f"average cost of {name}")
    return PositionReport(
        name, decimal(raw.position, f"position in {name}"), cost / multiplier if cost else None
    )


def _revision(fill_: Fill) -> tuple[int, str]:
    last = fill_.execution.execId.rpartition(".")[2]
    return len(last), last


def _family(placed: Order, perm_id_of: PermIdOf) -> tuple[Optional[str], Optional[Role]]:
    """The entry that an order is a leg of, and what for."""
    leg = parse_leg_ref(placed.orderRef)
    if leg is None:
        return (str(placed.parentPermId), None) if placed.parentPermId else (None, None)
    entry = placed.parentPermId or perm_id_of(leg[0])
    return (str(entry) if entry else None), leg[1]


def _filled(trade: Trade, what: str) -> Decimal:
    """How much is filled: the most that anybody said, for it never shrinks."""
    said = [trade.orderStatus.filled, trade.filled()]
    if trade.order.filledQuantity != UNSET_DOUBLE:
        said.append(float(trade.order.filledQuantity))
    return max(decimal(amount, f"{what}: filled") for amount in said)


def _quantity(placed: Order, what: str) -> Optional[Decimal]:
    """Lists of orders that are over write 0 where they mean what is left of it."""
    quantity = decimal(placed.totalQuantity, f"{what}: quantity")
    return quantity or None


def _price(value: object, what: str) -> Optional[Decimal]:
    return None if value is None or value == UNSET_DOUBLE else decimal(value, what)


def _last_code(trade: Trade) -> int:
    return next((entry.errorCode for entry in reversed(trade.log) if entry.errorCode), 0)


def _last_words(trade: Trade) -> Optional[str]:
    return next((entry.message for entry in reversed(trade.log) if entry.errorCode), None)


def _fee(commission: Optional[CommissionReport], what: str) -> Optional[Fee]:
    if commission is None or not commission.execId or not commission.currency:
        return None
    return Fee(decimal(commission.commission, f"{what}: commission"), commission.currency)
