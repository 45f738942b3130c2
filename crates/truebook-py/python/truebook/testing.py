"""The contract that every venue must keep: the suite that an adapter passes before it is trusted.

::

    def make() -> VenueSetup:
        fake = FakeExchange(price=100)
        return VenueSetup(MyVenue(fake), "XYZ", set_price=fake.set_price, pass_time=fake.pass_time)

    check_venue(make, skip={"the_stream_brings_each_order_and_execution": "the client has no stream"})
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Optional

from ._bridge import Bridge
from ._truebook import contract_check, contract_names
from .venue import Venue


def _nothing(_: timedelta) -> None:
    return None


@dataclass(frozen=True)
class VenueSetup:
    """A venue that is to be checked, on which nothing has happened, and what the world does around it."""

    venue: Venue
    #: An instrument that it trades in whole units, on a tick of 0.01 or finer, at a price of 100 now.
    instrument: str
    #: Sets the price of that instrument.
    set_price: Callable[[Decimal], None]
    #: Lets time pass at the venue.
    pass_time: Callable[[timedelta], None] = _nothing


def check_names() -> tuple[str, ...]:
    """The names of the checks, in the order in which they run."""
    return tuple(contract_names())


def check_venue(
    make_setup: Callable[[], VenueSetup],
    *,
    only: Optional[Collection[str]] = None,
    skip: Optional[Mapping[str, str]] = None,
) -> None:
    """Runs every check, each on a venue of its own.

    :param make_setup: makes a new venue, with nothing in it, for each check.
    :param only: the names of the checks that are wanted; all if nothing is said.
    :param skip: the names of checks that this venue cannot pass, each with the reason, which is printed.

    Raises ``AssertionError`` with what the suite found; the message begins with the name of the check.
    """
    left_out = dict(skip or {})
    names = check_names()
    unknown = sorted({*left_out, *(only or ())} - set(names))
    if unknown:
        raise ValueError(f"there is no check {', '.join(unknown)}; there are: {', '.join(names)}")
    for name in names:
        if only is not None and name not in only:
            continue
        if name in left_out:
            print(f"left out: {name}: {left_out[name]}")
            continue
        check_one(name, make_setup())


def check_one(name: str, setup: VenueSetup) -> None:
    """Runs one check, as :func:`check_venue` does."""

    def set_price(text: str) -> None:
        setup.set_price(Decimal(text))

    def pass_time(seconds: float) -> None:
        setup.pass_time(timedelta(seconds=seconds))

    try:
        contract_check(name, Bridge(setup.venue), setup.instrument, set_price, pass_time)
    except AssertionError as broken:
        raise AssertionError(f"{name}: {broken}") from None
