"""What an error of ccxt proves: only what an exchange says before it has an order is a refusal."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import ccxt
import pytest
from fakes.binance import SYMBOL, BinanceFake
from fakes.capture import Captured
from fakes.transport import Lost, Unreachable
from truebook.venue import (
    Target,
    VenueDuplicate,
    VenueError,
    VenueMaintenance,
    VenueNotFound,
    VenueNotSent,
    VenueRateLimited,
    VenueRefused,
    VenueUnauthorized,
    VenueUnknown,
)
from truebook.venues import CcxtVenue
from truebook.venues.ccxt import Errors, classify, traits_of

from adapters.orders import CLIENT_ID, new_order

_SURE = Errors(limits_first=True)

CLASSES: list[tuple[type[ccxt.BaseError], type[VenueError]]] = [
    (ccxt.InvalidOrder, VenueRefused),
    (ccxt.InsufficientFunds, VenueRefused),
    (ccxt.BadRequest, VenueRefused),
    (ccxt.BadSymbol, VenueRefused),
    (ccxt.ArgumentsRequired, VenueRefused),
    (ccxt.OrderImmediatelyFillable, VenueRefused),
    (ccxt.OrderNotFillable, VenueRefused),
    (ccxt.ContractUnavailable, VenueRefused),
    (ccxt.OperationRejected, VenueRefused),
    (ccxt.MarketClosed, VenueRefused),
    (ccxt.DuplicateOrderId, VenueDuplicate),
    (ccxt.AuthenticationError, VenueUnauthorized),
    (ccxt.PermissionDenied, VenueUnauthorized),
    (ccxt.AccountNotEnabled, VenueUnauthorized),
    (ccxt.AccountSuspended, VenueUnauthorized),
    (ccxt.RateLimitExceeded, VenueRateLimited),
    (ccxt.DDoSProtection, VenueRateLimited),
    (ccxt.OnMaintenance, VenueMaintenance),
    (ccxt.NotSupported, VenueNotSent),
    (ccxt.BaseError, VenueUnknown),
    (ccxt.ExchangeError, VenueUnknown),
    (ccxt.OrderNotFound, VenueUnknown),
    (ccxt.OperationFailed, VenueUnknown),
    (ccxt.NetworkError, VenueUnknown),
    (ccxt.RequestTimeout, VenueUnknown),
    (ccxt.ExchangeNotAvailable, VenueUnknown),
    (ccxt.InvalidNonce, VenueUnknown),
    (ccxt.ChecksumError, VenueUnknown),
    (ccxt.BadResponse, VenueUnknown),
    (ccxt.NullResponse, VenueUnknown),
    (ccxt.CancelPending, VenueUnknown),
]


@pytest.mark.parametrize(("kind", "expected"), CLASSES)
def test_p4_every_class_of_error_on_an_order_proves_what_it_says_and_no_more(
    kind: type[ccxt.BaseError], expected: type[VenueError]
) -> None:
    assert type(classify.on_order(kind("exchange {}"), _SURE)) is expected


def test_too_many_requests_is_a_refusal_only_where_it_is_said_before_an_order_is_looked_at() -> None:
    for kind in (ccxt.RateLimitExceeded, ccxt.DDoSProtection):
        assert type(classify.on_order(kind("exchange {}"), Errors())) is VenueUnknown


CANCELS: list[tuple[type[ccxt.BaseError], type[VenueError]]] = [
    (ccxt.OrderNotFound, VenueNotFound),
    (ccxt.InvalidOrder, VenueRefused),
    (ccxt.BadRequest, VenueRefused),
    (ccxt.AuthenticationError, VenueUnauthorized),
    (ccxt.RateLimitExceeded, VenueRateLimited),
    (ccxt.OnMaintenance, VenueMaintenance),
    (ccxt.RequestTimeout, VenueUnknown),
    (ccxt.NetworkError, VenueUnknown),
    (ccxt.ExchangeError, VenueUnknown),
]


@pytest.mark.parametrize(("kind", "expected"), CANCELS)
def test_a_cancellation_that_fails_says_whether_there_is_such_an_order(
    kind: type[ccxt.BaseError], expected: type[VenueError]
) -> None:
    assert type(classify.on_cancel(kind("exchange {}"), _SURE)) is expected


def _kraken(text: str) -> Any:
    return {"error": [text]}


def _okx(code: str) -> Any:
    return {
        "code": "1",
        "msg": "",
        "data": [{"clOrdId": CLIENT_ID, "ordId": "", "sCode": code, "sMsg": "words"}],
    }


def _bybit(code: int) -> Any:
    return {"retCode": code, "retMsg": "words", "result": {}, "retExtInfo": {}, "time": 1}


def _deribit(code: int) -> Any:
    return {"jsonrpc": "2.0", "error": {"code": code, "message": "words"}, "testnet": False}


def _binance(code: int, text: str = "words") -> Any:
    return {"code": code, "msg": text}


#: Exchange, HTTP status, reply to a request that places an order, and what it proves.
ORDERS: list[tuple[str, int, Any, type[VenueError]]] = [
    ("binance", 400, _binance(-2010, "Duplicate order sent."), VenueDuplicate),
    ("binance", 400, _binance(-2010, "Account has insufficient balance for requested action."), VenueRefused),
    ("binance", 400, _binance(-1013, "Filter failure: LOT_SIZE"), VenueRefused),
    (
        "binance",
        400,
        _binance(-1021, "Timestamp for this request is outside of the recvWindow."),
        VenueRefused,
    ),
    ("binance", 400, _binance(-1121, "Invalid symbol."), VenueRefused),
    ("binance", 401, _binance(-2015, "Invalid API-key, IP, or permissions for action."), VenueUnauthorized),
    ("binance", 429, _binance(-1003, "Too many requests"), VenueRateLimited),
    ("binance", 429, _binance(-1015, "Too many new orders"), VenueRateLimited),
    ("binance", 400, _binance(-1006, "An unexpected response was received"), VenueUnknown),
    ("binance", 408, _binance(-1007, "Timeout waiting for response from backend server."), VenueUnknown),
    ("binance", 503, _binance(-1008, "Server is currently overloaded"), VenueUnknown),
    ("binance", 400, _binance(-1016, "This service is no longer available."), VenueUnknown),
    ("binance", 500, "Internal Server Error", VenueUnknown),
    ("binance", 502, "<html>Bad Gateway</html>", VenueUnknown),
    ("binance", 200, "not JSON at all", VenueUnknown),
    ("binance", 302, "", VenueUnknown),
    ("kraken", 200, _kraken("EGeneral:Invalid arguments:cl_ord_id not unique"), VenueDuplicate),
    ("kraken", 200, _kraken("EOrder:Insufficient funds"), VenueRefused),
    ("kraken", 200, _kraken("EService:Deadline elapsed"), VenueRefused),
    ("kraken", 200, _kraken("EAPI:Invalid nonce"), VenueRefused),
    ("kraken", 200, _kraken("EAPI:Invalid key"), VenueUnauthorized),
    ("kraken", 200, _kraken("EOrder:Rate limit exceeded"), VenueRateLimited),
    ("kraken", 200, _kraken("EService:Busy"), VenueUnknown),
    ("kraken", 200, _kraken("EService:Unavailable"), VenueUnknown),
    ("kraken", 200, _kraken("EGeneral:Internal error"), VenueUnknown),
    ("kraken", 200, _kraken("EFuture:Nobody knows"), VenueUnknown),
    ("okx", 200, _okx("51016"), VenueDuplicate),
    ("okx", 200, _okx("51065"), VenueDuplicate),
    ("okx", 200, _okx("51008"), VenueRefused),
    ("okx", 200, _okx("51020"), VenueRefused),
    ("okx", 200, _okx("51149"), VenueUnknown),
    ("okx", 200, _okx("51054"), VenueUnknown),
    ("okx", 200, {"code": "50102", "msg": "Timestamp request expired", "data": []}, VenueRefused),
    ("okx", 200, {"code": "50011", "msg": "Rate limit reached", "data": []}, VenueRateLimited),
    ("okx", 200, {"code": "50113", "msg": "Invalid Sign", "data": []}, VenueUnauthorized),
    ("okx", 200, {"code": "50001", "msg": "Service temporarily unavailable", "data": []}, VenueMaintenance),
    ("okx", 200, {"code": "50004", "msg": "API endpoint request timeout", "data": []}, VenueUnknown),
    ("okx", 200, {"code": "50013", "msg": "Systems are busy", "data": []}, VenueUnknown),
    ("okx", 200, {"code": "50026", "msg": "System error", "data": []}, VenueUnknown),
    ("bybit", 200, _bybit(110072), VenueDuplicate),
    ("bybit", 200, _bybit(170141), VenueDuplicate),
    ("bybit", 200, _bybit(170131), VenueRefused),
    ("bybit", 200, _bybit(10001), VenueRefused),
    ("bybit", 200, _bybit(10002), VenueRefused),
    ("bybit", 200, _bybit(10003), VenueUnauthorized),
    ("bybit", 200, _bybit(10006), VenueRateLimited),
    ("bybit", 200, _bybit(10000), VenueUnknown),
    ("bybit", 200, _bybit(10014), VenueUnknown),
    ("bybit", 200, _bybit(10016), VenueUnknown),
    ("bybit", 200, _bybit(170007), VenueUnknown),
    ("bybit", 200, _bybit(170146), VenueUnknown),
    ("deribit", 400, _deribit(10009), VenueRefused),
    ("deribit", 400, _deribit(13004), VenueUnauthorized),
    ("deribit", 400, _deribit(10028), VenueRateLimited),
    ("deribit", 400, _deribit(10041), VenueMaintenance),
    ("deribit", 400, _deribit(10040), VenueUnknown),
    ("deribit", 400, _deribit(10047), VenueUnknown),
    ("alpaca", 422, {"code": 40010001, "message": "client_order_id must be unique"}, VenueDuplicate),
    ("alpaca", 422, {"code": 42210000, "message": "invalid qty"}, VenueRefused),
    ("alpaca", 403, {"code": 40310000, "message": "insufficient balance for USD"}, VenueRefused),
    ("alpaca", 429, {"message": "too many requests."}, VenueRateLimited),
    ("alpaca", 504, {"message": "timeout"}, VenueUnknown),
    ("coinbase", 200, {"success": False, "error_response": {"error": "INSUFFICIENT_FUND"}}, VenueUnknown),
    ("coinbase", 429, {"error": "rate_limit_exceeded"}, VenueRateLimited),
    (
        "coinbase",
        200,
        {
            "success": False,
            "error_response": {"error": "x", "preview_failure_reason": "PREVIEW_INSUFFICIENT_FUND"},
        },
        VenueRefused,
    ),
    (
        "coinbase",
        200,
        {"success": False, "error_response": {"error": "UNKNOWN_FAILURE_REASON", "message": ""}},
        VenueUnknown,
    ),
]


@pytest.mark.parametrize(("name", "status", "reply", "expected"), ORDERS)
def test_p4_every_documented_refusal_of_an_order_is_told_from_what_nobody_knows(
    name: str, status: int, reply: Any, expected: type[VenueError]
) -> None:
    captured = Captured(name, reply, status)
    with pytest.raises(VenueError) as caught:
        captured.venue.submit(new_order(captured.symbol))
    assert type(caught.value) is expected, caught.value
    assert len(captured.transport.sent) == 1


NOT_LIVE: list[tuple[str, int, Any]] = [
    ("binance", 400, _binance(-2011, "Unknown order sent.")),
    ("kraken", 200, _kraken("EOrder:Unknown order")),
    ("okx", 200, _okx("51400")),
    ("okx", 200, _okx("51401")),
    ("okx", 200, _okx("51402")),
    ("bybit", 200, _bybit(110001)),
    ("bybit", 200, _bybit(170213)),
    ("deribit", 400, _deribit(10004)),
    ("deribit", 400, _deribit(10010)),
    ("deribit", 400, _deribit(11044)),
    ("alpaca", 404, {"code": 40410000, "message": "order not found"}),
]


@pytest.mark.parametrize(("name", "status", "reply"), NOT_LIVE)
def test_a_cancellation_of_what_is_not_live_says_go_and_look(name: str, status: int, reply: Any) -> None:
    captured = Captured(name, reply, status)
    with pytest.raises(VenueNotFound):
        captured.venue.cancel(Target(CLIENT_ID, f"{captured.symbol}#7", captured.symbol))


def test_ccxt_itself_calls_an_unknown_order_of_kraken_an_invalid_one_unless_it_cancels() -> None:
    captured = Captured("kraken", _kraken("EOrder:Unknown order"))
    with pytest.raises(ccxt.InvalidOrder) as caught:
        captured.exchange.fetch_order("O-1", captured.symbol)
    assert not isinstance(caught.value, ccxt.OrderNotFound)


def test_ccxt_itself_calls_orders_that_exist_already_invalid() -> None:
    for name, status, reply in (
        ("binance", 400, _binance(-2010, "Duplicate order sent.")),
        ("okx", 200, _okx("51016")),
        ("bybit", 200, _bybit(110072)),
    ):
        captured = Captured(name, reply, status)
        with pytest.raises(ccxt.InvalidOrder) as caught:
            captured.exchange.create_order(captured.symbol, "limit", "buy", "2", "50")
        assert not isinstance(caught.value, ccxt.DuplicateOrderId)


def test_p4_ccxt_itself_calls_outcomes_that_nobody_knows_refusals() -> None:
    for name, status, reply, kind in (
        ("binance", 400, _binance(-1016, "This service is no longer available."), ccxt.BadRequest),
        ("bybit", 200, _bybit(170146), ccxt.InvalidOrder),
    ):
        captured = Captured(name, reply, status)
        with pytest.raises(kind):
            captured.exchange.create_order(captured.symbol, "limit", "buy", "2", "50")


def test_p4_a_code_of_okx_in_a_row_of_a_reply_that_is_well_above_is_seen() -> None:
    """Code 2 says that a part of a batch went well; our batch has one part."""
    reply = {
        "code": "2",
        "msg": "",
        "data": [{"clOrdId": CLIENT_ID, "ordId": "", "sCode": "51008", "sMsg": "funds"}],
    }
    captured = Captured("okx", reply)
    with pytest.raises(VenueRefused) as caught:
        captured.venue.submit(new_order(captured.symbol))
    assert caught.value.code == "51008"


def test_ccxt_itself_takes_a_refused_row_of_okx_for_an_order() -> None:
    reply = {
        "code": "2",
        "msg": "",
        "data": [{"clOrdId": CLIENT_ID, "ordId": "", "sCode": "51008", "sMsg": "funds"}],
    }
    captured = Captured("okx", reply)
    made = captured.exchange.create_order(captured.symbol, "limit", "buy", "2", "50")
    assert made["info"]["sCode"] == "51008" and not made["id"]


def test_p4_a_lost_reply_is_unknown_and_the_order_was_sent_once() -> None:
    fake = BinanceFake()
    venue = CcxtVenue(fake.exchange, account="main", symbols=[SYMBOL])
    venue.rules(SYMBOL)
    fake.transport.faults["POST"] = [Lost()]
    with pytest.raises(VenueUnknown):
        venue.submit(new_order(SYMBOL))
    assert len(fake.orders_sent()) == 1
    found = venue.find(CLIENT_ID, SYMBOL)
    assert found is not None and found.client_id == CLIENT_ID


def test_p4_a_lost_reply_to_a_cancellation_is_unknown() -> None:
    fake = BinanceFake()
    venue = CcxtVenue(fake.exchange, account="main", symbols=[SYMBOL])
    accepted = venue.submit(new_order(SYMBOL))
    fake.transport.faults["DELETE"] = [Lost()]
    with pytest.raises(VenueUnknown):
        venue.cancel(Target(CLIENT_ID, accepted.order.venue_order, SYMBOL))
    assert len(fake.transport.of("DELETE")) == 1


def test_p4_what_found_no_connection_was_not_sent() -> None:
    fake = BinanceFake()
    venue = CcxtVenue(fake.exchange, account="main", symbols=[SYMBOL])
    venue.rules(SYMBOL)
    fake.transport.faults["POST"] = [Unreachable()]
    with pytest.raises(VenueNotSent):
        venue.submit(new_order(SYMBOL))
    assert venue.open_orders().rows == ()


def test_while_the_markets_cannot_be_loaded_nothing_is_sent() -> None:
    fake = BinanceFake()
    venue = CcxtVenue(fake.exchange, account="main", symbols=[SYMBOL])
    fake.transport.faults["GET"] = [(503, "closed")]
    with pytest.raises(VenueNotSent):
        venue.submit(new_order(SYMBOL))
    assert fake.orders_sent() == []


def test_p4_a_reply_about_another_order_is_unknown() -> None:
    captured = Captured(
        "alpaca", {"id": "a-2", "client_order_id": "another", "symbol": "BTC/USD", "status": "new"}
    )
    with pytest.raises(VenueUnknown):
        captured.venue.submit(new_order(captured.symbol, quantity=Decimal(1)))


def test_an_error_tells_the_exchanges_own_code_and_words() -> None:
    captured = Captured("binance", _binance(-1013, "Filter failure: NOTIONAL"), 400)
    with pytest.raises(VenueRefused, match="Filter failure: NOTIONAL") as caught:
        captured.venue.submit(new_order(captured.symbol))
    assert caught.value.code == "-1013"


def test_a_number_that_only_looks_like_a_code_is_none() -> None:
    """A price of 51016 in the words of an error of OKX does not mean that there is such an order."""
    body = json.dumps({"code": "1", "data": [{"sCode": "51008", "sMsg": "at a price of 51016"}]})
    assert (
        type(classify.on_order(ccxt.InsufficientFunds(f"okx {body}"), traits_of("okx").errors))
        is VenueRefused
    )
