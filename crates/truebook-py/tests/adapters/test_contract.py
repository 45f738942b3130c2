"""Every adapter keeps the contract of a venue, each against a fake below the real client library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from fakes import alpaca, binance, gateway
from fakes.setup import setup
from truebook.testing import VenueSetup, check_names, check_one
from truebook.venues import AlpacaPyVenue, CcxtVenue, IbVenue

_SOON = timedelta(milliseconds=20)
#: Fakes show an order at once; what a venue declares is about the real one.
_AT_ONCE = timedelta(milliseconds=5)


def _ccxt() -> Iterator[VenueSetup]:
    fake = binance.BinanceFake()
    venue = CcxtVenue(fake.exchange, account="main", symbols=[binance.SYMBOL], poll_every=_SOON)
    yield setup(venue, binance.SYMBOL, fake.market)


def _alpaca_py() -> Iterator[VenueSetup]:
    fake = alpaca.AlpacaFake()
    yield setup(AlpacaPyVenue(fake.trading, fake.stream(), fake.data), alpaca.SYMBOL, fake.market)


def _alpaca_py_polled() -> Iterator[VenueSetup]:
    fake = alpaca.AlpacaFake()
    yield setup(AlpacaPyVenue(fake.trading, None, fake.data, poll_every=_SOON), alpaca.SYMBOL, fake.market)


def _ib() -> Iterator[VenueSetup]:
    fake = gateway.GatewayFake()
    venue = IbVenue(fake.ib, account=gateway.ACCOUNT, loop=fake.loop, propagation=_AT_ONCE)
    yield setup(venue, "AAPL", fake.market)
    fake.close()


Make = Callable[[], Iterator[VenueSetup]]
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
