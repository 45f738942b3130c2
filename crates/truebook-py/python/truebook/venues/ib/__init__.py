"""Interactive Brokers through ib_async. See :class:`IbVenue`."""

from __future__ import annotations

from truebook.venues.ib.contracts import Contracts, UsStocks
from truebook.venues.ib.venue import IbVenue

__all__ = ["Contracts", "IbVenue", "UsStocks"]
