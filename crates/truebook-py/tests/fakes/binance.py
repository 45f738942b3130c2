"""Binance spot as ccxt meets it: real paths, field names and codes, before the matching simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Optional

import ccxt

from fakes.market import Fill, Market, Order, Refused
from fakes.transport import Answer, Sent, Transport

SYMBOL = "BTC/USDT"
_OWN_SYMBOL = "BTCUSDT"
_TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"]
_KINDS = {"LIMIT": "limit", "MARKET": "market", "STOP_LOSS": "stop", "STOP_LOSS_LIMIT": "stop_limit"}
_WORDS = {"new": "NEW", "filled": "FILLED", "canceled": "CANCELED"}
_PAGE = 1000

_EXCHANGE_INFO: dict[str, Any] = {
    "timezone": "UTC",
    "rateLimits": [],
    "exchangeFilters": [],
    "symbols": [
        {
            "symbol": _OWN_SYMBOL,
            "status": "TRADING",
            "baseAsset": "BTC",
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": _TYPES,
            "icebergAllowed": True,
            "ocoAllowed": True,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.01",
                    "maxPrice": "1000000.00",
                    "tickSize": "0.01",
                },
                {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.0", "stepSize": "0.00001"},
                {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
            ],
            "permissions": [],
            "permissionSets": [["SPOT"]],
        }
    ],
}


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


class BinanceFake:
    """A ccxt exchange whose every request is answered here."""

    def __init__(self, **options: Any) -> None:
        self.market = Market(ids="open")
        self.transport = Transport(self._answer)
        self.exchange = ccxt.binance(
            {"apiKey": "key", "secret": "secret", "number": str, "enableRateLimit": False, **options}
        )
        self.exchange.session.mount("https://", self.transport)

    def orders_sent(self) -> list[Sent]:
        """Requests to place an order."""
        return self.transport.of("POST", "/api/v3/order")

    def _answer(self, sent: Sent) -> Answer:
        routes: dict[tuple[str, str], Callable[[dict[str, str]], Answer]] = {
            ("GET", "/api/v3/exchangeInfo"): lambda _: (200, _EXCHANGE_INFO),
            ("GET", "/fapi/v1/exchangeInfo"): lambda _: (200, {"symbols": []}),
            ("GET", "/dapi/v1/exchangeInfo"): lambda _: (200, {"symbols": []}),
            ("GET", "/sapi/v1/capital/config/getall"): lambda _: (200, []),
            ("GET", "/sapi/v1/margin/allPairs"): lambda _: (200, []),
            ("GET", "/sapi/v1/margin/isolated/allPairs"): lambda _: (200, []),
            ("GET", "/api/v3/time"): lambda _: (200, {"serverTime": milliseconds(self.market.now())}),
            ("GET", "/api/v3/ticker/24hr"): lambda _: (200, self._ticker()),
            ("GET", "/api/v3/account"): lambda _: (200, self._account()),
            ("POST", "/api/v3/order"): self._place,
            ("DELETE", "/api/v3/order"): self._cancel,
            ("GET", "/api/v3/order"): self._query,
            ("GET", "/api/v3/openOrders"): lambda _: (200, [self._row(order) for order in self._open()]),
            ("GET", "/api/v3/allOrders"): self._all,
            ("GET", "/api/v3/myTrades"): self._trades,
        }
        route = routes.get((sent.method, sent.path))
        return (404, "no such address") if route is None else route(sent.fields)

    def _open(self) -> list[Order]:
        return [order for order in self.market.orders.values() if order.is_open]

    def _place(self, asked: dict[str, str]) -> Answer:
        late = int(asked["timestamp"]) + int(asked["recvWindow"]) < milliseconds(self.market.now())
        if late:
            return 400, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}
        try:
            order = self.market.place(
                client_id=asked["newClientOrderId"],
                side=asked["side"].lower(),
                kind=_KINDS[asked["type"]],
                quantity=Decimal(asked["quantity"]),
                limit=_decimal(asked.get("price")),
                stop=_decimal(asked.get("stopPrice")),
                tif=asked.get("timeInForce", "GTC"),
            )
        except Refused as refused:
            if refused.args[0] == "duplicate":
                return 400, {"code": -2010, "msg": "Duplicate order sent."}
            return 400, {"code": -1013, "msg": "Invalid quantity."}
        row = {**self._row(order), "transactTime": milliseconds(order.at), "fills": []}
        for name in ("time", "updateTime", "isWorking", "stopPrice") if order.stop is None else ():
            del row[name]
        return 200, row

    def _found(self, asked: dict[str, str]) -> Order:
        if "orderId" in asked:
            return self.market.get(int(asked["orderId"]))
        return self.market.by_client_id(asked["origClientOrderId"])

    def _query(self, asked: dict[str, str]) -> Answer:
        try:
            return 200, self._row(self._found(asked))
        except Refused:
            return 400, {"code": -2013, "msg": "Order does not exist."}

    def _cancel(self, asked: dict[str, str]) -> Answer:
        try:
            order = self.market.cancel(self._found(asked).number)
        except Refused:
            return 400, {"code": -2011, "msg": "Unknown order sent."}
        return 200, {**self._row(order), "origClientOrderId": order.client_id, "clientOrderId": "cancel-1"}

    def _all(self, asked: dict[str, str]) -> Answer:
        begin, end = int(asked.get("startTime", 0)), int(asked.get("endTime", 2**62))
        if end - begin > 86_400_000:
            return 400, {"code": -1127, "msg": "More than 24 hours between startTime and endTime."}
        orders = [order for order in self.market.orders.values() if begin <= milliseconds(order.at) <= end]
        return 200, [self._row(order) for order in orders][: int(asked.get("limit", 500))]

    def _trades(self, asked: dict[str, str]) -> Answer:
        begin, end = int(asked.get("startTime", 0)), int(asked.get("endTime", 2**62))
        if end - begin > 86_400_000:
            return 400, {"code": -1127, "msg": "More than 24 hours between startTime and endTime."}
        fills = [fill for fill in self.market.fills if begin <= milliseconds(fill.at) <= end]
        return 200, [self._trade(fill) for fill in fills][: int(asked.get("limit", 500))]

    def _row(self, order: Order) -> dict[str, Any]:
        types = {kind: word for word, kind in _KINDS.items()}
        return {
            "symbol": _OWN_SYMBOL,
            "orderId": order.number,
            "orderListId": -1,
            "clientOrderId": order.client_id,
            "price": str(order.limit or "0.00000000"),
            "origQty": str(order.quantity),
            "executedQty": str(order.filled),
            "origQuoteOrderQty": "0.000000",
            "cummulativeQuoteQty": str(order.filled * (order.average or 0)),
            "status": "PARTIALLY_FILLED" if order.is_open and order.filled else _WORDS[order.status],
            "timeInForce": order.tif,
            "type": types[order.kind],
            "side": order.side.upper(),
            "stopPrice": str(order.stop or "0.0"),
            "icebergQty": "0.0",
            "time": milliseconds(order.at),
            "updateTime": milliseconds(order.updated),
            "isWorking": True,
            "workingTime": milliseconds(order.at),
            "selfTradePreventionMode": "NONE",
        }

    def _trade(self, fill: Fill) -> dict[str, Any]:
        return {
            "symbol": _OWN_SYMBOL,
            "id": fill.number,
            "orderId": fill.order,
            "orderListId": -1,
            "price": str(fill.price),
            "qty": str(fill.quantity),
            "quoteQty": str(fill.quantity * fill.price),
            "commission": "0.00010000",
            "commissionAsset": "BNB",
            "time": milliseconds(fill.at),
            "isBuyer": fill.side == "buy",
            "isMaker": False,
            "isBestMatch": True,
        }

    def _account(self) -> dict[str, Any]:
        held = {"BTC": self.market.position, "USDT": self.market.cash}
        balances = [{"asset": asset, "free": str(amount), "locked": "0"} for asset, amount in held.items()]
        return {
            "accountType": "SPOT",
            "canTrade": True,
            "updateTime": 1,
            "balances": balances,
            "permissions": ["SPOT"],
        }

    def _ticker(self) -> dict[str, Any]:
        now = milliseconds(datetime.now(timezone.utc))
        return {"symbol": _OWN_SYMBOL, "lastPrice": str(self.market.price), "openTime": now, "closeTime": now}


def _decimal(text: Optional[str]) -> Optional[Decimal]:
    return None if text is None else Decimal(text)
