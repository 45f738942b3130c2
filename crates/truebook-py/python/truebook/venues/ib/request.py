"""Orders in the words of Interactive Brokers; every amount as a Decimal, which ib_async sends as it is."""

from __future__ import annotations

from datetime import timezone
from decimal import Decimal
from typing import Optional

from ib_async import Order

from truebook.venue import NewOrder, OrderType, Role, Side, TimeInForce, VenueNotSent
from truebook.venues._numbers import text
from truebook.venues.ib import words

#: Orders whose limit price counts.
LIMITED = frozenset({"LMT", "STP LMT"})
#: Orders whose ``auxPrice`` is a stop price.
STOPPED = frozenset({"STP", "STP LMT"})


def leg_ref(client_id: str, role: Role) -> str:
    """The ``orderRef`` of a leg: it says whose, and what for, even when nothing else is known any more."""
    return f"{client_id}:{role.value}"


def parse_leg_ref(ref: str) -> Optional[tuple[str, Role]]:
    """The entry's client id and the role, if this is the ``orderRef`` of a leg."""
    client_id, _, role = ref.partition(":")
    legs = {one.value: one for one in (Role.STOP_LOSS, Role.TAKE_PROFIT)}
    return (client_id, legs[role]) if client_id and role in legs else None


def place(order: NewOrder, account: str) -> list[Order]:
    """The order, and behind it its legs. Numbers and what is transmitted are filled in when they are sent.

    Raises :class:`VenueNotSent` for what has no word here.
    """
    entry = _plain(order, account)
    legs = []
    if order.take_profit is not None:
        legs.append(_leg(order, account, Role.TAKE_PROFIT, OrderType.LIMIT, order.take_profit.limit, None))
    if order.stop_loss is not None:
        kind = OrderType.STOP if order.stop_loss.limit is None else OrderType.STOP_LIMIT
        legs.append(_leg(order, account, Role.STOP_LOSS, kind, order.stop_loss.limit, order.stop_loss.stop))
    return [entry, *legs]


def number(orders: list[Order], numbers: list[int]) -> None:
    """Numbers an entry and its legs, and has only the last transmit: the gateway takes all of them or none."""
    for order, own in zip(orders, numbers):
        order.orderId = own
        order.parentId = 0 if order is orders[0] else numbers[0]
        order.transmit = order is orders[-1]


def _plain(order: NewOrder, account: str) -> Order:
    made = _made(
        account, order.client_id, order.side, order.order_type, order.quantity, order.limit, order.stop
    )
    made.tif = order.time_in_force.value.upper()
    if order.time_in_force == TimeInForce.GTD:
        if order.expires is None:
            raise VenueNotSent("an order that is good till a date, without the date")
        made.goodTillDate = order.expires.astimezone(timezone.utc).strftime("%Y%m%d-%H:%M:%S")
    if order.order_type == OrderType.TRAILING_STOP:
        _trail(made, order)
    return made


def _trail(made: Order, order: NewOrder) -> None:
    if order.trail_amount is not None:
        made.auxPrice = _sent(order.trail_amount)
    elif order.trail_percent is not None:
        made.trailingPercent = _sent(order.trail_percent)
    else:
        raise VenueNotSent("a trailing stop without a distance")


def _leg(
    order: NewOrder,
    account: str,
    role: Role,
    kind: OrderType,
    limit: Optional[Decimal],
    stop: Optional[Decimal],
) -> Order:
    """A leg goes against its entry, and protects until it is cancelled."""
    side = Side.SELL if order.side == Side.BUY else Side.BUY
    made = _made(account, leg_ref(order.client_id, role), side, kind, order.quantity, limit, stop)
    made.tif = "GTC"
    return made


def _made(
    account: str,
    ref: str,
    side: Side,
    kind: OrderType,
    quantity: Decimal,
    limit: Optional[Decimal],
    stop: Optional[Decimal],
) -> Order:
    word = words.TYPES[kind]
    made = Order(account=account, orderRef=ref, action=side.value.upper(), orderType=word)
    # Its fields are declared as floats, but are sent as the text of what they hold.
    made.totalQuantity = _sent(quantity)  # type: ignore[assignment]
    if word in LIMITED:
        made.lmtPrice = _needed(limit, "a limit order without a limit")
    if word in STOPPED:
        made.auxPrice = _needed(stop, "a stop without a stop price")
    return made


def _needed(price: Optional[Decimal], why: str) -> Decimal:
    if price is None:
        raise VenueNotSent(why)
    return _sent(price)


def _sent(amount: Decimal) -> Decimal:
    """The same number, of which ``str`` has no exponent."""
    return Decimal(text(amount))
