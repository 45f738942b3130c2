"""What is asked of an exchange: one call of ``create_order``, with every amount as exact text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Optional

from truebook.venue import NewOrder, OrderType, TimeInForce, VenueNotSent, VenueRefused
from truebook.venues import _times
from truebook.venues._numbers import decimal, text
from truebook.venues.ccxt.traits import Deadline, Traits

_LIMITED = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


@dataclass(frozen=True)
class Call:
    """The arguments of ``create_order``, and headers that go with it."""

    symbol: str
    kind: str
    side: str
    amount: str
    price: Optional[str]
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, exchange: Any) -> Any:
        """Sends it, once."""
        exchange.headers = {**(exchange.headers or {}), **self.headers}
        try:
            return exchange.create_order(
                self.symbol, self.kind, self.side, self.amount, self.price, dict(self.params)
            )
        finally:
            for name in self.headers:
                exchange.headers.pop(name, None)


def is_stop(order: NewOrder) -> bool:
    """Whether it waits for a price before it works."""
    return order.order_type in _STOPS


def place(
    exchange: Any, market: dict[str, Any], order: NewOrder, traits: Traits, admission: Optional[timedelta]
) -> Call:
    """The call that sends an order.

    Raises :class:`VenueNotSent` for what the exchange has no word for, or what ccxt would not send exactly.
    """
    _refuse_legs(order)
    limit = order.limit if order.order_type in _LIMITED else None
    params = {**_identity(order, traits), **_stop(exchange, market, order, traits), **_terms(market, order)}
    headers = _deadline(order, traits, admission, params)
    return Call(
        symbol=order.instrument,
        kind="market" if limit is None else "limit",
        side=order.side.value,
        amount=_exact(order.quantity, "amount", exchange.amount_to_precision, market),
        price=None if limit is None else _exact(limit, "price", exchange.price_to_precision, market),
        params=params,
        headers=headers,
    )


def _refuse_legs(order: NewOrder) -> None:
    if order.stop_loss is not None or order.take_profit is not None:
        raise VenueRefused("legs are not sent with their entry here: they are orders of their own")


def _identity(order: NewOrder, traits: Traits) -> dict[str, Any]:
    return {traits.stop_id_param if is_stop(order) else traits.id_param: order.client_id}


def _stop(exchange: Any, market: dict[str, Any], order: NewOrder, traits: Traits) -> dict[str, Any]:
    if order.order_type == OrderType.TRAILING_STOP:
        raise VenueNotSent(f"no trailing stop is sent to {exchange.id}: nobody has practised it")
    if not is_stop(order):
        return {}
    param = traits.stops.get(order.order_type)
    if param is None or (traits.stops_need_contract and not market.get("contract")):
        raise VenueNotSent(
            f"no order of type {order.order_type.value} in {market['symbol']} is sent to {exchange.id}: nobody has "
            "seen that its stop price arrives, and without one it would trade at once"
        )
    if order.stop is None:
        raise VenueNotSent("a stop without a stop price")
    stop = _exact(order.stop, "price", exchange.price_to_precision, market)
    return {param: stop, **_direction(exchange, market, order)}


def _direction(exchange: Any, market: dict[str, Any], order: NewOrder) -> dict[str, Any]:
    """Bybit's contracts want to be told from which side a price comes; a stop is hit by one that goes against it."""
    if exchange.id != "bybit" or not market.get("contract"):
        return {}
    return {"triggerDirection": "ascending" if order.side.value == "buy" else "descending"}


def _terms(market: dict[str, Any], order: NewOrder) -> dict[str, Any]:
    params: dict[str, Any] = {}
    force = order.time_in_force
    if order.order_type == OrderType.MARKET:
        # A market order is over at once: how long it works is not sent. All or nothing it cannot promise.
        if force == TimeInForce.FOK:
            raise VenueNotSent("a market order that is filled whole or not at all cannot be sent")
    elif force in (TimeInForce.DAY, TimeInForce.GTD):
        raise VenueNotSent("orders end with no day and no date here: send them good till cancelled")
    elif force != TimeInForce.GTC:
        if is_stop(order):
            raise VenueNotSent("a stop works until it is cancelled here")
        params["timeInForce"] = force.value.upper()
    if order.reduce_only and market.get("contract"):
        params["reduceOnly"] = True
    return params


def _deadline(
    order: NewOrder, traits: Traits, admission: Optional[timedelta], params: dict[str, Any]
) -> dict[str, str]:
    """Tells the exchange until when it may take the order: into ``params``, or as headers, which are returned."""
    if order.admit_by is None or admission is None:
        return {}
    until = _times.to_milliseconds(order.admit_by)
    if traits.deadline == Deadline.WINDOW:
        # By the exchange's clock the order was written when its time began, however long it waits to be sent.
        window = admission // timedelta(milliseconds=1)
        params.update(timestamp=until - window, recvWindow=window)
    elif traits.deadline == Deadline.TEXT:
        params["deadline"] = _times.write(_times.from_milliseconds(until))
    elif traits.deadline == Deadline.UNTIL:
        params["valid_until"] = until
    elif traits.deadline == Deadline.HEADER:
        return {"expTime": str(until)}
    return {}


def _exact(number: Decimal, what: str, write: Any, market: dict[str, Any]) -> str:
    """``number`` as text, if ccxt sends it as it is: it cuts and rounds without a word."""
    plain = text(number)
    if market["precision"].get(what) is None:
        return plain
    sent = decimal(write(market["symbol"], plain), what)
    if sent != number:
        raise VenueNotSent(
            f"{what} {plain} of {market['symbol']} would be sent as {text(sent)}: it is finer than the exchange takes"
        )
    return plain
