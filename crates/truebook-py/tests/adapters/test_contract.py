"""Every adapter keeps the contract of a venue, each against a fake below the real client library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.fakes import alpaca, binance, gateway
from tests.fakes.setup import Setup
from truebook.testing import check_names, check_one
from truebook.venues import AlpacaPyVenue, CcxtVenue, IbVenue

_SOON = timedelta(milliseconds=20)
#: Fakes show an order at once; what a venue declares is about the real one.
_AT_ONCE = timedelta(milliseconds=5)


def _ccxt() -> Iterator[Setup]:
    fake = binance.BinanceFake()
    venue = CcxtVenue(fake.exchange, account="main", symbols=[binance.SYMBOL], poll_every=_SOON)
    yield Setup(venue, binance.SYMBOL, fake.market)


def _alpaca_py() -> Iterator[Setup]:
    fake = alpaca.AlpacaFake()
    yield Setup(AlpacaPyVenue(fake.trading, fake.stream(), fake.data), alpaca.SYMBOL, fake.market)


def _alpaca_py_polled() -> Iterator[Setup]:
    fake = alpaca.AlpacaFake()
    yield Setup(AlpacaPyVenue(fake.trading, None, fake.data, poll_every=_SOON), alpaca.SYMBOL, fake.market)


def _ib() -> Iterator[Setup]:
    fake = gateway.GatewayFake()
    venue = IbVenue(fake.ib, account=gateway.ACCOUNT, loop=fake.loop, propagation=_AT_ONCE)
    yield Setup(venue, "AAPL", fake.market)
    fake.close()


Make = Callable[[], Iterator[Setup]]
_MAKERS: dict[str, Make] = {
    "ccxt": _ccxt,
    "alpaca-py": _alpaca_py,
    "alpaca-py, polled": _alpaca_py_polled,
    "ib_async": _ib,
}


@pytest.mark.parametrize("name", check_names())
@pytest.mark.parametrize("adapter", _MAKERS)
def test_every_adapter_keeps_the_contract(adapter: str, name: str) -> None:
    setups = _MAKERS[adapter]()
    check_one(name, next(setups))
    next(setups, None)
