"""Symbols of ccxt, and what an exchange demands of orders in them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Optional

import ccxt

from truebook.venue import Rules, VenueRefused
from truebook.venues._numbers import decimal, decimal_or_none


def base_of(symbol: str) -> str:
    """What is bought: ``BTC`` of ``BTC/USDT``."""
    return symbol.partition("/")[0]


def _quote_of(symbol: str) -> str:
    """What it is paid in; of a contract, what it is settled in."""
    quote, _, settle = symbol.partition("/")[2].partition(":")
    return settle.partition("-")[0] or quote


def checked_symbols(symbols: Sequence[str]) -> tuple[str, ...]:
    """The symbols. Raises :class:`ValueError` for none at all, and for spot symbols that share a base."""
    if isinstance(symbols, str) or not symbols:
        raise ValueError("symbols is a list of ccxt's unified symbols, such as ['BTC/USDT']")
    bases: dict[str, str] = {}
    for symbol in symbols:
        if "/" not in symbol:
            raise ValueError(f"{symbol!r} is no unified symbol of ccxt, such as BTC/USDT")
        other = bases.setdefault(base_of(symbol), symbol) if ":" not in symbol else symbol
        if other != symbol:
            raise ValueError(
                f"{other} and {symbol} share one balance of {base_of(symbol)}: trade them in two accounts"
            )
    return tuple(dict.fromkeys(symbols))


def only_quote(symbols: Sequence[str]) -> str:
    """The one currency that all are paid in. Raises :class:`ValueError` if there are several."""
    quotes = sorted({_quote_of(symbol) for symbol in symbols})
    if len(quotes) > 1:
        raise ValueError(f"which of {', '.join(quotes)} is the account's cash? Say cash=...")
    return quotes[0]


def prefer_listed_markets(exchange: Any, symbols: Sequence[str]) -> None:
    """Lets ccxt ask for the balance of the kind of market that is traded, where it would ask for another."""
    kinds = {
        "spot" if ":" not in symbol else "future" if "-" in symbol.partition(":")[2] else "swap"
        for symbol in symbols
    }
    if len(kinds) == 1:
        exchange.options["defaultType"] = next(iter(kinds))


def refuse_inverse(market: dict[str, Any]) -> None:
    """Raises :class:`VenueRefused` for contracts whose value is not quantity times price."""
    if market.get("inverse"):
        raise VenueRefused(
            f"{market['symbol']} is an inverse contract: its value is not its quantity times its price"
        )


def rules_of(exchange: Any, market: dict[str, Any]) -> Rules:
    """Steps and the least value."""
    what = f"the rules of {market['symbol']}"
    costs = (market.get("limits") or {}).get("cost") or {}
    return Rules(
        tick=_step(exchange, market["precision"].get("price"), what),
        lot=_step(exchange, market["precision"].get("amount"), what),
        notional_min=decimal_or_none(costs.get("min"), what) or Decimal(0),
        multiplier=decimal_or_none(market.get("contractSize"), what) if market.get("contract") else None,
        base=None if market.get("contract") else base_of(market["symbol"]),
    )


def _step(exchange: Any, precision: Optional[object], what: str) -> Decimal:
    """Exchanges write a step as a step or as a number of decimal places. Significant digits are no step."""
    if precision is None:
        return Decimal(0)
    number = decimal(precision, what)
    if exchange.precisionMode == ccxt.TICK_SIZE:
        return number
    if exchange.precisionMode == ccxt.DECIMAL_PLACES:
        return Decimal(1).scaleb(-int(number))
    return Decimal(0)
