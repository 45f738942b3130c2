"""What an exchange says, as ccxt parsed it, as plain reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Optional

from truebook.venue import (
    Fee,
    FillReport,
    NewOrder,
    OrderReport,
    PositionReport,
    Side,
    Status,
    VenueUnknown,
)
from truebook.venues._numbers import decimal, decimal_or_none, nonzero_or_none
from truebook.venues._times import from_milliseconds
from truebook.venues._words import SIDES
from truebook.venues.ccxt import words
from truebook.venues.ccxt.refs import Ref
from truebook.venues.ccxt.traits import Traits

Raw = Mapping[str, Any]

#: The word of an order that the exchange took without saying how it stands.
ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True)
class Reader:
    """Reads what one exchange says."""

    exchange_id: str
    traits: Traits

    def order(self, raw: Raw, is_stop: bool = False, sent: Optional[NewOrder] = None) -> OrderReport:
        """An order. ``sent`` is what it was made of: a reply that only says "taken" leaves out what was sent."""
        info = _info(raw)
        symbol = raw.get("symbol") or (sent.instrument if sent else None)
        ref = Ref(_needed(symbol, "symbol", raw), self._own_id(raw, info, is_stop), is_stop)
        what = f"order {ref}"
        status, word = self._status(raw, info, sent)
        stop = nonzero_or_none(raw.get("triggerPrice") or raw.get("stopLossPrice"), f"{what}: stop")
        limit = nonzero_or_none(raw.get("price"), f"{what}: price") if raw.get("type") != "market" else None
        quantity = nonzero_or_none(raw.get("amount"), f"{what}: amount")
        return OrderReport(
            venue_order=str(ref),
            instrument=ref.symbol,
            side=_side(raw.get("side"), what, sent),
            status=status,
            word=word,
            filled=_filled(raw, status, quantity, what, sent),
            client_id=self._client_id(raw, info) or (sent.client_id if sent else None),
            order_type=words.order_type(raw.get("type"), stop is not None)
            or (sent.order_type if sent else None),
            time_in_force=words.TIMES_IN_FORCE.get(raw.get("timeInForce") or "")
            or (sent.time_in_force if sent else None),
            quantity=quantity or (sent.quantity if sent else None),
            average_price=nonzero_or_none(raw.get("average"), f"{what}: average"),
            limit=limit or (sent.limit if sent else None),
            stop=stop or (sent.stop if sent else None),
            submitted_at=_time(raw.get("timestamp")),
            updated_at=_time(raw.get("lastUpdateTimestamp")),
            **self._links(info, ref),
        )

    def stop(self, raw: Raw) -> OrderReport:
        """An order of a list of stops that stands apart."""
        return self.order(raw, is_stop=True)

    def fill(self, raw: Raw) -> FillReport:
        """An execution. Its id is unique within one symbol only, so it bears the symbol."""
        symbol = _needed(raw.get("symbol"), "symbol", raw)
        own = _needed(raw.get("id"), "id", raw)
        what = f"execution {own}"
        at = _time(raw.get("timestamp"))
        if at is None:
            raise VenueUnknown(f"{what} has no time")
        return FillReport(
            execution=f"{symbol}#{own}",
            venue_order=str(Ref(symbol, _needed(raw.get("order"), "order", raw))),
            instrument=symbol,
            side=_side(raw.get("side"), what, None),
            quantity=abs(decimal(raw.get("amount"), f"{what}: amount")),
            price=decimal(raw.get("price"), f"{what}: price"),
            at=at,
            fee=_fee(raw, symbol, what),
        )

    def position(self, raw: Raw) -> PositionReport:
        """A position in contracts. Raises :class:`VenueUnknown` for one side of a hedged pair."""
        symbol = _needed(raw.get("symbol"), "symbol", raw)
        if raw.get("hedged"):
            raise VenueUnknown(f"{symbol} is held in hedge mode, which has two positions in one instrument")
        contracts = decimal(raw.get("contracts") or 0, f"position in {symbol}")
        quantity = -abs(contracts) if raw.get("side") == "short" else contracts
        return PositionReport(
            symbol, quantity, nonzero_or_none(raw.get("entryPrice"), f"position in {symbol}: price")
        )

    def _status(self, raw: Raw, info: Raw, sent: Optional[NewOrder]) -> tuple[Status, str]:
        for name in self.traits.raw_status:
            word = info.get(name)
            if word:
                return self.traits.statuses.get(str(word), Status.ODD), str(word)
        word = raw.get("status")
        if word is None and sent is not None:
            return Status.LIVE, ACKNOWLEDGED
        return self._unified(raw, word), str(word)

    def _unified(self, raw: Raw, word: Optional[str]) -> Status:
        """ccxt says "closed" also of some that were cancelled in part: those are odd until somebody looks."""
        status = words.UNIFIED.get(word or "", Status.ODD)
        if status == Status.FILLED:
            amount, filled = (
                decimal_or_none(raw.get("amount"), "amount"),
                decimal_or_none(raw.get("filled"), "filled"),
            )
            if amount is not None and filled is not None and filled < amount:
                return Status.ODD
        return status

    def _client_id(self, raw: Raw, info: Raw) -> Optional[str]:
        for value in (raw.get("clientOrderId"), *(info.get(name) for name in self.traits.raw_client_id)):
            if value:
                return str(value)
        return None

    def _own_id(self, raw: Raw, info: Raw, is_stop: bool) -> str:
        # OKX's order that a stop became has the stop's id too, and that is the one which ccxt reads.
        if self.traits.stops_apart and not is_stop and info.get("ordId"):
            return str(info["ordId"])
        return _needed(raw.get("id"), "id", raw)

    def _links(self, info: Raw, ref: Ref) -> dict[str, Any]:
        """A stop that fired lives on as another order: each names the other."""
        if not self.traits.stops_apart:
            return {}
        if ref.is_stop:
            fired = info.get("ordId")
            return {"replaced_by": str(Ref(ref.symbol, fired))} if fired else {}
        stop = info.get("algoId")
        return {"replaces": str(Ref(ref.symbol, stop, is_stop=True))} if stop else {}


def _info(raw: Raw) -> Raw:
    """The exchange's own words; some wrap them once more."""
    info = raw.get("info")
    if not isinstance(info, Mapping):
        return {}
    inner = info.get("order")
    return inner if isinstance(inner, Mapping) else info


def _needed(value: object, name: str, raw: Raw) -> str:
    if value is None or value == "":
        raise VenueUnknown(f"a reply without {name}: {raw!r:.200}")
    return str(value)


def _side(word: object, what: str, sent: Optional[NewOrder]) -> Side:
    side = SIDES.get(str(word)) or (sent.side if sent and not word else None)
    if side is None:
        raise VenueUnknown(f"{what} has the side {word!r}")
    return side


def _filled(
    raw: Raw, status: Status, quantity: Optional[Decimal], what: str, sent: Optional[NewOrder]
) -> Decimal:
    filled = decimal_or_none(raw.get("filled"), f"{what}: filled")
    if filled is not None:
        return filled
    if status == Status.FILLED and quantity is not None:
        return quantity
    if sent is not None and status == Status.LIVE:
        return Decimal(0)
    raise VenueUnknown(f"{what} does not say how much of it is filled")


def _time(milliseconds: object) -> Optional[datetime]:
    return None if milliseconds is None else from_milliseconds(int(str(milliseconds)))


def _fee(raw: Raw, symbol: str, what: str) -> Optional[Fee]:
    """What it cost. Of fees in several assets the one in what was traded counts: it changes the position."""
    costs: dict[str, Decimal] = {}
    for fee in raw.get("fees") or [raw.get("fee") or {}]:
        cost, asset = decimal_or_none(fee.get("cost"), f"{what}: fee"), fee.get("currency")
        if cost is not None and asset:
            costs[asset] = costs.get(asset, Decimal(0)) + cost
    base = symbol.partition("/")[0]
    asset = base if base in costs else next(iter(costs), None)
    return None if asset is None else Fee(costs[asset], asset)
