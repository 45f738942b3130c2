"""What an exchange promises: what is known of it, and what ccxt says in ``exchange.features``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Optional

from truebook.venue import Capabilities
from truebook.venues.ccxt.traits import Deadline, Lookup, Traits

#: How late an accepted order may show, where nobody measured it.
PROPAGATION = timedelta(seconds=10)
#: ccxt writes "without limit" as so many days or more.
_FOR_EVER_DAYS = 10_000
_SKEW_MAX = timedelta(seconds=1)


@dataclass(frozen=True)
class Features:
    """What ccxt says of one kind of market of an exchange."""

    methods: Mapping[str, Mapping[str, Any]]

    def limit(self, method: str) -> Optional[int]:
        """The most rows of a page."""
        limit = (self.methods.get(method) or {}).get("limit")
        return int(limit) if limit else None

    def days(self, method: str, name: str) -> Optional[timedelta]:
        """A number of days; ``None`` if there is no limit, or none that is told."""
        days = (self.methods.get(method) or {}).get(name)
        return timedelta(days=float(days)) if days and float(days) < _FOR_EVER_DAYS else None


def features_of(exchange: Any, symbol: str) -> Features:
    """What ccxt says of the kind of market that a unified symbol is of; told from its spelling, without a request."""
    features = getattr(exchange, "features", None) or {}
    base_quote, _, settle = symbol.partition(":")
    if not settle:
        return Features(features.get("spot") or {})
    quote = base_quote.partition("/")[2]
    kind = "future" if "-" in settle else "swap"
    side = "linear" if settle.partition("-")[0] == quote else "inverse"
    return Features((features.get(kind) or {}).get(side) or {})


def closed_method(traits: Traits) -> str:
    """The name under which ``features`` tells of the list of closed orders."""
    return "fetchOrders" if "fetch_orders" in traits.closed_methods else "fetchClosedOrders"


def capabilities_of(
    exchange: Any, symbols: tuple[str, ...], traits: Traits, admission: timedelta
) -> Capabilities:
    """The narrowest of what is promised for these symbols."""
    all_features = [features_of(exchange, symbol) for symbol in symbols]
    method = closed_method(traits)

    def shortest(name: str, of: str, *known: Optional[timedelta]) -> Optional[timedelta]:
        said = [features.days(of, name) for features in all_features]
        return min((span for span in (*said, *known) if span is not None), default=None)

    return Capabilities(
        id_class=traits.id_class,
        client_id_max=traits.client_id_max,
        client_id_punctuation=traits.client_id_punctuation,
        admission=None if traits.deadline == Deadline.NONE else admission,
        propagation=PROPAGATION,
        unfilled_visible=shortest("daysBackCanceled", "fetchClosedOrders", traits.unfilled_visible),
        closed_window=shortest("daysBack", method, traits.closed_window),
        fills_window=shortest("daysBack", "fetchMyTrades", None if traits.is_known else timedelta(0)),
        lookup_by_id=traits.lookup != Lookup.NONE,
        native_brackets=False,
        conditional_apart=traits.stops_apart,
        requests_per_minute=_requests_per_minute(exchange),
        clock_skew_max=_SKEW_MAX,
    )


def _requests_per_minute(exchange: Any) -> Optional[int]:
    """ccxt waits so many milliseconds between two requests."""
    pause = getattr(exchange, "rateLimit", None)
    return int(60_000 / float(pause)) or 1 if pause else None
