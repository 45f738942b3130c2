"""A book that trades through each adapter: what is lost on the way is found again, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import truebook
from fakes import alpaca, binance, gateway
from fakes.market import Market
from fakes.market import Order as MarketOrder
from fakes.transport import Lost
from truebook import Bracket, Order, OrderState, StopLoss, TakeProfit
from truebook.venues import AlpacaPyVenue, CcxtVenue, IbVenue

#: A venue, its instrument, the market behind it, and what loses the reply to the next order.
Case = tuple[Any, str, Market, Callable[[], None]]


def _ccxt() -> Iterator[Case]:
    fake = binance.BinanceFake()
    venue = CcxtVenue(fake.exchange, account="main", symbols=[binance.SYMBOL])
    yield venue, binance.SYMBOL, fake.market, lambda: fake.transport.faults.update(POST=[Lost()])


def _alpaca_py() -> Iterator[Case]:
    fake = alpaca.AlpacaFake()
    yield (
        AlpacaPyVenue(fake.trading, None, fake.data),
        alpaca.SYMBOL,
        fake.market,
        lambda: fake.transport.faults.update(POST=[Lost()]),
    )


def _ib() -> Iterator[Case]:
    fake = gateway.GatewayFake()

    def lose() -> None:
        def take_and_say_nothing(number: int, order: Any) -> None:
            fake.client.is_silent = True
            fake.client._take(number, order)

        fake.client.instead.append(take_and_say_nothing)

    venue = IbVenue(fake.ib, account=gateway.ACCOUNT, loop=fake.loop, reply_timeout_s=0.2)
    yield venue, "AAPL", fake.market, lose
    fake.close()


_CASES: dict[str, Callable[[], Iterator[Case]]] = {"ccxt": _ccxt, "alpaca-py": _alpaca_py, "ib_async": _ib}


@pytest.fixture(params=_CASES)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    yield from _CASES[request.param]()


def _limit(instrument: str) -> Order:
    return Order(instrument, "buy", "2", "limit", limit="50", time_in_force="gtc")


def test_p4_an_order_whose_reply_was_lost_is_unknown_until_it_is_found_once(
    case: Case, tmp_path: Path
) -> None:
    venue, instrument, market, lose = case
    with truebook.open(tmp_path / "data", venue=venue, backups=False) as book:
        assert book.reconcile().agreed
        lose()
        book.submit("a key", _limit(instrument))
        (order,) = book.orders(key="a key")
        assert order.state == OrderState.UNKNOWN
        assert [made.client_id for made in market.orders.values()] == [order.id]
        _speak_again(venue)
        book.reconcile()
        (found,) = book.orders(key="a key")
        assert found.state == OrderState.WORKING and len(found.venue_orders) == 1
        # The same key is the same order, through the adapter too.
        assert not book.submit("a key", _limit(instrument)).is_new
        assert len(market.orders) == 1


def _speak_again(venue: Any) -> None:
    if isinstance(venue, IbVenue):
        venue._ib.client.is_silent = False


def test_fills_and_positions_of_the_book_agree_with_the_venue(case: Case, tmp_path: Path) -> None:
    venue, instrument, market, _ = case
    with truebook.open(tmp_path / "data", venue=venue, backups=False) as book:
        book.reconcile()
        book.submit("in", Order(instrument, "buy", "3", time_in_force="gtc"))
        book.submit("out", Order(instrument, "sell", "1", time_in_force="gtc"))
        assert book.reconcile().agreed
        assert book.positions()[instrument].quantity == market.position == 2
        assert sorted(fill.quantity for fill in book.fills()) == [1, 3]
        assert {order.state for order in book.orders(all=True)} == {OrderState.FILLED}


def test_p5_a_bracket_protects_its_position_and_leaves_nothing_behind(case: Case, tmp_path: Path) -> None:
    """Legs of the venue's making or of the book's: either way one ends the other."""
    venue, instrument, market, _ = case
    bracket = Bracket(stop_loss=StopLoss(Decimal(90)), take_profit=TakeProfit(Decimal(110)))
    with truebook.open(tmp_path / "data", venue=venue, backups=False) as book:
        book.reconcile()
        book.submit("entry", Order(instrument, "buy", "2", bracket=bracket))
        _reconcile_until(book, lambda: len(_open(market)) == 2)
        assert {(order.kind, order.side, order.quantity) for order in _open(market)} == {
            ("stop", "sell", Decimal(2)),
            ("limit", "sell", Decimal(2)),
        }
        market.set_price(Decimal(111))
        _reconcile_until(book, lambda: not _open(market) and not book.orders())
        assert market.position == 0 and book.positions()[instrument].quantity == 0


def _open(market: Market) -> list[MarketOrder]:
    return [order for order in market.orders.values() if order.is_open]


def _reconcile_until(book: truebook.Book, is_so: Callable[[], bool]) -> None:
    for _ in range(20):
        book.reconcile()
        if is_so():
            return
    raise AssertionError("never so")
