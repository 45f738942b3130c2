"""The broker's own Python client against the paper venue: everything that a bot does in a day.

Usage: alpaca_py.py URL. Ends with 0 and the line `all well`, or with the first thing that is not.
"""

import sys
import threading
import time
import urllib.request

from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetOrderByIdRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)
from alpaca.trading.stream import TradingStream

URL = sys.argv[1]
SEEN = []


def tick(price):
    body = ('{"symbol":"TSLA","price":"%s"}' % price).encode()
    urllib.request.urlopen(urllib.request.Request(URL + "/paper/tick", data=body)).read()


def listen():
    async def heard(update):
        SEEN.append(update)

    stream = TradingStream("key", "secret", url_override=URL.replace("http", "ws") + "/stream")
    stream.subscribe_trade_updates(heard)
    threading.Thread(target=stream.run, daemon=True).start()
    return stream


def await_event(event, client_order_id):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for update in list(SEEN):
            if str(update.event).rsplit(".", 1)[-1].lower() == event and update.order.client_order_id == client_order_id:
                return update
        time.sleep(0.02)
    raise AssertionError("no %s of %s in %s" % (event, client_order_id, [str(u.event) for u in SEEN]))


def limit(client_order_id, price, **more):
    return LimitOrderRequest(
        symbol="TSLA", qty=10, side=OrderSide.BUY, time_in_force=TimeInForce.GTC,
        limit_price=price, client_order_id=client_order_id, **more,
    )


def bracket(client, stream_is_up):
    order = client.submit_order(limit(
        "the-bracket", 290.5, order_class=OrderClass.BRACKET,
        take_profit=TakeProfitRequest(limit_price=320), stop_loss=StopLossRequest(stop_price=280),
    ))
    assert order.order_class == OrderClass.BRACKET and len(order.legs) == 2, order
    listed = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN, nested=True, symbols=["TSLA"]))
    assert [o.id for o in listed] == [order.id] and len(listed[0].legs) == 2, listed
    assert len(client.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN))) == 3
    same = client.get_order_by_client_id("the-bracket")
    assert same.id == order.id and same.qty == "10" and same.limit_price == "290.5", same
    by_id = client.get_order_by_id(order.id, GetOrderByIdRequest(nested=True))
    assert len(by_id.legs) == 2, by_id
    tick("290")
    filled = await_event("fill", "the-bracket")
    assert filled.execution_id and filled.price == 290 and filled.qty == 10 and filled.position_qty == 10, filled
    assert client.get_order_by_id(order.id).status == OrderStatus.FILLED
    assert len(client.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN))) == 2
    fills = client.get("/account/activities/FILL", {"page_size": 100})
    assert [f["order_id"] for f in fills] == [str(order.id)], fills
    assert fills[0]["id"].endswith("::" + str(filled.execution_id)), fills


def refusals(client):
    for call, status, code in [
        (lambda: client.submit_order(limit("the-bracket", 200)), 422, 40010001),
        (lambda: client.get_order_by_client_id("nobody"), 404, 40410000),
        (lambda: client.submit_order(limit("odd", 200.001)), 422, 40010001),
    ]:
        try:
            call()
        except APIError as error:
            assert error.status_code == status and error.code == code, (error.status_code, error)
        else:
            raise AssertionError("it should be refused")


def replacing(client):
    old = client.submit_order(limit("the-old", 200))
    new = client.replace_order_by_id(old.id, ReplaceOrderRequest(qty=5, limit_price=201, client_order_id="the-new"))
    assert new.id != old.id and new.replaces == old.id and new.qty == "5", new
    gone = client.get_order_by_id(old.id)
    assert gone.status == OrderStatus.REPLACED and gone.replaced_by == new.id, gone
    await_event("replaced", "the-old")
    client.cancel_order_by_id(new.id)
    await_event("canceled", "the-new")
    assert client.get_order_by_id(new.id).status == OrderStatus.CANCELED
    try:
        client.cancel_order_by_id(new.id)
    except APIError as error:
        assert error.status_code == 422, error
    else:
        raise AssertionError("it is over")


def account_and_positions(client):
    account = client.get_account()
    assert account.account_number and account.status.value == "ACTIVE" and float(account.cash) < 100000, account
    assert client.get_clock().is_open
    assert client.get_asset("TSLA").tradable and client.get_asset("BTC/USD").symbol == "BTC/USD"
    assert {asset.symbol for asset in client.get_all_assets()} == {"TSLA", "BTC/USD"}
    position = client.get_open_position("TSLA")
    assert position.qty == "10" and position.avg_entry_price == "290", position
    assert [p.symbol for p in client.get_all_positions()] == ["TSLA"]


def closing(client):
    statuses = client.cancel_orders()
    assert len(statuses) == 2 and all(s.status == 200 for s in statuses), statuses
    client.close_position("TSLA", ClosePositionRequest(qty="4"))
    assert client.get_open_position("TSLA").qty == "6"
    closed = client.close_all_positions(cancel_orders=True)
    assert [c.status for c in closed] == [200], closed
    assert client.get_all_positions() == []
    market = client.submit_order(MarketOrderRequest(
        symbol="TSLA", qty=0.5, side=OrderSide.BUY, time_in_force=TimeInForce.DAY))
    assert client.get_order_by_id(market.id).filled_qty == "0.5"
    trail = client.submit_order(TrailingStopOrderRequest(
        symbol="TSLA", qty=0.5, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, trail_price=5))
    assert trail.trail_price == "5" and trail.hwm is not None, trail
    every = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, limit=500, direction="asc"))
    assert len(every) == len({o.id for o in every}) >= 8, every


def main():
    client = TradingClient("key", "secret", paper=True, url_override=URL)
    client._retry = 0  # it sends orders again by itself otherwise
    stream = listen()
    until = time.monotonic() + 10
    while not stream._running and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.3)
    bracket(client, stream)
    refusals(client)
    replacing(client)
    account_and_positions(client)
    closing(client)
    print("all well")


main()
