"""Numbers, exactly: what a client gives becomes a Decimal, and a Decimal becomes the text that is sent."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Optional

from truebook.venue import VenueUnknown

#: What a client library raises on a reply of another shape than the one it knows.
UNREADABLE = (AttributeError, AssertionError, IndexError, KeyError, TypeError, ValueError, ArithmeticError)


def decimal(value: object, what: str) -> Decimal:
    """``value`` as a Decimal. A float is read as the shortest text that means it, which is what was received.

    Raises :class:`VenueUnknown` if it is no finite number; ``what`` names it in the message.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise VenueUnknown(f"{what} is no number: {value!r}")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise VenueUnknown(f"{what} is no number: {value!r}") from error
    if not number.is_finite():
        raise VenueUnknown(f"{what} is no finite number: {value!r}")
    return number


def decimal_or_none(value: object, what: str) -> Optional[Decimal]:
    """As :func:`decimal`; ``None`` and the empty text stay ``None``."""
    return None if value is None or value == "" else decimal(value, what)


def nonzero_or_none(value: object, what: str) -> Optional[Decimal]:
    """As :func:`decimal_or_none`, where a venue writes 0 for "none", as for the price of a market order."""
    number = decimal_or_none(value, what)
    return number if number else None


def text(number: Decimal) -> str:
    """The shortest exact text without an exponent: ``0.30`` is ``0.3``, ``1E+2`` is ``100``."""
    if not number:
        return "0"
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
