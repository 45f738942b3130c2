"""Conversations with the gateway, in the loop of ib_async: orders, cancellations, lists, contracts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Optional

from ib_async import Contract, ContractDetails, ExecutionFilter, Fill, Order, Trade

from truebook.venue import (
    VenueError,
    VenueNotFound,
    VenueNotSent,
    VenueRefused,
    VenueUnknown,
)
from truebook.venues.ib import report, request, words

#: How often it is looked whether the gateway answered, in seconds.
_LOOK_S = 0.005
_CANCELLING = frozenset({"PendingCancel", "Cancelled", "ApiCancelled"})


class Gateway:
    """One ``IB`` object. Every method is to be run in its loop."""

    def __init__(self, ib: Any) -> None:
        self._ib = ib
        # ib_async knows one list of each kind at a time: a second request would steal the first one's rows.
        self._lists = asyncio.Lock()
        self._is_cut = False
        ib.errorEvent += self._on_error

    def _on_error(self, _request: int, code: int, *_: Any) -> None:
        if code == words.CONNECTION_LOST:
            self._is_cut = True
        elif code in words.CONNECTION_RESTORED:
            self._is_cut = False

    def check_connected(self) -> None:
        """Raises :class:`VenueNotSent` while there is no way to the broker: a gateway without one keeps an order,
        and sends it when the price has moved on.
        """
        if not self._ib.isConnected():
            raise VenueNotSent("there is no connection to the gateway")
        if self._is_cut:
            raise VenueNotSent("the gateway has no connection to the broker (1100)")

    async def place(self, contract: Contract, orders: list[Order]) -> list[Trade]:
        """Sends an entry and its legs, and waits until the broker has numbered all of them, or turned one down."""
        self.check_connected()
        request.number(orders, [self._ib.client.getReqId() for _ in orders])
        trades: list[Trade] = []
        for order in orders:
            try:
                trades.append(self._ib.placeOrder(contract, order))
            except ConnectionError as error:
                kind = VenueUnknown if trades else VenueNotSent
                raise kind(f"the connection to the gateway is gone: {error}") from error
        while not all(map(report.perm_id, trades)):
            self._raise_if_turned_down(trades)
            await self._look()
        self._raise_if_turned_down(trades)
        return trades

    def _raise_if_turned_down(self, trades: list[Trade]) -> None:
        """Of an order alone a refusal is one. Of a group it says nothing of the others: nobody knows."""
        for trade in trades:
            error = _turned_down(trade)
            if error is not None and len(trades) == 1:
                raise error
            if error is not None:
                raise VenueUnknown(
                    f"a part of the group was turned down, and nobody knows of the rest: {error}"
                )

    async def cancel(self, trade: Trade) -> None:
        """Asks for a cancellation, and waits until the broker says that it works on it.

        The request goes out below ib_async's own ``cancelOrder``, which calls some orders cancelled by itself.
        """
        self.check_connected()
        if trade.order.clientId != self._ib.client.clientId or trade.order.orderId <= 0:
            raise VenueNotSent(
                f"order {report.perm_id(trade)} was placed by API client {trade.order.clientId} as number "
                f"{trade.order.orderId}, and can only be cancelled there"
            )
        errors: list[tuple[int, str]] = []

        def on_error(number: int, code: int, text: str, *_: Any) -> None:
            if number == trade.order.orderId:
                errors.append((code, text))

        self._ib.errorEvent += on_error
        try:
            self._ib.client.cancelOrder(trade.order.orderId, "")
            while not errors and trade.orderStatus.status not in _CANCELLING:
                if trade.orderStatus.status == "Filled":
                    raise VenueNotFound("it was filled before it could be cancelled")
                await self._look()
        finally:
            self._ib.errorEvent -= on_error
        for code, text in errors:
            _raise_for_cancel(code, text)

    async def trade(self, is_it: Callable[[Trade], bool]) -> Optional[Trade]:
        """A live order, among those that are known and then among all that the broker has."""
        known = [trade for trade in self._ib.openTrades() if is_it(trade)]
        if known:
            found: Trade = known[-1]
            return found
        return next((trade for trade in await self.open() if is_it(trade)), None)

    async def open(self) -> list[Trade]:
        """Live orders of all API clients."""
        self.check_connected()
        async with self._lists:
            return list(await self._ib.reqAllOpenOrdersAsync())

    async def completed(self) -> list[Trade]:
        """Today's orders that are over, those by hand included."""
        self.check_connected()
        async with self._lists:
            return list(await self._ib.reqCompletedOrdersAsync(False))

    async def executions(self, account: str) -> list[Fill]:
        """Executions since midnight, or since when the gateway was told to keep them; corrections included."""
        self.check_connected()
        fills: list[Fill] = list(await self._ib.reqExecutionsAsync(ExecutionFilter(acctCode=account)))
        known = {fill.execution.execId: fill for fill in self._ib.fills()}
        # Commissions are told apart from executions, and kept with the first telling of each.
        return [known.get(fill.execution.execId, fill) for fill in fills]

    async def positions(self) -> list[Any]:
        """Positions of all accounts."""
        self.check_connected()
        async with self._lists:
            return list(await self._ib.reqPositionsAsync())

    async def details(self, contract: Contract) -> Optional[ContractDetails]:
        """What a contract is; ``None`` if the broker says that there is none.

        Raises :class:`VenueRefused` if there are several.
        """
        self.check_connected()
        codes: list[int] = []

        def on_error(_number: int, code: int, *_: Any) -> None:
            codes.append(code)

        self._ib.errorEvent += on_error
        try:
            found = list(await self._ib.reqContractDetailsAsync(contract))
        finally:
            self._ib.errorEvent -= on_error
        if len(found) > 1:
            raise VenueRefused(f"{len(found)} contracts fit {contract}: name one by its conId")
        if not found and words.NO_SUCH_CONTRACT not in codes:
            raise VenueNotSent(f"the gateway does not tell what {contract} is (errors {codes})")
        return found[0] if found else None

    async def _look(self) -> None:
        if not self._ib.isConnected():
            raise VenueUnknown("the connection to the gateway was lost before it answered")
        await asyncio.sleep(_LOOK_S)


def _turned_down(trade: Trade) -> Optional[VenueError]:
    """What is wrong with an order, if anything is."""
    entry = next((entry for entry in reversed(trade.log) if entry.errorCode), None)
    if entry is None:
        return None
    code, said = str(entry.errorCode), entry.message or "no reason given"
    if entry.errorCode in words.NOT_CONNECTED:
        return VenueNotSent(said, code=code)
    if entry.errorCode in words.REFUSALS:
        return VenueRefused(said, code=code)
    # ib_async ends an order on every error but warnings; the broker may think otherwise.
    return VenueUnknown(said, code=code) if trade.isDone() and not report.perm_id(trade) else None


def _raise_for_cancel(code: int, text: str) -> None:
    if code == words.ORDER_CANCELLED:
        return
    if code in words.CANCEL_OF_NONE:
        raise VenueNotFound(f"{code}: {text}", code=str(code))
    raise VenueUnknown(f"{code}: {text}", code=str(code))
