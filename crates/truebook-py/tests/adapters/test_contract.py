"""Every adapter keeps the contract of a venue, each against a fake below the real client library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from fakes import alpaca, binance, gateway
from fakes.setup import Setup
from truebook.testing import check_names, check_one
from truebook.venue import Status
from truebook.venues import AlpacaPyVenue, CcxtVenue, IbVenue

from adapters.orders import new_order

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


def _number(adapter: str, venue_order: str) -> int:
    """The simulator's number of an order."""
    number = int(venue_order.rpartition("#")[2].rpartition("-")[2])
    return number - gateway.PERM_IDS if adapter == "ib_async" else number


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
    check_one(name, next(setups).checked())
    next(setups, None)


@pytest.mark.parametrize("adapter", _MAKERS)
def test_an_order_that_is_filled_in_part_is_live_and_one_that_is_cancelled_then_keeps_its_part(
    adapter: str,
) -> None:
    setups = _MAKERS[adapter]()
    made = next(setups)
    venue, market = made.venue, made.market
    since = venue.now()
    sent = venue.submit(new_order(made.instrument, quantity=Decimal(3))).order
    market.fill_part(_number(adapter, sent.venue_order), Decimal(1))
    live = venue.find_venue_order(sent.venue_order)
    assert live is not None and (live.status, live.filled) == (Status.LIVE, Decimal(1))
    assert [row.venue_order for row in venue.open_orders().rows] == [sent.venue_order]
    market.cancel(_number(adapter, sent.venue_order))
    over = venue.find_venue_order(sent.venue_order)
    assert over is not None and (over.status, over.filled) == (Status.CANCELLED, Decimal(1))
    fills = venue.fills(since).rows
    assert [(fill.venue_order, fill.quantity, fill.price) for fill in fills] == [
        (sent.venue_order, Decimal(1), Decimal(100))
    ]
    next(setups, None)
