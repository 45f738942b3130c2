"""Since when the broker's lists are whole: it forgets at midnight what is over."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

#: The broker's servers for shares of the United States.
_ZONE = "America/New_York"


def new_york_midnight(now: datetime) -> datetime:
    """The last midnight in New York, in UTC."""
    local = now.astimezone(ZoneInfo(_ZONE))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(timezone.utc)
