"""ccxt as a venue: the exchange object does the talking, this says what it means."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Optional

import ccxt

from truebook.venue import (
    Accepted,
    AccountReport,
    Capabilities,
    FillReport,
    Listing,
    NewOrder,
    OrderReport,
    PositionReport,
    Rules,
    StreamEvent,
    Target,
    Venue,
    VenueError,
    VenueNotFound,
    VenueNotSent,
    VenueRefused,
    VenueUnknown,
)
from truebook.venues import _times
from truebook.venues._listing import Reading
from truebook.venues._numbers import UNREADABLE, decimal, nonzero_or_none
from truebook.venues._polling import Poller
from truebook.venues._words import OVER
from truebook.venues.ccxt import classify, guard, pages, refs, request, rules
from truebook.venues.ccxt.capabilities import capabilities_of, closed_method, features_of
from truebook.venues.ccxt.lookup import Finder
from truebook.venues.ccxt.report import Reader
from truebook.venues.ccxt.traits import Errors, Traits, Until, traits_of

#: How long after its time of sending an exchange may take an order, where it can be told.
ADMISSION = timedelta(seconds=5)


class CcxtVenue(Venue):
    """An exchange of ccxt.

    ``exchange`` is an object of plain (synchronous) ccxt, made with ``{"number": str}`` so that amounts stay exact;
    it belongs to the venue from then on. ``account`` is what the book calls the account. ``symbols`` are ccxt's
    unified symbols of all that the book trades: lists are read for these. Of spot symbols no two may have the same
    base, because one balance cannot be told apart. ``cash`` is the currency of the account's cash; it need not be
    given where all symbols are quoted in one. ``admission`` is how long after its sending an order may be taken.
    With ``poll_every`` there is a stream, made of reading the lists again and again. ``traits`` tells of an exchange
    that is not in the table.

    Raises :class:`ValueError` for an exchange that would send requests again by itself, or read amounts as floats.
    """

    def __init__(
        self,
        exchange: Any,
        *,
        account: str,
        symbols: Sequence[str],
        cash: Optional[str] = None,
        admission: timedelta = ADMISSION,
        poll_every: Optional[timedelta] = None,
        traits: Optional[Traits] = None,
    ) -> None:
        guard.check_sync(exchange)
        guard.check_numbers(exchange)
        guard.forbid_retries(exchange)
        self._exchange = exchange
        self._account = account
        self._symbols = rules.checked_symbols(symbols)
        self._cash = cash or rules.only_quote(self._symbols)
        self._poll_every = poll_every
        self._traits = traits or traits_of(exchange.id)
        self._reader = Reader(exchange.id, self._traits)
        self._finder = Finder(exchange, self._traits)
        self._capabilities = capabilities_of(exchange, self._symbols, self._traits, admission)
        # ccxt's objects are not made for several threads: nonces, rate limits and markets are shared.
        self._lock = threading.Lock()
        rules.prefer_listed_markets(exchange, self._symbols)

    @property
    def name(self) -> str:
        """ccxt's id of the exchange, with ``-sandbox`` where it is none for real money."""
        is_sandbox = getattr(self._exchange, "isSandboxModeEnabled", False)
        return f"{self._exchange.id}-sandbox" if is_sandbox else str(self._exchange.id)

    @property
    def capabilities(self) -> Capabilities:
        """What is known of the exchange, and what ccxt says of it."""
        return self._capabilities

    def now(self) -> datetime:
        """The exchange's clock, or this machine's if it tells no time."""
        if not self._exchange.has.get("fetchTime"):
            return _times.utc_now()
        with self._asking(classify.on_read):
            milliseconds = self._exchange.fetch_time()
        return _times.from_milliseconds(int(decimal(milliseconds, "the exchange's time")))

    def submit(self, order: NewOrder) -> Accepted:
        """Sends an order, once."""
        with self._asking(classify.on_order):
            guard.assert_sends_once(self._exchange)
            market = self._market(order.instrument)
            call = request.place(self._exchange, market, order, self._traits, self._capabilities.admission)
            raw = call.send(self._exchange)
            classify.raise_for_row(self._exchange, raw)
            report = self._reader.order(raw, self._is_apart(order), sent=order)
        if report.client_id != order.client_id:
            raise VenueUnknown(f"the reply is about another order: {report.client_id}, not {order.client_id}")
        return Accepted(report)

    def cancel(self, target: Target) -> None:
        """Asks for a cancellation, by the exchange's id or, where it takes that, by the client id."""
        with self._asking(classify.on_cancel):
            guard.assert_sends_once(self._exchange)
            self._market(target.instrument)
            if target.venue_order is None and self._traits.cancel_id_param is not None:
                named = {self._traits.cancel_id_param: target.client_id}
                raw = self._exchange.cancel_order(None, target.instrument, named)
            else:
                ref = refs.parse(target.venue_order or self._looked_up(target))
                params = {"trigger": True} if ref.is_stop else {}
                raw = self._exchange.cancel_order(ref.own, ref.symbol, params)
            classify.raise_for_row(self._exchange, raw)

    def find(self, client_id: str, instrument: str) -> Optional[OrderReport]:
        """An order by client id. Where the exchange cannot be asked for that, only a live one can be found."""
        with self._asking(classify.on_read):
            return self._finder.by_client_id(client_id, self._market(instrument)["symbol"])

    def find_venue_order(self, venue_order: str) -> Optional[OrderReport]:
        """An order by its id, spelled as reports spell it."""
        ref = refs.parse(venue_order)
        with self._asking(classify.on_read):
            self._market(ref.symbol)
            return self._finder.by_ref(ref)

    def open_orders(self) -> Listing[OrderReport]:
        """All live orders in the venue's symbols, stops included."""
        reading: Reading[OrderReport] = Reading()
        lists = (False, True) if self._traits.stops_apart else (False,)
        for symbol in self._asked_symbols():
            for is_stop in lists:
                with reading.may_cut():
                    for rows in self._open_pages(symbol, is_stop):
                        reading.add(self._own(rows), self._reader.stop if is_stop else self._reader.order)
        reading.rows = [row for row in _once_each(reading.rows) if row.status not in OVER]
        return reading.listing()

    def closed_orders(self, since: datetime) -> Listing[OrderReport]:
        """Orders that are over, among those that the exchange got since."""
        since = self._within(since, self._capabilities.closed_window)
        reading: Reading[OrderReport] = Reading()
        for is_stop in (False, True) if self._traits.stops_apart else (False,):
            for method in self._traits.closed_methods:
                self._read_closed(reading, method, since, is_stop)
        reading.rows = [row for row in _once_each(reading.rows) if row.status in OVER]
        return reading.listing(since)

    def fills(self, since: datetime) -> Listing[FillReport]:
        """Executions since, oldest first."""
        since = self._within(since, self._capabilities.fills_window)
        reading: Reading[FillReport] = Reading()
        for symbol in self._asked_symbols():
            features = features_of(self._exchange, symbol or self._symbols[0])
            limit = features.limit("fetchMyTrades") or self._traits.fills_page
            span = features.days("fetchMyTrades", "untilDays")
            for rows in self._paged(
                reading, "fetch_my_trades", symbol, since, limit, span, self._traits.fills_until
            ):
                reading.add(self._own(rows), self._reader.fill)
        unique = {fill.execution: fill for fill in reading.rows}
        reading.rows = sorted(
            (fill for fill in unique.values() if fill.at >= since), key=lambda fill: fill.at
        )
        return reading.listing(since)

    def positions(self) -> Listing[PositionReport]:
        """Positions in contracts, and what is held of each base that is traded on the spot market."""
        reading: Reading[PositionReport] = Reading()
        contracts = [symbol for symbol in self._symbols if ":" in symbol]
        spot = [symbol for symbol in self._symbols if ":" not in symbol]
        if contracts:
            with reading.may_cut(), self._asking(classify.on_read):
                reading.add(self._own(self._exchange.fetch_positions(contracts)), self._reader.position)
        if spot:
            with reading.may_cut(), self._asking(classify.on_read):
                totals = self._exchange.fetch_balance()["total"]
                reading.add(spot, lambda symbol: _held(symbol, totals))
        reading.rows = [row for row in reading.rows if row.quantity]
        return reading.listing()

    def account(self) -> AccountReport:
        """The account's cash: what it has of that currency, whether free or in orders."""
        with self._asking(classify.on_read):
            totals = self._exchange.fetch_balance()["total"]
            return AccountReport(self._account, decimal(totals.get(self._cash) or 0, self._cash))

    def rules(self, instrument: str) -> Optional[Rules]:
        """Steps and the least value of orders; ``None`` for what is not among the venue's symbols."""
        if instrument not in self._symbols:
            return None
        with self._asking(classify.on_read):
            return rules.rules_of(self._exchange, self._market(instrument))

    def last_price(self, instrument: str) -> Optional[Decimal]:
        """The price of the last trade."""
        if not self._exchange.has.get("fetchTicker"):
            return None
        with self._asking(classify.on_read):
            ticker = self._exchange.fetch_ticker(self._market(instrument)["symbol"])
            return nonzero_or_none(ticker.get("last"), "the last price")

    def stream(self, emit: Callable[[StreamEvent], None]) -> Optional[Callable[[], None]]:
        """With ``poll_every``, what is new in the lists; plain ccxt has no stream."""
        return None if self._poll_every is None else Poller(self, self._poll_every, emit).start()

    def _market(self, symbol: str) -> dict[str, Any]:
        """ccxt's market. Raises :class:`VenueRefused` if it is not one that this venue trades."""
        if symbol not in self._symbols:
            raise VenueRefused(f"{symbol} is not among the symbols of this venue: {', '.join(self._symbols)}")
        self._load_markets()
        market: dict[str, Any] = self._exchange.market(symbol)
        rules.refuse_inverse(market)
        return market

    def _load_markets(self) -> None:
        """Has ccxt learn the markets, once. While it cannot, nothing is sent."""
        try:
            self._exchange.load_markets()
        except (ccxt.BaseError, *UNREADABLE) as error:
            raise VenueNotSent(f"the markets of {self._exchange.id} cannot be loaded: {error}") from error

    def _is_apart(self, order: NewOrder) -> bool:
        return self._traits.stops_apart and request.is_stop(order)

    def _looked_up(self, target: Target) -> str:
        found = self._finder.by_client_id(target.client_id, target.instrument)
        if found is None:
            raise VenueNotFound(f"the exchange has no order {target.client_id}")
        return found.venue_order

    def _asked_symbols(self) -> Sequence[Optional[str]]:
        return self._symbols if self._traits.lists_by_symbol else (None,)

    def _own(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What is in the venue's symbols: another bot may trade others in the same account."""
        return [row for row in rows if row.get("symbol") in self._symbols]

    def _open_pages(self, symbol: Optional[str], is_stop: bool) -> Iterator[pages.Rows]:
        limit = features_of(self._exchange, symbol or self._symbols[0]).limit("fetchOpenOrders")

        def read(params: dict[str, Any]) -> pages.Rows:
            return self._page("fetch_open_orders", symbol, None, limit, params, is_stop)

        return pages.all_open(read, limit, self._traits.open_onward)

    def _page(
        self,
        method: str,
        symbol: Optional[str],
        since: Optional[int],
        limit: Optional[int],
        params: dict[str, Any],
        is_stop: bool,
    ) -> pages.Rows:
        """One page of a list. Between two pages a cancellation has its turn."""
        apart = self._traits.stop_list if is_stop else {}
        with self._asking(classify.on_read):
            self._load_markets()
            rows: pages.Rows = getattr(self._exchange, method)(symbol, since, limit, {**apart, **params})
            return rows

    def _read_closed(
        self, reading: Reading[OrderReport], method: str, since: datetime, is_stop: bool
    ) -> None:
        for symbol in self._asked_symbols():
            features, named = (
                features_of(self._exchange, symbol or self._symbols[0]),
                closed_method(self._traits),
            )
            limit = features.limit(named) or self._traits.closed_page
            span = self._traits.closed_span or features.days(named, "untilDays")
            until = self._traits.closed_until
            for rows in self._paged(reading, method, symbol, since, limit, span, until, is_stop):
                reading.add(self._own(rows), self._reader.stop if is_stop else self._reader.order)

    def _paged(
        self,
        reading: Reading[Any],
        method: str,
        symbol: Optional[str],
        since: datetime,
        limit: Optional[int],
        span: Optional[timedelta],
        until: Until,
        is_stop: bool = False,
    ) -> Iterator[pages.Rows]:
        """Pages of a list that has a beginning. What goes wrong cuts the reading."""

        def read(first: int, most: Optional[int], params: dict[str, Any]) -> pages.Rows:
            return self._page(method, symbol, first, most, params, is_stop)

        with reading.may_cut():
            for begin, end in pages.windows(since, self.now() + _FUTURE, span):
                yield from pages.whole_window(read, begin, end, limit, until)

    def _within(self, since: datetime, window: Optional[timedelta]) -> datetime:
        """Lists do not reach further back than this. Exchanges count milliseconds, and cut what is finer."""
        whole = _times.from_milliseconds(_times.to_milliseconds(since))
        return whole if window is None else max(whole, _times.utc_now() - window)

    @contextmanager
    def _asking(self, meaning: Callable[[ccxt.BaseError, Errors], VenueError]) -> Iterator[None]:
        """One conversation at a time, and errors in our words."""
        with self._lock:
            try:
                yield
            except ccxt.BaseError as error:
                raise meaning(error, self._traits.errors) from error
            except UNREADABLE as error:
                raise VenueUnknown(
                    f"a reply that ccxt cannot read: {type(error).__name__}: {error}"
                ) from error


#: What happened in the moment of asking may bear a later time than the clock that was read before.
_FUTURE = timedelta(seconds=2)


def _once_each(rows: Sequence[OrderReport]) -> list[OrderReport]:
    """Rows without those that came again on another page; the last reading counts."""
    return list({row.venue_order: row for row in rows}.values())


def _held(symbol: str, totals: dict[str, Any]) -> PositionReport:
    base = rules.base_of(symbol)
    return PositionReport(symbol, decimal(totals.get(base) or 0, f"what is held of {base}"))
