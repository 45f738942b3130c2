"""Numbers and times on their way to the book and back: exact, or refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Optional, Union

Number = Union[Decimal, str, int]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def text(value: Any, name: str) -> str:
    """A quantity, price or amount as the book writes it."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is Decimal or kind is int:
        return str(value)
    if isinstance(value, bool):
        raise TypeError(f"{name}: a bool is no number")
    if isinstance(value, float):
        raise TypeError(
            f"{name}: a float is refused, because 0.1 as a float is not a tenth but "
            f'0.1000000000000000055…; write Decimal("{value!r}") or "{value!r}"'
        )
    if isinstance(value, (Decimal, int, str)):
        return str(Decimal(value))
    raise TypeError(f"{name}: {type(value).__name__} is no number here; use Decimal, str or int")


def optional(value: Any, name: str) -> Optional[str]:
    """As :func:`text`, where there may be nothing."""
    return None if value is None else text(value, name)


def decimal(value: Optional[str]) -> Optional[Decimal]:
    """A number as the book wrote it, if there is one."""
    return None if value is None else Decimal(value)


def time_text(value: datetime, name: str) -> str:
    """A time as the book writes it: UTC, nine decimals."""
    if not isinstance(value, datetime):
        raise TypeError(f"{name}: {type(value).__name__} is no datetime")
    if value.tzinfo is None or value.utcoffset() is None:
        raise TypeError(f"{name}: a time without a zone could be any; use datetime.now(timezone.utc)")
    utc = value.astimezone(timezone.utc)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond:06d}000Z"


def optional_time_text(value: Optional[datetime], name: str) -> Optional[str]:
    """As :func:`time_text`, where there may be nothing."""
    return None if value is None else time_text(value, name)


def time(value: str) -> datetime:
    """A time as the book wrote it; its nanoseconds are cut to microseconds."""
    seconds, _, rest = value.rstrip("Z").partition(".")
    whole = datetime.strptime(seconds, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return whole + timedelta(microseconds=int(rest[:6].ljust(6, "0")))


def optional_time(value: Optional[str]) -> Optional[datetime]:
    """As :func:`time`, where there may be nothing."""
    return None if value is None else time(value)


def duration(value: timedelta) -> dict[str, int]:
    """A length of time as the engine reads it."""
    micros = value // timedelta(microseconds=1)
    if micros < 0:
        raise ValueError(f"a length of time is not below zero: {value}")
    return {"secs": micros // 1_000_000, "nanos": micros % 1_000_000 * 1000}
