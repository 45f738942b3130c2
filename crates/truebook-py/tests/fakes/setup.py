"""What the contract suite asks for, with a market of the simulator behind the venue."""

from __future__ import annotations

from truebook.testing import VenueSetup
from truebook.venue import Venue

from fakes.market import Market


def setup(venue: Venue, instrument: str, market: Market) -> VenueSetup:
    """A venue on which nothing has happened, with an instrument at a price of 100."""
    return VenueSetup(venue, instrument, market.set_price, market.pass_time)
