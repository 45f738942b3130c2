"""A gateway of Interactive Brokers below a real ``IB`` object of ib_async: only its socket client is a fake.

So ib_async keeps its books as it does, with its own opinions; what the gateway says comes from the matching
simulator, one callback at a time, in the loop of ib_async.
"""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable
from datetime import timezone
from decimal import Decimal
from typing import Any, Optional

from ib_async import IB, CommissionReport, Contract, ContractDetails, Execution, Order, OrderState, Ticker
from ib_async.util import UNSET_DOUBLE

from fakes import market as sim
from fakes.market import Fill, Leg, Market, Refused

ACCOUNT = "DU1234567"
PERM_IDS = 900_000_000
_KINDS = {"MKT": "market", "LMT": "limit", "STP": "stop", "STP LMT": "stop_limit"}
_CON_ID = 265598


@dataclasses.dataclass
class Known:
    """An order that the gateway has: what the client sent, and the simulator's number."""

    order_id: int
    sent: Order
    number: Optional[int] = None

    @property
    def perm_id(self) -> int:
        return PERM_IDS + (self.number or 0)


class Client:
    """In the place of ib_async's socket client. Everything here runs in the loop, but :meth:`_on_market`."""

    def __init__(self, ib: FakeIB, market: Market, loop: asyncio.AbstractEventLoop) -> None:
        self.clientId = 7
        self.is_connected = True
        #: Requests that were sent, by name.
        self.sent: list[tuple[str, Any]] = []
        #: What an order that is sent meets instead: called with its number and the order.
        self.instead: list[Callable[[int, Order], None]] = []
        #: Whether answers are swallowed.
        self.is_silent = False
        self.loop = loop
        self._ib, self._market = ib, market
        self._next_id = 1
        self._held: list[tuple[int, Order]] = []
        self.known: dict[int, Known] = {}
        market.listeners.append(self._on_market)

    # What ib_async asks its client.

    def isReady(self) -> bool:
        return self.is_connected

    isConnected = isReady

    def getReqId(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def updateReqId(self, least: int) -> None:
        self._next_id = max(self._next_id, least)

    def placeOrder(self, order_id: int, contract: Contract, order: Order) -> None:
        self._check("placeOrder", dataclasses.replace(order))
        if self.instead:
            self.loop.call_soon(self.instead.pop(0), order_id, order)
        else:
            self.loop.call_soon(self._take, order_id, dataclasses.replace(order))

    def cancelOrder(self, order_id: int, _manual_time: str) -> None:
        self._check("cancelOrder", order_id)
        self.loop.call_soon(self._cancel, order_id)

    def reqAllOpenOrders(self) -> None:
        self._check("reqAllOpenOrders")
        self.loop.call_soon(self._tell_open)

    def reqCompletedOrders(self, api_only: bool) -> None:
        self._check("reqCompletedOrders", api_only)
        self.loop.call_soon(self._tell_completed)

    def reqExecutions(self, request: int, wanted: Any) -> None:
        self._check("reqExecutions", wanted)
        self.loop.call_soon(self._tell_executions, request)

    def reqPositions(self) -> None:
        self._check("reqPositions")
        self.loop.call_soon(self._tell_positions)

    def reqAccountSummary(self, request: int, _group: str, _tags: str) -> None:
        self._check("reqAccountSummary")
        self.loop.call_soon(self._tell_account, request)

    def reqCurrentTime(self) -> None:
        self._check("reqCurrentTime")
        now = int(self._market.now().timestamp())
        self.loop.call_soon(self._ib.wrapper.currentTime, now)

    def reqContractDetails(self, request: int, contract: Contract) -> None:
        self._check("reqContractDetails", contract)
        self.loop.call_soon(self._tell_contract, request, contract)

    def _check(self, name: str, what: Any = None) -> None:
        if not self.is_connected:
            raise ConnectionError("Not connected")
        self.sent.append((name, what))

    # What the gateway does.

    def error(self, order_id: int, code: int, text: str) -> None:
        self._ib.wrapper.error(order_id, code, text, "")
        self._ib.errorEvent.emit(order_id, code, text, None)

    def _take(self, order_id: int, order: Order) -> None:
        """Orders that do not transmit wait for the one that does."""
        self._held.append((order_id, order))
        if not order.transmit:
            return
        group, self._held = self._held, []
        (entry_id, entry), legs = group[0], group[1:]
        if Decimal(str(entry.totalQuantity)) == 0:
            return self.error(entry_id, 434, "The order size cannot be zero.")
        roles = {"LMT": "take_profit", "STP": "stop_loss", "STP LMT": "stop_loss"}
        made = [
            Leg(roles[leg.orderType], _amount(leg.lmtPrice), _amount(leg.auxPrice), leg.orderRef)
            for _, leg in legs
        ]
        before = len(self._market.orders) + 1001
        for offset, (known_id, sent) in enumerate(group):
            self.known[before + offset] = Known(known_id, sent, before + offset)
        try:
            self._market.place(
                client_id=entry.orderRef,
                side=entry.action.lower(),
                kind=_KINDS[entry.orderType],
                quantity=Decimal(str(entry.totalQuantity)),
                limit=_amount(entry.lmtPrice),
                stop=_amount(entry.auxPrice),
                tif=entry.tif,
                legs=tuple(made),
            )
        except Refused:
            del self.known[before]
            self.error(entry_id, 201, "Order rejected - reason: the quantity must be positive")
        return None

    def _cancel(self, order_id: int) -> None:
        known = next((one for one in self.known.values() if one.order_id == order_id), None)
        if known is None or known.number is None:
            return self.error(order_id, 10147, f"OrderId {order_id} that needs to be cancelled is not found.")
        try:
            self._market.cancel(known.number)
        except Refused:
            return self.error(
                order_id, 10148, f"OrderId {order_id} that needs to be cancelled cannot be cancelled."
            )
        return self.loop.call_soon(self.error, order_id, 202, "Order Canceled - reason:")  # type: ignore[return-value]

    def _on_market(self, order: sim.Order, fill: Optional[Fill]) -> None:
        """From any thread."""
        copy = dataclasses.replace(order)
        self.loop.call_soon_threadsafe(self._told, copy, fill)

    def _told(self, order: sim.Order, fill: Optional[Fill]) -> None:
        if order.number not in self.known:
            return
        self._tell_order(order)
        if fill is not None:
            self._tell_execution(-1, fill)

    def _tell_order(self, order: sim.Order) -> None:
        if self.is_silent:
            return
        known = self.known[order.number]
        word = _word(order)
        if order.is_open:
            state = OrderState(status=word)
            self._ib.wrapper.openOrder(known.order_id, contract(), self._placed(known), state)
        self._tell_status(known, order, word)

    def _tell_status(self, known: Known, order: sim.Order, word: str) -> None:
        filled, parent = float(order.filled), known.sent.parentId
        average = float(order.average or 0)
        remaining = float(order.quantity) - filled
        self._ib.wrapper.orderStatus(
            known.order_id,
            word,
            filled,
            remaining,
            average,
            known.perm_id,
            parent,
            average,
            self.clientId,
            "",
        )

    def _placed(self, known: Known) -> Order:
        return dataclasses.replace(
            known.sent,
            orderId=known.order_id,
            clientId=self.clientId,
            permId=known.perm_id,
            totalQuantity=float(known.sent.totalQuantity),
            lmtPrice=_float(known.sent.lmtPrice),
            auxPrice=_float(known.sent.auxPrice),
        )

    def _tell_execution(
        self, request: int, fill: Fill, revision: int = 1, price: Optional[Decimal] = None
    ) -> None:
        if self.is_silent:
            return
        known = self.known[fill.order]
        exec_id = f"0000e0d5.{fill.number:08x}.01.{revision:02d}"
        execution = Execution(
            execId=exec_id,
            time=fill.at.astimezone(timezone.utc),
            acctNumber=ACCOUNT,
            exchange="ISLAND",
            side="BOT" if fill.side == "buy" else "SLD",
            shares=float(fill.quantity),
            price=float(price or fill.price),
            permId=known.perm_id,
            clientId=self.clientId,
            orderId=known.order_id,
            cumQty=float(fill.quantity),
            avgPrice=float(fill.price),
            orderRef=known.sent.orderRef,
        )
        self._ib.wrapper.execDetails(request, contract(), execution)
        self._ib.wrapper.commissionReport(CommissionReport(exec_id, 1.0, "USD", UNSET_DOUBLE, UNSET_DOUBLE))

    def _tell_open(self) -> None:
        for number in list(self.known):
            order = self._market.get(number)
            if order.is_open:
                self._tell_order(order)
        if not self.is_silent:
            self._ib.wrapper.openOrderEnd()  # type: ignore[no-untyped-call]

    def _tell_completed(self) -> None:
        if self.is_silent:
            return
        for number, known in list(self.known.items()):
            order = self._market.get(number)
            if not order.is_open:
                placed = self._placed(known)
                # Lists of orders that are over leave out by which API client they were placed.
                placed.orderId, placed.clientId, placed.totalQuantity = 0, 0, 0.0
                placed.filledQuantity, placed.parentPermId = float(order.filled), self._parent_perm_id(order)
                self._ib.wrapper.completedOrder(contract(), placed, OrderState(status=_word(order)))
        self._ib.wrapper.completedOrdersEnd()  # type: ignore[no-untyped-call]

    def _parent_perm_id(self, order: sim.Order) -> int:
        return 0 if order.parent is None else self.known[order.parent].perm_id

    def _tell_executions(self, request: int) -> None:
        if self.is_silent:
            return
        for fill in list(self._market.fills):
            if fill.order in self.known:
                self._tell_execution(request, fill)
        self._ib.wrapper.execDetailsEnd(request)

    def _tell_positions(self) -> None:
        if self.is_silent:
            return
        self._ib.wrapper.position(ACCOUNT, contract(), float(self._market.position), 100.0)
        self._ib.wrapper.positionEnd()  # type: ignore[no-untyped-call]

    def _tell_account(self, request: int) -> None:
        if self.is_silent:
            return
        cash = str(self._market.cash)
        self._ib.wrapper.accountSummary(request, ACCOUNT, "TotalCashValue", cash, "USD")
        self._ib.wrapper.accountSummaryEnd(request)

    def _tell_contract(self, request: int, asked: Contract) -> None:
        if self.is_silent:
            return
        if asked.symbol == "AAPL" or asked.conId == _CON_ID:
            details = ContractDetails(contract=contract(), minTick=0.01, minSize=1.0, sizeIncrement=1.0)
            self._ib.wrapper.contractDetails(request, details)
        else:
            self._ib.errorEvent.emit(
                request, 200, "No security definition has been found for the request", asked
            )
            self._ib.wrapper.error(request, 200, "No security definition has been found for the request", "")
            return
        self._ib.wrapper.contractDetailsEnd(request)


class FakeIB(IB):
    """ib_async's ``IB`` with a fake client below."""

    def __init__(self, market: Market, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.market = market
        self.client = Client(self, market, loop)  # type: ignore[assignment]
        self.wrapper.clientId = self.client.clientId

    async def reqTickersAsync(self, *contracts: Contract, regulatorySnapshot: bool = False) -> list[Ticker]:
        tickers = [Ticker(contract=one) for one in contracts]
        for ticker in tickers:
            # What is given to its constructor is overwritten there.
            ticker.last = float(self.market.price)
        return tickers

    async def accountSummaryAsync(self, account: str = "") -> list[Any]:
        # The real one is kept up to date by the gateway from its first request on.
        await self.reqAccountSummaryAsync()
        return await super().accountSummaryAsync(account)

    def disconnect(self) -> Optional[str]:
        return None


class GatewayFake:
    """A loop in a thread, an ``IB`` in it, and the market behind."""

    def __init__(self) -> None:
        self.market = Market(ids="never")
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.ib: FakeIB = self.call(self._made)

    async def _made(self) -> FakeIB:
        return FakeIB(self.market, self.loop)

    @property
    def client(self) -> Client:
        return self.ib.client  # type: ignore[return-value]

    def call(self, make: Callable[[], Any]) -> Any:
        """What a coroutine function returns that is run in the loop."""
        return asyncio.run_coroutine_threadsafe(make(), self.loop).result(10)

    def do(self, act: Callable[[], Any]) -> Any:
        """What a function returns that is called in the loop."""

        async def made() -> Any:
            return act()

        return self.call(made)

    def orders_sent(self) -> list[Order]:
        return [what for name, what in self.client.sent if name == "placeOrder"]

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)


def contract() -> Contract:
    return Contract(
        conId=_CON_ID, symbol="AAPL", secType="STK", exchange="SMART", currency="USD", localSymbol="AAPL"
    )


def _word(order: sim.Order) -> str:
    if order.status == "new" and order.stop is not None and not order.is_triggered:
        return "PreSubmitted"
    return {"new": "Submitted", "held": "PreSubmitted", "filled": "Filled", "canceled": "Cancelled"}[
        order.status
    ]


def _amount(value: object) -> Optional[Decimal]:
    return None if value in (None, UNSET_DOUBLE) else Decimal(str(value))


def _float(value: object) -> float:
    return UNSET_DOUBLE if value is None else float(value)  # type: ignore[arg-type]
