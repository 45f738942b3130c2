"""Any exchange of ccxt as a venue. See :class:`CcxtVenue`."""

from __future__ import annotations

from truebook.venues.ccxt.traits import Deadline, Errors, Lookup, Onward, Traits, Until, traits_of
from truebook.venues.ccxt.venue import CcxtVenue

__all__ = ["CcxtVenue", "Deadline", "Errors", "Lookup", "Onward", "Traits", "Until", "traits_of"]
