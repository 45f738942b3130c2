"""Alpaca through alpaca-py. See :class:`AlpacaPyVenue`."""

from __future__ import annotations

from truebook.venues.alpaca.venue import AlpacaPyVenue

__all__ = ["AlpacaPyVenue"]
