"""How one order is found: by its client id, or by the exchange's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Optional

import ccxt

from truebook.venue import OrderReport, VenueNotFound, VenueUnknown
from truebook.venues.ccxt import classify
from truebook.venues.ccxt.refs import Ref
from truebook.venues.ccxt.report import Reader
from truebook.venues.ccxt.traits import Lookup, Traits

_STOP_LIST: Mapping[str, Any] = {"trigger": True}


class Finder:
    """Finds single orders of one exchange. ``None`` is returned only if the exchange says that it has none."""

    def __init__(self, exchange: Any, traits: Traits) -> None:
        self._exchange = exchange
        self._traits = traits
        self._reader = Reader(exchange.id, traits)

    def by_client_id(self, client_id: str, symbol: str) -> Optional[OrderReport]:
        """The order of this client id, looked for in the list of stops too where that is another."""
        ways: Mapping[Lookup, Callable[[str, str], Optional[OrderReport]]] = {
            Lookup.FETCH: self._by_fetch,
            Lookup.LISTS: self._by_lists,
            Lookup.LABEL: self._by_label,
            Lookup.ADDRESS: self._by_address,
            Lookup.NONE: self._among_open,
        }
        return ways[self._traits.lookup](client_id, symbol)

    def by_ref(self, ref: Ref) -> Optional[OrderReport]:
        """The order of this id."""
        if self._traits.lookup == Lookup.LISTS:
            return self._in_lists(
                ref.symbol, {"orderId": ref.own}, lambda found: found.venue_order == str(ref)
            )
        params = _STOP_LIST if ref.is_stop else {}
        return self._fetched(ref.own, ref.symbol, params, ref.is_stop)

    def _fetched(
        self, own: Optional[str], symbol: str, params: Mapping[str, Any], is_stop: bool
    ) -> Optional[OrderReport]:
        raw = self._asked(lambda: self._exchange.fetch_order(own, symbol, dict(params)))
        return None if raw is None else self._reader.order(raw, is_stop)

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """What is answered; ``None`` if the exchange says that it has no such order."""
        try:
            return ask()
        except ccxt.BaseError as error:
            if isinstance(classify.on_cancel(error, self._traits.errors), VenueNotFound):
                return None
            raise

    def _by_fetch(self, client_id: str, symbol: str) -> Optional[OrderReport]:
        named = {"clientOrderId": client_id}
        plain = self._fetched(None, symbol, named, is_stop=False)
        if plain is not None or not self._traits.stops_apart:
            return plain
        return self._fetched(None, symbol, {**named, **_STOP_LIST}, is_stop=True)

    def _by_lists(self, client_id: str, symbol: str) -> Optional[OrderReport]:
        narrowed = {str(self._traits.list_id_param): client_id}
        return self._in_lists(symbol, narrowed, lambda found: found.client_id == client_id)

    def _in_lists(
        self, symbol: str, narrowed: Mapping[str, Any], is_it: Callable[[OrderReport], bool]
    ) -> Optional[OrderReport]:
        """Looked for among open orders, then among those that are over: an order can close between, not open."""
        for method in ("fetch_open_orders", *self._traits.closed_methods):
            for raw in getattr(self._exchange, method)(symbol, params=dict(narrowed)):
                found = self._reader.order(raw)
                if is_it(found):
                    return found
        return None

    def _by_label(self, client_id: str, symbol: str) -> Optional[OrderReport]:
        """Deribit keeps orders by currency, and which of a market's it is depends on the kind of market."""
        market = self._exchange.market(symbol)
        for currency in dict.fromkeys(
            [market["base"], market["quote"], market.get("settle") or market["quote"]]
        ):
            for row in self._states_by_label(currency, client_id)["result"]:
                if row.get("label") == client_id:
                    return self._reader.order(self._exchange.parse_order(row))
        return None

    def _states_by_label(self, currency: str, label: str) -> Any:
        """Releases of ccxt before 4.5.90 have no method of their own for it."""
        asked = {"currency": currency, "label": label}
        own = getattr(self._exchange, "private_get_get_order_state_by_label", None)
        if own is None:
            return self._exchange.request("get_order_state_by_label", "private", "GET", asked)
        return own(asked)

    def _by_address(self, client_id: str, symbol: str) -> Optional[OrderReport]:
        path, named = "v2/orders:by_client_order_id", {"client_order_id": client_id}
        raw = self._asked(lambda: self._exchange.request(path, ["trader", "private"], "GET", named))
        return None if raw is None else self._reader.order(self._exchange.parse_order(raw))

    def _among_open(self, client_id: str, symbol: str) -> Optional[OrderReport]:
        for raw in self._exchange.fetch_open_orders(symbol):
            found = self._reader.order(raw)
            if found.client_id == client_id:
                return found
        raise VenueUnknown(
            f"{self._exchange.id} cannot be asked for a client order id, and {client_id} is not among its open orders"
        )
