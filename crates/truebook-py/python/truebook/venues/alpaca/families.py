"""Which order is a leg of which: the stream sends legs alone, so what lists and replies tell is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Optional

Raw = Mapping[str, Any]

#: How many links are kept. The oldest give way: a leg whose link is gone is found again in the lists.
LINKS_MAX = 50_000
_WITH_OTHERS = ("bracket", "oto", "oco")


class Families:
    """What is known of brackets. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: The parent of a leg, by the leg's id or by the id that the venue gave the group; the oldest first.
        self._parents: dict[str, str] = {}
        self._with_legs: set[str] = set()

    def learn(self, order: Raw) -> None:
        """Learns from an order with its legs, from the entry of a group, or from what took a leg's place."""
        with self._lock:
            for leg in order.get("legs") or ():
                self._add(leg["id"], order["id"])
                self._with_legs.add(order["id"])
            if order.get("group_id") and order.get("group_role") == "entry":
                self._add(order["group_id"], order["id"])
            before = self._parents.get(order.get("replaces") or "")
            if before is not None:
                self._add(order["id"], before)

    def parent(self, order: Raw) -> Optional[str]:
        """The parent of an order, if it is a leg and anybody said of which."""
        if order.get("group_role") == "entry":
            return None
        ids = (order["id"], order.get("replaces"), order.get("group_id"))
        with self._lock:
            found = next((self._parents[one] for one in ids if one and one in self._parents), None)
        return found if found != order["id"] else None

    def orphans(self, orders: Iterable[Raw]) -> list[Raw]:
        """Those that came with others while nobody said with which."""
        return [order for order in orders if self._is_orphan(order)]

    def _is_orphan(self, order: Raw) -> bool:
        with self._lock:
            is_first = order.get("group_role") == "entry" or order["id"] in self._with_legs
        return order.get("order_class") in _WITH_OTHERS and not is_first and self.parent(order) is None

    def _add(self, child: str, parent: str) -> None:
        self._parents[child] = parent
        if len(self._parents) > LINKS_MAX:
            self._with_legs.discard(self._parents.pop(next(iter(self._parents))))
