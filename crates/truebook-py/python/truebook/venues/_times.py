"""Times: whatever a venue writes becomes an aware datetime in UTC."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Optional

from truebook.venue import VenueUnknown

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
# CPython before 3.11 reads neither "Z" nor a fraction of other than three or six digits.
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|z|[+-]\d\d:?\d\d)")


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(timezone.utc)


def from_milliseconds(milliseconds: int) -> datetime:
    """A time given in milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def to_milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return (at - EPOCH) // _MILLISECOND


def parse(text: str) -> datetime:
    """An RFC 3339 time. What is finer than a microsecond is cut.

    Raises :class:`VenueUnknown` if it is none.
    """
    match = _RFC3339.fullmatch(text.strip())
    if match is None:
        raise VenueUnknown(f"a time that cannot be read: {text!r}")
    day, clock, fraction, zone = match.groups()
    micros = ((fraction or "") + "000000")[:6]
    offset = "+00:00" if zone in "Zz" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{micros}{offset}").astimezone(timezone.utc)
    except ValueError as error:
        raise VenueUnknown(f"a time that cannot be read: {text!r}") from error


def parse_or_none(text: Optional[str]) -> Optional[datetime]:
    """As :func:`parse`; ``None`` and the empty text stay ``None``."""
    return parse(text) if text else None


def write(at: datetime) -> str:
    """RFC 3339 with microseconds, in UTC."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
