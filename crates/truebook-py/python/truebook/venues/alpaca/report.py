"""What Alpaca says, as plain reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Optional

from truebook.venue import (
    AccountReport,
    FillReport,
    OrderReport,
    OrderType,
    PositionReport,
    Role,
    Side,
    Status,
    VenueUnknown,
)
from truebook.venues import _times
from truebook.venues._numbers import decimal, decimal_or_none, nonzero_or_none
from truebook.venues._words import ALPACA_STATUS, ORDER_TYPES, SIDES, TIMES_IN_FORCE
from truebook.venues.alpaca import words
from truebook.venues.alpaca.families import Families

Raw = Mapping[str, Any]

_ROLES = {role.value: role for role in Role}
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
_FILLS = ("fill", "partial_fill")


def orders(raw: Raw, families: Families) -> list[OrderReport]:
    """An order and all its legs, each a report of its own; what is learnt of brackets goes into ``families``.

    The parent of a multi-leg options order trades nothing itself: its legs are the orders.
    """
    families.learn(raw)
    is_only_a_frame = raw.get("order_class") == "mleg" and not raw.get("symbol")
    reports = [] if is_only_a_frame else [order(raw, families)]
    for leg in raw.get("legs") or ():
        reports += orders(leg, families)
    return reports


def order(raw: Raw, families: Families) -> OrderReport:
    """One order, without its legs."""
    own = _needed(raw, "id", "order")
    what = f"order {own}"
    word = str(raw.get("status") or "")
    # Both spellings of the type are sent; the newer one counts.
    kind = ORDER_TYPES.get(raw.get("type") or raw.get("order_type") or "")
    parent = families.parent(raw)
    return OrderReport(
        venue_order=own,
        instrument=words.instrument(_needed(raw, "symbol", what)),
        side=_side(raw, what),
        status=ALPACA_STATUS.get(word, Status.ODD),
        word=word,
        filled=decimal_or_none(raw.get("filled_qty"), f"{what}: filled_qty") or Decimal(0),
        client_id=raw.get("client_order_id") or None,
        order_type=kind,
        time_in_force=TIMES_IN_FORCE.get(raw.get("time_in_force") or ""),
        quantity=decimal_or_none(raw.get("qty"), f"{what}: qty"),
        average_price=nonzero_or_none(raw.get("filled_avg_price"), f"{what}: filled_avg_price"),
        limit=decimal_or_none(raw.get("limit_price"), f"{what}: limit_price"),
        stop=decimal_or_none(raw.get("stop_price"), f"{what}: stop_price"),
        parent=parent,
        role=_role(raw, parent, kind),
        replaces=raw.get("replaces") or None,
        replaced_by=raw.get("replaced_by") or None,
        submitted_at=_times.parse_or_none(raw.get("submitted_at")),
        updated_at=_times.parse_or_none(raw.get("updated_at")),
    )


def fill(raw: Raw) -> FillReport:
    """An execution from the account's history. That puts a time and ``::`` before the execution's own id."""
    own = _needed(raw, "id", "activity")
    what = f"activity {own}"
    return FillReport(
        execution=own.rpartition("::")[2],
        venue_order=_needed(raw, "order_id", what),
        instrument=words.instrument(_needed(raw, "symbol", what)),
        side=_side(raw, what),
        quantity=abs(decimal(raw.get("qty"), f"{what}: qty")),
        price=decimal(raw.get("price"), f"{what}: price"),
        at=_times.parse(_needed(raw, "transaction_time", what)),
    )


def streamed_fill(update: Raw) -> Optional[FillReport]:
    """The execution in an update of the stream; ``None`` if it tells of none."""
    if update.get("event") not in _FILLS:
        return None
    raw = update["order"]
    what = f"update of order {raw.get('id')}"
    return FillReport(
        execution=_needed(update, "execution_id", what).rpartition("::")[2],
        venue_order=_needed(raw, "id", what),
        instrument=words.instrument(_needed(raw, "symbol", what)),
        side=_side(raw, what),
        quantity=abs(decimal(update.get("qty"), f"{what}: qty")),
        price=decimal(update.get("price"), f"{what}: price"),
        at=_times.parse(_needed(update, "timestamp", what)),
        client_id=raw.get("client_order_id") or None,
    )


def position(raw: Raw) -> PositionReport:
    """A position. A short one is negative here, however the venue signs it."""
    symbol = _needed(raw, "symbol", "position")
    quantity = decimal(raw.get("qty"), f"position in {symbol}: qty")
    return PositionReport(
        instrument=words.instrument(symbol),
        quantity=-abs(quantity) if raw.get("side") == "short" else quantity,
        average_price=decimal_or_none(raw.get("avg_entry_price"), f"position in {symbol}: avg_entry_price"),
    )


def account(raw: Raw) -> AccountReport:
    """The account. It may trade if it is active and nothing blocks it."""
    blocks = ("trading_blocked", "account_blocked", "trade_suspended_by_user")
    return AccountReport(
        account=str(raw.get("account_number") or _needed(raw, "id", "account")),
        cash=decimal(raw.get("cash"), "account: cash"),
        trading_allowed=raw.get("status") == "ACTIVE" and not any(raw.get(name) for name in blocks),
    )


def submitted_at(raw: Raw) -> Optional[datetime]:
    """When the venue got an order."""
    return _times.parse_or_none(raw.get("submitted_at"))


def _role(raw: Raw, parent: Optional[str], kind: Optional[OrderType]) -> Optional[Role]:
    """The venue's own word, or what follows from the type of a leg: profit is taken at a limit."""
    said = _ROLES.get(raw.get("group_role") or "")
    if said is not None or parent is None:
        return said
    if kind == OrderType.LIMIT:
        return Role.TAKE_PROFIT
    return Role.STOP_LOSS if kind in _STOPS else None


def _needed(raw: Raw, name: str, what: str) -> str:
    value = raw.get(name)
    if not value:
        raise VenueUnknown(f"{what} without {name}")
    return str(value)


def _side(raw: Raw, what: str) -> Side:
    side = SIDES.get(str(raw.get("side")))
    if side is None:
        raise VenueUnknown(f"{what} has the side {raw.get('side')!r}")
    return side
