"""Which exchange objects are taken, and what a venue says of itself."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.async_support
import pytest
import requests
from fakes.binance import SYMBOL, BinanceFake
from fakes.capture import Captured
from requests.adapters import HTTPAdapter
from truebook.venue import Rules, VenueNotSent, VenueRefused, VenueUnknown
from truebook.venues import CcxtVenue
from truebook.venues._once import ResendsError

from adapters.orders import new_order


def _venue(exchange: Any, **more: Any) -> CcxtVenue:
    return CcxtVenue(exchange, **{"account": "main", "symbols": [SYMBOL], **more})


@pytest.mark.parametrize(
    "options",
    [{"maxRetriesOnFailure": 3}, {"order": {"maxRetriesOnFailure": 1}}],
    ids=["for all requests", "for orders"],
)
def test_p3_an_exchange_that_sends_again_by_itself_is_refused(options: dict[str, Any]) -> None:
    exchange = ccxt.binance({"number": str, "options": options})
    with pytest.raises(ResendsError, match="maxRetriesOnFailure"):
        _venue(exchange)


def test_ccxt_itself_sends_an_order_again_if_it_is_told_to() -> None:
    """What is refused here is no phantom: one call, three orders."""
    captured = Captured("binance", {"code": -1007, "msg": "Timeout"}, 408)
    captured.exchange.options["maxRetriesOnFailure"] = 2
    with pytest.raises(ccxt.RequestTimeout):
        captured.exchange.create_order(captured.symbol, "limit", "buy", "2", "50")
    assert len(captured.transport.of("POST")) == 3


def test_p3_retries_that_are_switched_on_later_keep_orders_from_being_sent() -> None:
    fake = BinanceFake()
    venue = _venue(fake.exchange)
    fake.exchange.options["maxRetriesOnFailure"] = 2
    with pytest.raises(VenueNotSent, match="maxRetriesOnFailure"):
        venue.submit(new_order(SYMBOL))
    assert fake.orders_sent() == []


def test_p3_a_session_with_retries_is_refused() -> None:
    fake = BinanceFake()
    fake.exchange.session.mount("https://api.binance.com", HTTPAdapter(max_retries=2))
    with pytest.raises(ResendsError, match="max_retries"):
        _venue(fake.exchange)


def test_p3_a_redirect_does_not_send_an_order_again() -> None:
    fake = BinanceFake()
    venue = _venue(fake.exchange)
    venue.rules(SYMBOL)
    fake.transport.headers["Location"] = "https://elsewhere.example/api/v3/order"
    fake.transport.faults["POST"] = [(307, "")]
    with pytest.raises(VenueUnknown):
        venue.submit(new_order(SYMBOL))
    assert len(fake.transport.of("POST")) == 1


def test_an_exchange_that_reads_amounts_as_floats_is_refused() -> None:
    with pytest.raises(ValueError, match="'number': str"):
        _venue(ccxt.binance())


def test_an_asynchronous_exchange_is_refused() -> None:
    with pytest.raises(ValueError, match="asynchronous"):
        _venue(ccxt.async_support.binance({"number": str}))


def test_the_rate_limit_of_ccxt_is_left_as_it_is() -> None:
    exchange = ccxt.binance({"number": str})
    _venue(exchange)
    assert exchange.enableRateLimit is True


@pytest.mark.parametrize("symbols", [[], "BTC/USDT", ["BTCUSDT"], ["BTC/USDT", "BTC/USDC"]])
def test_symbols_that_cannot_be_told_apart_are_refused(symbols: Any) -> None:
    with pytest.raises(ValueError):
        _venue(ccxt.binance({"number": str}), symbols=symbols)


def test_cash_must_be_named_where_it_is_not_plain() -> None:
    with pytest.raises(ValueError, match="cash="):
        _venue(ccxt.binance({"number": str}), symbols=["BTC/USDT", "ETH/EUR"])
    _venue(ccxt.binance({"number": str}), symbols=["BTC/USDT", "ETH/EUR"], cash="EUR")


def test_a_sandbox_has_a_name_of_its_own() -> None:
    exchange = ccxt.binance({"number": str})
    assert _venue(exchange).name == "binance"
    exchange.set_sandbox_mode(True)
    assert _venue(exchange).name == "binance-sandbox"


def test_rules_are_the_exchanges_steps() -> None:
    fake = BinanceFake()
    rules = _venue(fake.exchange).rules(SYMBOL)
    assert rules == Rules(Decimal("0.01"), Decimal("0.00001"), Decimal(5), None, "BTC")


def test_steps_that_are_written_as_decimal_places_are_steps() -> None:
    fake = BinanceFake()
    venue = _venue(fake.exchange)
    venue.rules(SYMBOL)
    fake.exchange.precisionMode = ccxt.DECIMAL_PLACES
    fake.exchange.markets[SYMBOL]["precision"] = {"price": 2, "amount": 3}
    rules = venue.rules(SYMBOL)
    assert rules is not None and (rules.tick, rules.lot) == (Decimal("0.01"), Decimal("0.001"))


def test_an_inverse_contract_is_refused() -> None:
    fake = BinanceFake()
    venue = _venue(fake.exchange)
    venue.rules(SYMBOL)
    fake.exchange.markets[SYMBOL]["inverse"] = True
    with pytest.raises(VenueRefused, match="inverse"):
        venue.submit(new_order(SYMBOL))


def test_what_makes_a_position_smaller_only_is_told_on_contract_markets() -> None:
    captured = Captured(
        "bybit", {"retCode": 0, "retMsg": "OK", "result": {"orderId": "1", "orderLinkId": ""}}
    )
    market = captured.exchange.markets[captured.symbol]
    market.update(
        contract=True, spot=False, swap=True, linear=True, type="swap", settle="USDT", contractSize="1"
    )
    captured.venue.submit(new_order(captured.symbol, reduce_only=True))
    assert captured.last_fields()["reduceOnly"] is True


def test_the_clock_is_the_exchanges() -> None:
    fake = BinanceFake()
    fake.market.pass_time(timedelta(hours=5))
    venue = _venue(fake.exchange)
    assert abs(venue.now() - fake.market.now()) < timedelta(minutes=1)


def test_a_session_of_ccxt_is_one_of_requests() -> None:
    """Redirects and retries are switched off on it."""
    exchange = ccxt.binance({"number": str})
    _venue(exchange)
    assert isinstance(exchange.session, requests.Session) and exchange.session.max_redirects == 0
