"""The book beside a plain dict and a list: whatever is done to both, they say the same."""

from __future__ import annotations

import copy
import shutil
import tempfile
from pathlib import Path
from typing import Any

import truebook
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from truebook import Order

KEYS = st.sampled_from(["a", "b", "c", "a/b", "~", ""])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)
ORDER_KEYS = st.sampled_from(["k1", "k2", "k3", "k4"])
PRICES = st.sampled_from(["90", "95"])


def merged(old: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    made = dict(old) if isinstance(old, dict) else {}
    for key, change in patch.items():
        if change is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), change)
    return made


class TheBook(RuleBasedStateMachine):
    """Operations on the book and on what it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="truebook-model-"))
        self.copies = 0
        self.vars: dict[str, Any] = {}
        self.orders: dict[str, tuple[str, str]] = {}
        self.cancelled: set[str] = set()

    @initialize()
    def begin(self) -> None:
        self.venue = truebook.PaperVenue(prices={"XYZ": "100"})
        self.open()

    def open(self) -> None:
        # No thread of the book's own moves files while they are copied.
        self.book = truebook.open(self.directory / "data", venue=self.venue, backups=False, upkeep="inline")
        assert self.book.reconcile().agreed

    @rule(key=KEYS, value=VALUES)
    def set_a_key(self, key: str, value: Any) -> None:
        self.book.state[key] = value
        self.vars[key] = copy.deepcopy(value)

    @rule(key=KEYS)
    def remove_a_key(self, key: str) -> None:
        assert self.book.state.remove([key]) is (key in self.vars)
        self.vars.pop(key, None)

    @rule(document=DOCUMENTS)
    def save_all(self, document: dict[str, Any]) -> None:
        self.book.state.save(document)
        self.vars = copy.deepcopy(document)

    @rule(key=KEYS, value=VALUES)
    def save_all_with_a_change(self, key: str, value: Any) -> None:
        document = self.book.state.to_dict()
        document[key] = value
        self.book.state.save(document)
        self.vars[key] = copy.deepcopy(value)

    @rule(patch=DOCUMENTS)
    def merge(self, patch: dict[str, Any]) -> None:
        self.book.state.merge(None, patch)
        self.vars = merged(self.vars, patch)

    @rule()
    def save_what_was_read(self) -> None:
        seq = self.book.seq
        assert not self.book.state.save(self.book.state.to_dict())
        assert self.book.seq == seq

    @rule(key=ORDER_KEYS, price=PRICES)
    def submit(self, key: str, price: str) -> None:
        order = Order("XYZ", "buy", "1", "limit", limit=price)
        known = self.orders.get(key)
        if known is not None and known[0] != price:
            try:
                self.book.submit(key, order)
            except truebook.KeyReusedError:
                return
            raise AssertionError("a key is one order for ever")
        submitted = self.book.submit(key, order)
        assert submitted.is_new is (known is None)
        assert known is None or submitted.id == known[1]
        self.orders[key] = (price, submitted.id)

    @rule(key=ORDER_KEYS)
    def cancel(self, key: str) -> None:
        if key in self.orders and key not in self.cancelled:
            self.book.cancel(key)
            self.book.reconcile()
            self.cancelled.add(key)

    @rule()
    def reopen(self) -> None:
        self.book.close()
        self.open()

    @rule()
    def die_and_reopen(self) -> None:
        """What is on disk just now is what a killed process leaves behind."""
        self.copies += 1
        left = self.directory / f"left-{self.copies}"
        shutil.copytree(self.directory / "data", left)
        self.book.close()
        shutil.rmtree(self.directory / "data")
        left.rename(self.directory / "data")
        self.open()

    @invariant()
    def they_say_the_same(self) -> None:
        if not hasattr(self, "book"):
            return
        read = self.book.state.to_dict()
        assert read == self.vars
        assert repr(sorted(read.items(), key=repr)) == repr(sorted(ordered(self.vars).items(), key=repr))
        live = {order.key: order.id for order in self.book.orders()}
        wanted = {key: id for key, (_, id) in self.orders.items() if key not in self.cancelled}
        assert live == wanted
        assert len(self.venue.audit()["orders"]) == len(self.orders)

    def teardown(self) -> None:
        if hasattr(self, "book"):
            self.book.close()
        shutil.rmtree(self.directory)


def ordered(value: Any) -> Any:
    """With keys in the order in which the book gives them."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value, key=lambda key: key.encode())}
    return [ordered(item) for item in value] if isinstance(value, list) else value


TheBook.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
test_the_book_says_what_a_dict_and_a_list_say = TheBook.TestCase
