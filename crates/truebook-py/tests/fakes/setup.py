"""What the contract suite asks for, with a market of the simulator behind the venue."""

from __future__ import annotations

from dataclasses import dataclass

from truebook.testing import VenueSetup
from truebook.venue import Venue

from fakes.market import Market


@dataclass(frozen=True)
class Setup:
    """A venue on which nothing has happened, an instrument at a price of 100, and the market behind it."""

    venue: Venue
    instrument: str
    market: Market

    def checked(self) -> VenueSetup:
        """As the suite wants it."""
        return VenueSetup(self.venue, self.instrument, self.market.set_price, self.market.pass_time)
