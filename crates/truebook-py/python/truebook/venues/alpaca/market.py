"""What can be traded, in which steps, and the latest price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Optional

from truebook.venue import Rules
from truebook.venues._numbers import decimal, decimal_or_none
from truebook.venues.alpaca import words
from truebook.venues.alpaca.client import Client, part

_CENT = Decimal("0.01")
_HUNDREDTH_OF_A_CENT = Decimal("0.0001")
_PART_OF_A_SHARE = Decimal("0.000000001")


def rules(
    asset: Mapping[str, Any], instrument: str, price: Callable[[], Optional[Decimal]]
) -> Optional[Rules]:
    """What orders in an asset must look like; ``None`` for one that is not traded.

    For stocks the venue does not list steps: a cent from one dollar up and a hundredth of it below.
    """
    if not asset.get("tradable") or asset.get("status") != "active":
        return None
    lot = decimal_or_none(asset.get("min_trade_increment"), "min_trade_increment")
    tick = decimal_or_none(asset.get("price_increment"), "price_increment")
    if lot is None:
        lot = _PART_OF_A_SHARE if asset.get("fractionable") else Decimal(1)
    if tick is None:
        tick = _stock_tick(price()) if asset.get("class") == "us_equity" else Decimal(0)
    return Rules(tick=tick, lot=lot, base=words.base(instrument))


def _stock_tick(price: Optional[Decimal]) -> Decimal:
    """Without a price the coarser step: an order that fits it is accepted at any price."""
    return _HUNDREDTH_OF_A_CENT if price is not None and price < 1 else _CENT


def last_price(data: Client, instrument: str) -> Optional[Decimal]:
    """The price of the last trade, from the host of market data; ``None`` if there is none."""
    if "/" in instrument:
        reply = data.find("/crypto/us/latest/trades", {"symbols": instrument}, api_version="v1beta3")
        trade = ((reply or {}).get("trades") or {}).get(instrument)
    else:
        reply = data.find(f"/stocks/{part(instrument)}/trades/latest", api_version="v2")
        trade = (reply or {}).get("trade")
    return None if trade is None else decimal(trade.get("p"), "the last price")
