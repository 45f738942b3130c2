"""Replies of exchanges to a request that places an order, with the field names of their documentation."""

from __future__ import annotations

from typing import Any

from adapters.orders import CLIENT_ID

_ALPACA_ROW: dict[str, Any] = {
    "id": "a-1",
    "client_order_id": CLIENT_ID,
    "created_at": "2026-03-02T15:30:00.125Z",
    "updated_at": "2026-03-02T15:30:00.131Z",
    "submitted_at": "2026-03-02T15:30:00.12Z",
    "symbol": "BTC/USD",
    "asset_class": "crypto",
    "qty": "2",
    "filled_qty": "0",
    "filled_avg_price": None,
    "order_type": "limit",
    "type": "limit",
    "side": "buy",
    "time_in_force": "gtc",
    "limit_price": "50",
    "stop_price": None,
    "status": "pending_new",
}

_DERIBIT_ORDER: dict[str, Any] = {
    "order_id": "USDC-1",
    "label": CLIENT_ID,
    "instrument_name": "BTC_USDC",
    "direction": "buy",
    "order_type": "limit",
    "order_state": "open",
    "price": 50.0,
    "amount": 2.0,
    "filled_amount": 0.0,
    "average_price": 0.0,
    "time_in_force": "good_til_cancelled",
    "creation_timestamp": 1_772_465_400_125,
    "last_update_timestamp": 1_772_465_400_125,
}

CREATED: dict[str, Any] = {
    "binance": {
        "symbol": "BTCUSDT",
        "orderId": 28,
        "orderListId": -1,
        "clientOrderId": CLIENT_ID,
        "transactTime": 1_772_465_400_125,
        "price": "50.00",
        "origQty": "2",
        "executedQty": "0",
        "cummulativeQuoteQty": "0",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "fills": [],
    },
    "kraken": {
        "error": [],
        "result": {"descr": {"order": "buy 2 XBTUSD @ limit 50"}, "txid": ["OUF4EM-FRGI2-MQMWZD"]},
    },
    "coinbase": {
        "success": True,
        "success_response": {
            "order_id": "c-1",
            "product_id": "BTC-USD",
            "side": "BUY",
            "client_order_id": CLIENT_ID,
        },
        "order_configuration": {
            "limit_limit_gtc": {"base_size": "2", "limit_price": "50", "post_only": False}
        },
    },
    "bybit": {
        "retCode": 0,
        "retMsg": "OK",
        "result": {"orderId": "1321003749386327552", "orderLinkId": CLIENT_ID},
        "retExtInfo": {},
        "time": 1_772_465_400_125,
    },
    "okx": {
        "code": "0",
        "msg": "",
        "data": [{"clOrdId": CLIENT_ID, "ordId": "312269865356374016", "tag": "", "sCode": "0", "sMsg": ""}],
    },
    "deribit": {"jsonrpc": "2.0", "id": 1, "result": {"order": _DERIBIT_ORDER, "trades": []}},
    "alpaca": _ALPACA_ROW,
}
OKX_STOP: dict[str, Any] = {
    "code": "0",
    "msg": "",
    "data": [
        {"algoId": "1836487817828872192", "algoClOrdId": CLIENT_ID, "clOrdId": "", "sCode": "0", "sMsg": ""}
    ],
}
