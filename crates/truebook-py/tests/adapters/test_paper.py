"""alpaca-py against a venue that is a process: truebook's own paper venue, over real sockets.

The program is the one that ``TRUEBOOK_BIN`` names, or what cargo built here. Without it the tests are skipped, and
say so; where ``CI=true``, that is a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream
from truebook.testing import VenueSetup, check_names, check_one
from truebook.venue import Venue, VenueDuplicate, VenueUnknown
from truebook.venues import AlpacaPyVenue

from adapters.orders import CLIENT_ID, new_order

SYMBOL = "TSLA"
_ROOT = Path(__file__).resolve().parents[4]
_NEVER_MS = "86400000"


def _program() -> str:
    places = [_ROOT / "target" / kind / "truebook" for kind in ("debug", "release")]
    named = os.environ.get("TRUEBOOK_BIN")
    for place in [Path(named)] if named else places:
        if place.exists():
            return str(place)
    if os.environ.get("CI") == "true":
        pytest.fail("the program truebook is not built: the paper venue cannot be tested")
    pytest.skip("the program truebook is not built; TRUEBOOK_BIN names another")


class Paper:
    """A running paper venue."""

    def __init__(self, *options: str) -> None:
        arguments = [_program(), "paper", "--symbol", SYMBOL, "--tick-ms", _NEVER_MS, *options]
        self._process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        self.set_price(Decimal(100))

    def set_price(self, price: Decimal) -> None:
        body = f'{{"symbol":"{SYMBOL}","price":"{price}"}}'.encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/paper/tick", data=body)).read()

    def venue(self) -> AlpacaPyVenue:
        trading = TradingClient("key", "secret", url_override=self.url)
        data = StockHistoricalDataClient("key", "secret", url_override=self.url)
        stream = TradingStream("key", "secret", url_override=self.url.replace("http", "ws") + "/stream")
        return AlpacaPyVenue(trading, stream, data, propagation=timedelta(milliseconds=5))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def paper() -> Iterator[Paper]:
    running = Paper()
    yield running
    running.stop()


@pytest.mark.parametrize("name", check_names())
def test_alpaca_py_keeps_the_contract_at_the_paper_venue(paper: Paper, name: str) -> None:
    venue: Venue = paper.venue()
    check_one(name, VenueSetup(venue, SYMBOL, paper.set_price))


def test_p4_a_reply_that_the_paper_venue_loses_is_unknown_and_the_order_was_sent_once() -> None:
    running = Paper("--lost-replies", "1000")
    try:
        venue = running.venue()
        with pytest.raises(VenueUnknown):
            venue.submit(new_order(SYMBOL))
        # Every reply is lost, so what became of it is told by the venue's own audit.
        audit = json.load(urllib.request.urlopen(f"{running.url}/paper/audit"))
        assert audit["received"] == {CLIENT_ID: 1} and len(audit["orders"]) == 1
    finally:
        running.stop()


def test_p3_the_same_order_again_is_a_duplicate_at_the_paper_venue(paper: Paper) -> None:
    venue = paper.venue()
    venue.submit(new_order(SYMBOL))
    with pytest.raises(VenueDuplicate):
        venue.submit(new_order(SYMBOL))
