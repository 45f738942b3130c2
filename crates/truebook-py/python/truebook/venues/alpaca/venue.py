"""Alpaca as a venue, through the clients of alpaca-py that a bot already has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Optional

from truebook.venue import (
    Accepted,
    AccountReport,
    Capabilities,
    Change,
    FillReport,
    IdClass,
    Listing,
    NewOrder,
    OrderReport,
    PositionReport,
    ReplaceQuantity,
    Rules,
    StreamEvent,
    Target,
    Venue,
    VenueError,
    VenueNotFound,
    VenueUnknown,
)
from truebook.venues import _times
from truebook.venues._listing import Reading
from truebook.venues._numbers import UNREADABLE
from truebook.venues._polling import Poller
from truebook.venues._words import OVER
from truebook.venues.alpaca import market, pages, report, request
from truebook.venues.alpaca.client import Client, part
from truebook.venues.alpaca.families import Families
from truebook.venues.alpaca.stream import Feed

#: How late an accepted order may show.
PROPAGATION = timedelta(seconds=5)
#: Per account, as the venue has it by default.
REQUESTS_PER_MINUTE = 200
#: In one list, how often the parents of legs are looked for: the requests of a minute are few.
_LOOKS_FOR_PARENTS = 20


class AlpacaPyVenue(Venue):
    """Alpaca's Trading API v2.

    ``trading_client`` is alpaca-py's ``TradingClient``; it sends nothing again from here on. ``stream`` is a
    ``TradingStream`` of its own, or ``poll_every`` makes a stream of reading lists; without both there is none.
    ``data_client`` is a historical data client, for the latest price.

    Raises :class:`ValueError` for a client that cannot be told to send once.
    """

    def __init__(
        self,
        trading_client: Any,
        stream: Any = None,
        data_client: Any = None,
        *,
        name: str = "alpaca",
        propagation: timedelta = PROPAGATION,
        poll_every: Optional[timedelta] = None,
    ) -> None:
        self._client = Client(trading_client)
        self._data = None if data_client is None else Client(data_client)
        self._families = Families()
        self._feed = None if stream is None else Feed(stream, self._families)
        self._poll_every = poll_every
        self._name = name
        self._capabilities = _capabilities(propagation)

    @property
    def name(self) -> str:
        """``alpaca``, unless it was called otherwise: what speaks like it need not be it."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """Class A, native brackets, no admission deadline."""
        return self._capabilities

    def now(self) -> datetime:
        """The venue's clock."""
        clock = self._client.get("/clock")
        try:
            return _times.parse(clock["timestamp"])
        except UNREADABLE as error:
            raise VenueUnknown(f"the venue's time cannot be read: {clock!r:.200}") from error

    def submit(self, order: NewOrder) -> Accepted:
        """Sends an order, once, with the legs of a bracket."""
        return self._accepted(self._client.post("/orders", request.place(order)), order.client_id)

    def cancel(self, target: Target) -> None:
        """Asks for a cancellation."""
        self._client.delete(f"/orders/{part(self._venue_order(target))}")

    def replace(self, target: Target, change: Change) -> Accepted:
        """Asks for a replacement, which is an order with an id of its own."""
        path = f"/orders/{part(self._venue_order(target))}"
        return self._accepted(self._client.patch(path, request.replace(change)), change.client_id)

    def find(self, client_id: str, instrument: str) -> Optional[OrderReport]:
        """An order by client id."""
        return self._found("/orders:by_client_order_id", {"client_order_id": client_id})

    def find_venue_order(self, venue_order: str) -> Optional[OrderReport]:
        """An order by the venue's id."""
        return self._found(f"/orders/{part(venue_order)}", {"nested": "true"})

    def open_orders(self) -> Listing[OrderReport]:
        """All live orders.

        Read twice: below their parents, which says what belongs together, and each for itself, because a live leg
        stands below no parent that is open once that is filled.
        """
        reading: Reading[OrderReport] = Reading()
        with reading.may_cut():
            below = [row for page in pages.orders(self._client, "open", True) for row in page]
            each = [row for page in pages.orders(self._client, "open", False) for row in page]
            for row in below:
                self._families.learn(row)
            self._find_parents(each)
            self._read_orders(reading, each)
            self._read_orders(reading, below)
        live = {row.venue_order: row for row in reversed(reading.rows) if row.status not in OVER}
        reading.rows = list(reversed(list(live.values())))
        return reading.listing()

    def closed_orders(self, since: datetime) -> Listing[OrderReport]:
        """Orders that are over, among those that were submitted since."""
        reading: Reading[OrderReport] = Reading()
        with reading.may_cut():
            for page in pages.orders(self._client, "closed", True, since):
                self._read_orders(reading, page)
        reading.rows = [row for row in reading.rows if row.status in OVER]
        return reading.listing(since)

    def fills(self, since: datetime) -> Listing[FillReport]:
        """Executions since, oldest first."""
        reading: Reading[FillReport] = Reading()
        with reading.may_cut():
            for page in pages.fills(self._client, since):
                reading.add(page, report.fill)
        reading.rows = sorted((fill for fill in reading.rows if fill.at >= since), key=lambda fill: fill.at)
        return reading.listing(since)

    def positions(self) -> Listing[PositionReport]:
        """All positions."""
        reading: Reading[PositionReport] = Reading()
        with reading.may_cut():
            reading.add(self._client.get("/positions"), report.position)
        return reading.listing()

    def account(self) -> AccountReport:
        """The account."""
        raw = self._client.get("/account")
        try:
            return report.account(raw)
        except UNREADABLE as error:
            raise VenueUnknown(f"the account cannot be read: {raw!r:.200}") from error

    def rules(self, instrument: str) -> Optional[Rules]:
        """Steps of prices and quantities; ``None`` for what is not traded."""
        asset = self._client.find(f"/assets/{part(instrument)}")
        return (
            None
            if asset is None
            else market.rules(asset, instrument, lambda: self._price_if_told(instrument))
        )

    def last_price(self, instrument: str) -> Optional[Decimal]:
        """The price of the last trade, if there is a client of market data."""
        return None if self._data is None else market.last_price(self._data, instrument)

    def stream(self, emit: Callable[[StreamEvent], None]) -> Optional[Callable[[], None]]:
        """Updates of orders, in a thread of the stream's own."""
        if self._feed is not None:
            return self._feed.start(emit)
        return None if self._poll_every is None else Poller(self, self._poll_every, emit).start()

    def _accepted(self, raw: Any, client_id: str) -> Accepted:
        try:
            first, *legs = report.orders(raw, self._families)
        except UNREADABLE as error:
            raise VenueUnknown(
                f"the venue says yes, but in words that cannot be read: {raw!r:.200}"
            ) from error
        if first.client_id != client_id:
            raise VenueUnknown(f"the reply is about another order: {first.client_id}, not {client_id}")
        return Accepted(first, tuple(legs))

    def _venue_order(self, target: Target) -> str:
        """The venue's id of an order, looked up if it is not known."""
        if target.venue_order is not None:
            return target.venue_order
        found = self.find(target.client_id, target.instrument)
        if found is None:
            raise VenueNotFound(f"the venue has no order {target.client_id}")
        return found.venue_order

    def _found(self, path: str, query: dict[str, str]) -> Optional[OrderReport]:
        raw = self._client.find(path, query)
        if raw is None:
            return None
        try:
            self._families.learn(raw)
            return report.order(raw, self._families)
        except UNREADABLE as error:
            raise VenueUnknown(f"an order that cannot be read: {raw!r:.200}") from error

    def _read_orders(self, reading: Reading[OrderReport], rows: Iterable[Any]) -> None:
        for row in rows:
            with reading.may_cut():
                reading.rows += report.orders(row, self._families)

    def _find_parents(self, rows: list[dict[str, Any]]) -> None:
        """Looks for the parents of legs that nobody told of, among what came at the same time."""
        for orphan in self._families.orphans(rows)[:_LOOKS_FOR_PARENTS]:
            at = report.submitted_at(orphan)
            if at is not None and self._families.parent(orphan) is None:
                for row in pages.around(self._client, at):
                    self._families.learn(row)

    def _price_if_told(self, instrument: str) -> Optional[Decimal]:
        try:
            return self.last_price(instrument)
        except VenueError:
            # The step without a price is the coarser one, which is right at any price.
            return None


def _capabilities(propagation: timedelta) -> Capabilities:
    return Capabilities(
        # An id that was ever used is refused for good, whatever became of the order.
        id_class=IdClass.A,
        client_id_max=128,
        client_id_punctuation=".:_-",
        propagation=propagation,
        # The venue names no end of what it remembers.
        unfilled_visible=None,
        closed_window=None,
        fills_window=None,
        lookup_by_id=True,
        native_brackets=True,
        replace=ReplaceQuantity.TOTAL,
        requests_per_minute=REQUESTS_PER_MINUTE,
        # Requests carry no time and none is refused for it; but a clock that is off by more is a broken one.
        clock_skew_max=timedelta(seconds=30),
    )
