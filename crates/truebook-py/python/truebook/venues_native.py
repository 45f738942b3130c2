"""Venues whose adapter is in Rust: the paper venue, and Alpaca."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Optional, Union

from ._numbers import Number, optional, text
from ._truebook import PaperCore
from .venue import IdClass, Rules


class PaperVenue:
    """A venue in this process: real matching, no money, faults on demand.

    :param instruments: what it trades, with the rules of each; a list for rules that allow everything.
    :param prices: the prices at the beginning.
    :param id_class: what it does with a client order id that it has seen before: ``A`` with native brackets and
        replacing, like Alpaca; ``B`` like the large crypto exchanges; ``C`` like a broker's order references.
    :param cash: what the account begins with.
    :param fee_rate: the part of the amount that each execution costs.
    :param store: a directory in which it keeps what it has, over restarts.
    """

    def __init__(
        self,
        instruments: Union[Mapping[str, Rules], list[str], tuple[str, ...]] = (),
        *,
        prices: Optional[Mapping[str, Number]] = None,
        name: str = "paper",
        id_class: Union[IdClass, str] = IdClass.A,
        cash: Optional[Number] = None,
        fee_rate: Optional[Number] = None,
        store: Union[str, os.PathLike[str], None] = None,
    ) -> None:
        given = (
            dict(instruments) if isinstance(instruments, Mapping) else {each: Rules() for each in instruments}
        )
        for instrument in prices or {}:
            given.setdefault(instrument, Rules())
        told = {
            "name": name,
            "id_class": IdClass(id_class).value,
            "instruments": {instrument: _rules(rules) for instrument, rules in given.items()},
            "cash": optional(cash, "cash"),
            "fee_rate": optional(fee_rate, "fee_rate"),
            "store": None if store is None else os.fspath(store),
        }
        self.core = PaperCore(json.dumps(told))
        for instrument, price in (prices or {}).items():
            self.set_price(instrument, price)

    @property
    def name(self) -> str:
        """Its name, as books record it."""
        return self.core.name

    def set_price(self, instrument: str, price: Number) -> None:
        """Sets the price of an instrument, and executes what can be executed at it."""
        self.core.set_price(instrument, text(price, "price"))

    def pass_time(self) -> None:
        """Lets everything happen that is due by now. Each request does that too."""
        self.core.pass_time()

    def fail(self, on: str, fault: str, value: Any = None, *, per_thousand: Optional[int] = None) -> None:
        """What goes wrong with the next request of a kind, once; with ``per_thousand``, by chance from here on.

        :param on: ``submit``, ``cancel``, ``replace``, ``find``, ``open_orders``, ``closed_orders``, ``fills``,
            ``positions``, ``account`` or ``connect``.
        :param fault: ``reply_lost`` (done, and its reply is lost), ``unreadable``, ``request_lost``, ``late``
            (``value`` in seconds), ``too_many`` (seconds), ``too_many_yet_done``, ``maintenance``,
            ``server_error``, ``pieces`` (filled in so many pieces, one a price), ``late_fills`` (seconds),
            ``slow_cancel`` (seconds), ``first_rows`` (how many), ``omitted`` (which row), ``odd_word`` (the word).
        """
        told: Any = fault if value is None else {fault: value}
        self.core.fail(on, json.dumps(told), per_thousand)

    def clear_faults(self) -> None:
        """From here on everything goes well."""
        self.core.clear_faults()

    def audit(self) -> dict[str, Any]:
        """What it really has, whatever its answers said: ``orders`` (``venue_order``, ``client_id``, ``status``),
        ``fills`` (how many) and ``positions`` (quantity by instrument)."""
        found: dict[str, Any] = json.loads(self.core.audit())
        found["positions"] = {of: Decimal(quantity) for of, quantity in found["positions"].items()}
        return found


class Alpaca:
    """Alpaca, by the adapter in Rust. Nothing is sent before the book asks for something.

    :param base_url: where it is; Alpaca's paper trading if nothing is said, ``LIVE_URL`` for real money, or a paper
        venue on this machine (``truebook paper``).
    :param key_id: with ``secret``, the keys; else ``keys_file``, else ``APCA_API_KEY_ID`` and
        ``APCA_API_SECRET_KEY`` in the environment.
    """

    #: Where real money is traded.
    LIVE_URL = "https://api.alpaca.markets"

    def __init__(
        self,
        *,
        base_url: Optional[str] = None,
        key_id: Optional[str] = None,
        secret: Optional[str] = None,
        keys_file: Union[str, os.PathLike[str], None] = None,
        requests_per_minute: Optional[int] = None,
        name: str = "alpaca",
    ) -> None:
        if (key_id is None) != (secret is None):
            raise TypeError("key_id and secret belong together")
        self.name = name
        self._keys = None if key_id is None or secret is None else (key_id, secret)
        self._told = {
            "base_url": base_url,
            "keys_file": None if keys_file is None else os.fspath(keys_file),
            "requests_per_minute": requests_per_minute,
            "name": name,
        }

    def __repr__(self) -> str:
        return f"Alpaca(base_url={self._told['base_url']!r})"

    def told(self) -> tuple[str, Optional[tuple[str, str]]]:
        """What the engine is told of it."""
        return json.dumps(self._told), self._keys


def _rules(rules: Rules) -> dict[str, Any]:
    return {
        "tick": text(rules.tick, "tick"),
        "lot": text(rules.lot, "lot"),
        "notional_min": text(rules.notional_min, "notional_min"),
        "multiplier": optional(rules.multiplier, "multiplier"),
    }
