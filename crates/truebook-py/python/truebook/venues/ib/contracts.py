"""What an instrument's name means to Interactive Brokers, and back."""

from __future__ import annotations

import re
from typing import Optional, Protocol

from ib_async import Contract, Stock

_SYMBOL = re.compile(r"[A-Z][A-Z0-9. ]*")
_CON_ID = re.compile(r"conId:([1-9]\d*)")


class Contracts(Protocol):
    """Names of instruments and contracts. Give one of your own for what is no share in dollars."""

    def contract(self, instrument: str) -> Optional[Contract]:
        """The contract that is asked for by this name; ``None`` if it is no name of one."""

    def instrument(self, contract: Contract) -> str:
        """The name of a contract that came from the gateway."""


class UsStocks:
    """``AAPL`` is the share in dollars, routed by SMART; ``conId:265598`` is any contract by its number."""

    def contract(self, instrument: str) -> Optional[Contract]:
        """See :class:`Contracts`."""
        by_number = _CON_ID.fullmatch(instrument)
        if by_number:
            return Contract(conId=int(by_number[1]), exchange="SMART")
        return Stock(instrument, "SMART", "USD") if _SYMBOL.fullmatch(instrument) else None

    def instrument(self, contract: Contract) -> str:
        """See :class:`Contracts`."""
        if contract.secType == "STK" and contract.currency == "USD":
            return contract.symbol
        return f"conId:{contract.conId}"
