"""Interactive Brokers as a venue, through ib_async."""

from __future__ import annotations

import math
import threading
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Optional

from ib_async import CommissionReport, Contract, ContractDetails, Fill, Trade

from truebook.venue import (
    Accepted,
    AccountReport,
    Capabilities,
    FillReport,
    IdClass,
    Listing,
    NewOrder,
    OrderReport,
    PositionReport,
    Rules,
    StreamEvent,
    Target,
    Venue,
    VenueNotFound,
    VenueNotSent,
    VenueRefused,
    VenueUnknown,
)
from truebook.venues import _times
from truebook.venues._listing import Reading
from truebook.venues._numbers import decimal
from truebook.venues._words import OVER
from truebook.venues.ib import report, request
from truebook.venues.ib.contracts import Contracts, UsStocks
from truebook.venues.ib.day import new_york_midnight
from truebook.venues.ib.gateway import Gateway
from truebook.venues.ib.loop import Loop
from truebook.venues.ib.stream import Events

if TYPE_CHECKING:
    import asyncio

#: How late an accepted order may show in lists, where nobody measured it.
PROPAGATION = timedelta(seconds=60)
#: How long the gateway may take to answer, in seconds.
REPLY_TIMEOUT_S = 10.0
#: Fifty messages a second, of which a request can be several.
_REQUESTS_PER_MINUTE = 45 * 60


class IbVenue(Venue):
    """Interactive Brokers, through a connected ``IB`` object of ib_async whose event loop runs in another thread.

    The client order id travels as ``orderRef``; orders are known by their ``permId``. ``account`` is the broker's
    account code. ``loop`` is the loop in which ``ib`` was connected; where there is none yet, :meth:`connect` makes
    one in a thread of its own. ``contracts`` says which names mean which contracts; by default ``AAPL`` is a share in
    dollars. ``day_begins`` says since when lists of orders that are over, and of executions, are whole.
    """

    def __init__(
        self,
        ib: Any,
        *,
        account: str,
        loop: asyncio.AbstractEventLoop,
        contracts: Optional[Contracts] = None,
        propagation: timedelta = PROPAGATION,
        reply_timeout_s: float = REPLY_TIMEOUT_S,
        day_begins: Callable[[datetime], datetime] = new_york_midnight,
    ) -> None:
        self._ib = ib
        self._account = account
        self._loop = Loop(loop)
        self._own_loop: Optional[Loop] = None
        # Events of ib_async do not keep who listens alive.
        self._streams: set[Events] = set()
        self._contracts: Contracts = contracts or UsStocks()
        self._timeout_s = reply_timeout_s
        self._day_begins = day_begins
        self._capabilities = _capabilities(propagation)
        self._lock = threading.Lock()
        self._details: dict[str, ContractDetails] = {}
        self._names: dict[int, str] = {}
        self._perm_ids: dict[str, int] = {}
        self._gateway = self._loop.run(self._make_gateway, reply_timeout_s)

    @classmethod
    def connect(cls, make: Callable[[], Awaitable[Any]], *, account: str, **more: Any) -> IbVenue:
        """A venue with a loop and a thread of its own. ``make`` is a coroutine function that makes an ``IB`` object
        and connects it, with ``await ib.connectAsync(...)``.
        """
        loop = Loop.own()

        async def made() -> Any:
            return await make()

        ib = loop.run(made, more.get("reply_timeout_s", REPLY_TIMEOUT_S))
        venue = cls(ib, account=account, loop=loop.turned, **more)
        venue._own_loop = loop
        return venue

    def close(self) -> None:
        """Ends the connection and the thread that :meth:`connect` made; a loop that was given is left alone."""
        if self._own_loop is not None:
            self._own_loop.soon(self._ib.disconnect)
            self._own_loop.stop()

    async def _make_gateway(self) -> Gateway:
        return Gateway(self._ib)

    @property
    def name(self) -> str:
        """``ibkr``."""
        return "ibkr"

    @property
    def capabilities(self) -> Capabilities:
        """Class C, native brackets, nothing can be looked up, little is remembered."""
        return self._capabilities

    def now(self) -> datetime:
        """The broker's clock, in whole seconds."""

        async def ask() -> datetime:
            self._gateway.check_connected()
            at: datetime = await self._ib.reqCurrentTimeAsync()
            return at

        return self._loop.run(ask, self._timeout_s)

    def submit(self, order: NewOrder) -> Accepted:
        """Sends an order, once; with the legs of a bracket, of which only the last transmits all."""
        orders = request.place(order, self._account)
        contract = self._contract_before(order.instrument)
        trades = self._loop.run(lambda: self._gateway.place(contract, orders), self._timeout_s)
        first, *legs = (self._order(trade) for trade in self._learn(trades))
        return Accepted(first, tuple(legs))

    def cancel(self, target: Target) -> None:
        """Asks for a cancellation."""

        async def ask() -> None:
            trade = await self._gateway.trade(lambda trade: _is_target(trade, target))
            if trade is None:
                raise VenueNotFound(f"no live order {target.venue_order or target.client_id}")
            await self._gateway.cancel(trade)

        self._loop.run(ask, self._timeout_s)

    def find(self, client_id: str, instrument: str) -> Optional[OrderReport]:
        """Looks through the lists. What is in none may still be one that closed before today, so it is not known
        to be absent: that raises :class:`VenueUnknown`.
        """
        found = self._in_lists(lambda one: one.client_id == client_id)
        if found is None:
            raise VenueUnknown(
                f"the broker cannot be asked for {client_id}, and it is in none of today's lists"
            )
        return found

    def find_venue_order(self, venue_order: str) -> Optional[OrderReport]:
        """Looks through the lists of live orders and of today's that are over."""
        return self._in_lists(lambda one: one.venue_order == venue_order)

    def open_orders(self) -> Listing[OrderReport]:
        """Live orders of all API clients in this account."""
        reading: Reading[OrderReport] = Reading()
        with reading.may_cut():
            trades = self._loop.run(self._gateway.open, self._timeout_s)
            reading.add(self._own(trades), self._order)
        reading.rows = [row for row in reading.rows if row.status not in OVER]
        return reading.listing()

    def closed_orders(self, since: datetime) -> Listing[OrderReport]:
        """Today's orders that are over."""
        reading: Reading[OrderReport] = Reading()
        with reading.may_cut():
            trades = self._loop.run(self._gateway.completed, self._timeout_s)
            reading.add(self._own(trades), lambda trade: self._order(trade, is_completed=True))
        reading.rows = [row for row in reading.rows if row.status in OVER]
        return reading.listing(self._since(since))

    def fills(self, since: datetime) -> Listing[FillReport]:
        """Today's executions, oldest first, corrected ones as they are now."""
        reading: Reading[FillReport] = Reading()
        with reading.may_cut():
            fills = self._loop.run(lambda: self._gateway.executions(self._account), self._timeout_s)
            own = [fill for fill in report.newest(fills) if fill.execution.acctNumber == self._account]
            for fill in own:
                self._remember(fill.execution.orderRef, fill.execution.permId)
            reading.add(own, lambda fill: self._fill(fill, fill.commissionReport))
        reading.rows = [row for row in reading.rows if row.at >= since]
        return reading.listing(self._since(since))

    def positions(self) -> Listing[PositionReport]:
        """Positions of this account."""
        reading: Reading[PositionReport] = Reading()
        with reading.may_cut():
            raw = self._loop.run(self._gateway.positions, self._timeout_s)
            own = [position for position in raw if position.account == self._account]
            reading.add(own, lambda position: report.position(position, self._name))
        reading.rows = [row for row in reading.rows if row.quantity]
        return reading.listing()

    def account(self) -> AccountReport:
        """The account's cash. ib_async has it told every few minutes."""

        async def ask() -> Any:
            self._gateway.check_connected()
            return await self._ib.accountSummaryAsync(self._account)

        for value in self._loop.run(ask, self._timeout_s):
            if value.tag == "TotalCashValue" and value.account == self._account:
                return AccountReport(self._account, decimal(value.value, "TotalCashValue"))
        raise VenueUnknown(f"the gateway does not tell the cash of account {self._account}")

    def rules(self, instrument: str) -> Optional[Rules]:
        """Steps of prices and quantities; ``None`` for what the broker does not know."""
        details = self._loop.run(lambda: self._known(instrument), self._timeout_s)
        if details is None or details.contract is None:
            return None
        multiplier = details.contract.multiplier
        return Rules(
            tick=decimal(details.minTick, "minTick"),
            lot=decimal(details.sizeIncrement or 1, "sizeIncrement"),
            multiplier=decimal(multiplier, "multiplier") if multiplier and multiplier != "1" else None,
        )

    def last_price(self, instrument: str) -> Optional[Decimal]:
        """The price of the last trade, if the account may see it."""

        async def ask() -> Any:
            contract = await self._contract(instrument)
            return await self._ib.reqTickersAsync(contract)

        for ticker in self._loop.run(ask, self._timeout_s):
            if not math.isnan(ticker.last) and ticker.last > 0:
                return decimal(ticker.last, "the last price")
        return None

    def stream(self, emit: Callable[[StreamEvent], None]) -> Optional[Callable[[], None]]:
        """What ib_async's events tell."""
        events = Events(self._ib, emit, self._learned_order, self._fill, self._loop.later)

        async def begin() -> None:
            events.listen()
            self._streams.add(events)

        def end() -> None:
            events.leave()
            self._streams.discard(events)

        self._loop.run(begin, self._timeout_s)
        return lambda: self._loop.soon(end)

    async def _known(self, instrument: str) -> Optional[ContractDetails]:
        """What a name means to the broker; ``None`` if nothing. In the loop."""
        with self._lock:
            known = self._details.get(instrument)
        wanted = self._contracts.contract(instrument) if known is None else None
        if wanted is None:
            return known
        found = await self._gateway.details(wanted)
        if found is not None and found.contract is not None:
            with self._lock:
                self._details[instrument] = found
                self._names[found.contract.conId] = instrument
        return found

    def _contract_before(self, instrument: str) -> Contract:
        """What an order is for, asked before it is sent: without an answer nothing is."""
        try:
            return self._loop.run(lambda: self._contract(instrument), self._timeout_s)
        except VenueUnknown as error:
            raise VenueNotSent(f"{instrument!r} was not looked up, so nothing was sent: {error}") from error

    async def _contract(self, instrument: str) -> Contract:
        details = await self._known(instrument)
        if details is None or details.contract is None:
            raise VenueRefused(f"{instrument!r} names no contract of the broker")
        return details.contract

    def _name(self, contract: Contract) -> str:
        """The name under which it was asked for, if it was."""
        with self._lock:
            known = self._names.get(contract.conId)
        return known or self._contracts.instrument(contract)

    def _in_lists(self, is_it: Callable[[OrderReport], bool]) -> Optional[OrderReport]:
        """The order, among live ones and then among those that are over: it can close between, not open."""
        for listing in (self.open_orders(), self.closed_orders(_times.EPOCH)):
            for row in listing.rows:
                if is_it(row):
                    return row
            if listing.failed or listing.partial:
                raise VenueUnknown(listing.failed or listing.partial or "")
        return None

    def _own(self, trades: Iterable[Trade]) -> list[Trade]:
        """Those of this account, each learnt."""
        return self._learn([trade for trade in trades if trade.order.account in ("", self._account)])

    def _learn(self, trades: list[Trade]) -> list[Trade]:
        for trade in trades:
            self._remember(trade.order.orderRef, report.perm_id(trade))
        return trades

    def _remember(self, ref: str, perm_id: int) -> None:
        if ref and perm_id:
            with self._lock:
                self._perm_ids[ref] = perm_id

    def _perm_id_of(self, client_id: str) -> Optional[int]:
        with self._lock:
            return self._perm_ids.get(client_id)

    def _order(self, trade: Trade, is_completed: bool = False) -> OrderReport:
        return report.order(trade, self._name, self._perm_id_of, is_completed)

    def _learned_order(self, trade: Trade) -> OrderReport:
        return self._order(self._learn([trade])[0])

    def _fill(self, fill: Fill, commission: Optional[CommissionReport]) -> FillReport:
        return report.fill(fill, commission, self._name)

    def _since(self, since: datetime) -> datetime:
        return max(since, self._day_begins(_times.utc_now()))


def _is_target(trade: Trade, target: Target) -> bool:
    if target.venue_order is not None:
        return str(report.perm_id(trade)) == target.venue_order
    return trade.order.orderRef == target.client_id


def _capabilities(propagation: timedelta) -> Capabilities:
    one_day, nothing = timedelta(days=1), timedelta(0)
    return Capabilities(
        id_class=IdClass.C,
        client_id_max=128,
        client_id_punctuation=":-_.",
        propagation=propagation,
        # Until midnight, which may be now.
        unfilled_visible=nothing,
        closed_window=one_day,
        fills_window=one_day,
        lookup_by_id=False,
        native_brackets=True,
        requests_per_minute=_REQUESTS_PER_MINUTE,
    )
