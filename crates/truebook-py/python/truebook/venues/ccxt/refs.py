"""The venue's id of an order, with what is needed to ask for it.

An exchange's own id is often unique within one symbol only, and has to be asked for together with it; where
stops stand in a list of their own, their ids do too. So an id is spelled ``BTC/USDT#17``, and that of a stop
``BTC/USDT#17#trigger``.
"""

from __future__ import annotations

from dataclasses import dataclass

from truebook.venue import VenueRefused

_STOP = "trigger"


@dataclass(frozen=True)
class Ref:
    """One order of an exchange."""

    symbol: str
    own: str
    is_stop: bool = False

    def __str__(self) -> str:
        spelled = f"{self.symbol}#{self.own}"
        return f"{spelled}#{_STOP}" if self.is_stop else spelled


def parse(spelled: str) -> Ref:
    """The order that is meant.

    Raises :class:`VenueRefused` if this is not how orders are spelled here: no order has such an id.
    """
    parts = spelled.split("#")
    if len(parts) == 2 and all(parts):
        return Ref(parts[0], parts[1])
    if len(parts) == 3 and all(parts) and parts[2] == _STOP:
        return Ref(parts[0], parts[1], is_stop=True)
    raise VenueRefused(f"{spelled!r} is no order of this venue: orders are spelled SYMBOL#ID")
