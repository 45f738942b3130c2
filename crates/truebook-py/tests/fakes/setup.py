"""What the contract suite asks for: a venue, what trades at it, and the world around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from tests.fakes.market import Market
from truebook.venue import Venue


@dataclass
class Setup:
    """A venue on which nothing has happened, with an instrument at a price of 100."""

    venue: Venue
    instrument: str
    market: Market

    def set_price(self, price: Decimal) -> None:
        self.market.set_price(price)

    def pass_time(self, span: timedelta) -> None:
        self.market.pass_time(span)
