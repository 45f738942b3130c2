"""What is traded at Alpaca, spelled as orders spell it."""

from __future__ import annotations

import re
from typing import Optional

#: Positions and some lists write ``BTC/USD`` without the stroke. No stock's symbol has six letters and no dot.
_PAIR = re.compile(r"([A-Z]{2,})(USDT|USDC|USD|BTC)")
_PAIR_LENGTH_MIN = 6


def instrument(symbol: str) -> str:
    """The instrument of this symbol: a pair with its stroke, anything else as it is."""
    match = _PAIR.fullmatch(symbol) if len(symbol) >= _PAIR_LENGTH_MIN else None
    return f"{match[1]}/{match[2]}" if match else symbol


def base(name: str) -> Optional[str]:
    """The coin that a pair is of: fees can be taken in it."""
    return name.partition("/")[0] if "/" in name else None
