"""Exchanges of ccxt with one market and a wire that only listens, or says one thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Optional

import ccxt
from truebook.venues import CcxtVenue

from fakes.transport import Answer, Sent, Transport

#: By exchange: the unified symbol, and what the exchange calls it.
MARKETS = {
    "binance": ("BTC/USDT", "BTCUSDT"),
    "kraken": ("BTC/USD", "XBTUSD"),
    "coinbase": ("BTC/USD", "BTC-USD"),
    "bybit": ("BTC/USDT", "BTCUSDT"),
    "okx": ("BTC/USDT", "BTC-USDT"),
    "deribit": ("BTC/USDC", "BTC_USDC"),
    "alpaca": ("BTC/USD", "BTC/USD"),
    "gate": ("BTC/USDT", "BTC_USDT"),
}
_TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"]
#: Bybit asks once what kind of account it has, before the first order.
_KNOWN_ACCOUNT = {"enableUnifiedAccount": True, "enableUnifiedMargin": False, "unifiedMarginStatus": 6}


def exchange(name: str, answer: Callable[[Sent], Answer], **options: Any) -> tuple[Any, Transport]:
    """A ccxt exchange, and what it sends."""
    made = getattr(ccxt, name)(
        {
            "apiKey": "key",
            # Some want it in base 64.
            "secret": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
            "password": "word",
            "number": str,
            "enableRateLimit": False,
            **options,
        }
    )
    made.options.update(_KNOWN_ACCOUNT)
    transport = Transport(answer)
    made.session.mount("https://", transport)
    made.set_markets([_market(made, *MARKETS[name])])
    return made, transport


def _market(made: Any, symbol: str, own: str) -> dict[str, Any]:
    base, quote = symbol.split("/")
    return dict(
        made.safe_market_structure(
            {
                "id": own,
                "symbol": symbol,
                "base": base,
                "quote": quote,
                "baseId": base,
                "quoteId": quote,
                "type": "spot",
                "spot": True,
                "contract": False,
                "active": True,
                "precision": {"amount": "0.0001", "price": "0.01"},
                "limits": {"amount": {"min": "0.0001"}, "cost": {"min": "5"}, "price": {}},
                "info": {"orderTypes": _TYPES},
            }
        )
    )


@dataclass
class Captured:
    """A venue whose requests are caught, and answered with ``reply`` whatever is asked."""

    name: str
    reply: Any = field(default_factory=dict)
    status: int = 200

    def __post_init__(self) -> None:
        self.exchange, self.transport = exchange(self.name, lambda _: (self.status, self.reply))
        self.symbol = MARKETS[self.name][0]
        self.venue = CcxtVenue(self.exchange, account="main", symbols=[self.symbol])

    @property
    def last(self) -> Sent:
        """The request that was sent last."""
        return self.transport.sent[-1]

    def last_fields(self) -> dict[str, Any]:
        """What the last request says, wherever it stands."""
        sent = self.last
        if sent.body[:1] in ("{", "["):
            body = json.loads(sent.body)
            return dict(body[0] if isinstance(body, list) else body)
        return dict(sent.fields)


def raw_fields(
    name: str, call: Callable[[Any, str], Any], reply: Optional[Any] = None
) -> tuple[Sent, dict[str, Any]]:
    """What ccxt itself sends for a call, without anything of ours."""
    made, transport = exchange(name, lambda _: (200, {} if reply is None else reply))
    try:
        call(made, MARKETS[name][0])
    except (ccxt.BaseError, TypeError, KeyError):
        # Only what was sent counts: the reply is none that it could read.
        pass
    sent = transport.sent[-1]
    body = json.loads(sent.body) if sent.body[:1] in ("{", "[") else sent.fields
    return sent, dict(body[0] if isinstance(body, list) else body)
