"""Alpaca's Trading API v2 as alpaca-py meets it: real addresses, field names and codes, before the simulator."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Optional

from alpaca.data.historical import StockHistoricalDataClient
from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream

from fakes.market import Fill, Leg, Market, Order, Refused
from fakes.transport import Answer, Sent, Transport

SYMBOL = "TSLA"
_ORDERS_PAGE, _ACTIVITIES_PAGE = 500, 100
_EVENTS = {"new": "new", "held": "new", "filled": "fill", "canceled": "canceled", "replaced": "replaced"}
_NOT_FOUND: Answer = (404, {"code": 40410000, "message": "order not found"})
_OVER = ("canceled", "filled", "replaced")


def order_id(number: int) -> str:
    return f"11111111-0000-4000-8000-{number:012d}"


def _number(own_id: str) -> int:
    return int(own_id.rpartition("-")[2])


def _time(at: datetime) -> str:
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class AlpacaFake:
    """Clients of alpaca-py whose every request is answered here."""

    def __init__(self) -> None:
        self.market = Market(ids="ever")
        self.transport = Transport(self._answer)
        self.trading = TradingClient("key", "secret", paper=True)
        self.data = StockHistoricalDataClient("key", "secret")
        for client in (self.trading, self.data):
            client._session.mount("https://", self.transport)

    def stream(self) -> FakeStream:
        """A stream that tells what happens here."""
        return FakeStream(self)

    def orders_sent(self) -> list[Sent]:
        """Requests to place an order."""
        return self.transport.of("POST", "/v2/orders")

    def _answer(self, sent: Sent) -> Answer:
        exact: dict[tuple[str, str], Callable[[Sent], Answer]] = {
            ("POST", "/v2/orders"): self._place,
            ("GET", "/v2/orders"): self._list,
            ("GET", "/v2/orders:by_client_order_id"): self._by_client_id,
            ("GET", "/v2/account/activities/FILL"): self._activities,
            ("GET", "/v2/positions"): lambda _: (200, self._positions()),
            ("GET", "/v2/account"): lambda _: (200, self._account()),
            ("GET", "/v2/clock"): lambda _: (200, {"timestamp": _time(self.market.now()), "is_open": True}),
            ("GET", f"/v2/assets/{SYMBOL}"): lambda _: (200, _ASSET),
            ("GET", f"/v2/stocks/{SYMBOL}/trades/latest"): lambda _: (200, self._latest()),
        }
        route = exact.get((sent.method, sent.path))
        if route is not None:
            return route(sent)
        if sent.path.startswith("/v2/orders/"):
            return self._one(sent)
        return 404, {"code": 40410000, "message": f"{sent.path} not found"}

    def _one(self, sent: Sent) -> Answer:
        number = _number(sent.path)
        if number not in self.market.orders:
            return _NOT_FOUND
        one: dict[str, Callable[[int, Sent], Answer]] = {
            "GET": lambda number, _: (200, self.row(self.market.get(number), with_legs=True)),
            "DELETE": self._cancel,
            "PATCH": self._replace,
        }
        return one[sent.method](number, sent)

    def _place(self, sent: Sent) -> Answer:
        asked = sent.json
        if asked["symbol"] != SYMBOL:
            return 422, {"code": 42210000, "message": f'asset "{asked["symbol"]}" not found'}
        try:
            order = self.market.place(
                client_id=asked["client_order_id"],
                side=asked["side"],
                kind=asked["type"],
                quantity=Decimal(asked["qty"]),
                limit=_decimal(asked.get("limit_price")),
                stop=_decimal(asked.get("stop_price")),
                tif=asked["time_in_force"],
                legs=_legs(asked),
            )
        except Refused as refused:
            if refused.args[0] == "duplicate":
                return 422, {"code": 40010001, "message": "client_order_id must be unique"}
            return 422, {"code": 42210000, "message": "qty must be > 0"}
        return 200, self.row(order, with_legs=True)

    def _cancel(self, number: int, _: Sent) -> Answer:
        try:
            self.market.cancel(number)
        except Refused:
            status = self.market.get(number).status
            return 422, {"code": 42210000, "message": f'order is already in "{status}" state'}
        return 204, None

    def _replace(self, number: int, sent: Sent) -> Answer:
        asked = sent.json
        new = {name: _decimal(asked.get(field)) for name, field in _REPLACED.items()}
        try:
            order = self.market.replace(number, asked["client_order_id"], **new)
        except Refused:
            return 422, {"code": 42210000, "message": "order cannot be replaced"}
        return 200, self.row(order, with_legs=True)

    def _by_client_id(self, sent: Sent) -> Answer:
        try:
            return 200, self.row(self.market.by_client_id(sent.query["client_order_id"]), with_legs=True)
        except Refused:
            return _NOT_FOUND

    def _list(self, sent: Sent) -> Answer:
        asked, wanted = sent.query, {"open": ("new", "held"), "closed": _OVER, "all": ("new", "held", *_OVER)}
        rows = [
            order
            for order in self.market.orders.values()
            if order.status in wanted[asked.get("status", "open")]
        ]
        after, until = asked.get("after", ""), asked.get("until", "9")
        rows = [order for order in rows if after < _time(order.at) < until]
        if asked.get("nested") == "true":
            listed = {order.number for order in rows}
            rows = [order for order in rows if order.parent is None or order.parent not in listed]
        rows = sorted(
            rows, key=lambda order: (order.at, order.number), reverse=asked.get("direction") != "asc"
        )
        rows = rows[: int(asked.get("limit", 50))]
        return 200, [self.row(order, with_legs=asked.get("nested") == "true") for order in rows]

    def _activities(self, sent: Sent) -> Answer:
        rows = [self._activity(fill) for fill in self.market.fills]
        rows = [row for row in rows if row["transaction_time"] > sent.query.get("after", "")]
        token = sent.query.get("page_token")
        if token:
            ids = [row["id"] for row in rows]
            rows = rows[ids.index(token) + 1 :]
        return 200, rows[: min(int(sent.query.get("page_size", _ACTIVITIES_PAGE)), _ACTIVITIES_PAGE)]

    def _activity(self, fill: Fill) -> dict[str, Any]:
        return {
            "id": f"{fill.at.strftime('%Y%m%d%H%M%S')}000::{execution_id(fill)}",
            "activity_type": "FILL",
            "transaction_time": _time(fill.at),
            "type": "fill",
            "price": str(fill.price),
            "qty": str(fill.quantity),
            "side": fill.side,
            "symbol": SYMBOL,
            "leaves_qty": "0",
            "cum_qty": str(fill.quantity),
            "order_id": order_id(fill.order),
            "order_status": "filled",
        }

    def row(self, order: Order, with_legs: bool = False) -> dict[str, Any]:
        legs = self.market.legs(order.number) if with_legs else []
        is_group = order.parent is not None or bool(self.market.legs(order.number))
        return {
            "id": order_id(order.number),
            "client_order_id": order.client_id,
            "created_at": _time(order.at),
            "updated_at": _time(order.updated),
            "submitted_at": _time(order.at),
            "filled_at": None,
            "expired_at": None,
            "canceled_at": None,
            "failed_at": None,
            "replaced_at": None,
            "replaced_by": None if order.replaced_by is None else order_id(order.replaced_by),
            "replaces": None if order.replaces is None else order_id(order.replaces),
            "asset_id": "22222222-0000-4000-8000-000000000001",
            "symbol": SYMBOL,
            "asset_class": "us_equity",
            "notional": None,
            "qty": str(order.quantity),
            "filled_qty": str(order.filled),
            "filled_avg_price": _text(order.average),
            "order_class": "bracket" if is_group else "",
            "order_type": order.kind,
            "type": order.kind,
            "side": order.side,
            "time_in_force": order.tif,
            "limit_price": _text(order.limit),
            "stop_price": _text(order.stop),
            "status": "partially_filled" if order.is_open and order.filled else order.status,
            "extended_hours": False,
            "legs": [self.row(leg) for leg in legs] or None,
            "trail_percent": None,
            "trail_price": None,
            "hwm": None,
        }

    def _positions(self) -> list[dict[str, Any]]:
        if not self.market.position:
            return []
        side = "long" if self.market.position > 0 else "short"
        return [
            {
                "symbol": SYMBOL,
                "qty": str(self.market.position),
                "side": side,
                "avg_entry_price": "100",
                "exchange": "X",
            }
        ]

    def _account(self) -> dict[str, Any]:
        return {
            "id": "33333333-0000-4000-8000-000000000001",
            "account_number": "PA3XYZ",
            "status": "ACTIVE",
            "currency": "USD",
            "cash": str(self.market.cash),
            "trading_blocked": False,
            "account_blocked": False,
            "trade_suspended_by_user": False,
        }

    def _latest(self) -> dict[str, Any]:
        return {
            "symbol": SYMBOL,
            "trade": {"t": _time(self.market.now()), "x": "V", "p": float(self.market.price), "s": 1},
        }


_REPLACED = {"quantity": "qty", "limit": "limit_price", "stop": "stop_price"}
_ASSET = {
    "id": "22222222-0000-4000-8000-000000000001",
    "class": "us_equity",
    "symbol": SYMBOL,
    "status": "active",
    "tradable": True,
    "fractionable": True,
}


def execution_id(fill: Fill) -> str:
    return f"44444444-0000-4000-8000-{fill.number:012d}"


def _legs(asked: dict[str, Any]) -> tuple[Leg, ...]:
    profit, stop = asked.get("take_profit"), asked.get("stop_loss")
    legs = []
    if profit:
        legs.append(Leg("take_profit", limit=Decimal(profit["limit_price"])))
    if stop:
        legs.append(
            Leg("stop_loss", limit=_decimal(stop.get("limit_price")), stop=Decimal(stop["stop_price"]))
        )
    return tuple(legs)


def _decimal(text: Optional[str]) -> Optional[Decimal]:
    return None if text is None else Decimal(text)


def _text(number: Optional[Decimal]) -> Optional[str]:
    return None if number is None else str(number)


class FakeStream(TradingStream):  # type: ignore[misc]
    """alpaca-py's stream, with a connection to the fake."""

    def __init__(self, fake: AlpacaFake) -> None:
        super().__init__("key", "secret", paper=True)
        self._fake = fake
        self.sockets: list[FakeSocket] = []
        self._reconnect_min_backoff = self._reconnect_max_backoff = 0.01
        fake.market.listeners.append(self._on_market)

    async def _connect(self) -> None:
        self._ws = FakeSocket(asyncio.get_running_loop())
        self.sockets.append(self._ws)

    def _on_market(self, order: Order, fill: Optional[Fill]) -> None:
        """From any thread."""
        update: dict[str, Any] = {
            "event": "partial_fill" if fill is not None and order.is_open else _EVENTS[order.status],
            "timestamp": _time(order.updated),
            "order": self._fake.row(order),
        }
        if fill is not None:
            update.update(
                execution_id=execution_id(fill),
                price=str(fill.price),
                qty=str(fill.quantity),
                position_qty="0",
            )
        self.say({"stream": "trade_updates", "data": update})

    def say(self, message: dict[str, Any]) -> None:
        """The venue says this on the connection of now."""
        if self.sockets:
            self.sockets[-1].feed(message)


class FakeSocket:
    """A websocket whose other side is the fake."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def feed(self, message: Any) -> None:
        self._loop.call_soon_threadsafe(self._queue.put_nowait, message)

    async def send(self, text: str) -> None:
        asked = json.loads(text)
        if asked["action"] == "authenticate":
            self.feed({"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}})
        else:
            self.feed({"stream": "listening", "data": asked["data"]})

    async def recv(self) -> str:
        message = await self._queue.get()
        if isinstance(message, Exception):
            raise message
        return json.dumps(message)

    async def close(self) -> None:
        pass
