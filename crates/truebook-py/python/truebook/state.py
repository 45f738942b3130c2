"""The bot's variables as a mapping. What a method has done is durable when it returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Union, cast

if TYPE_CHECKING:
    from ._truebook import Core

#: A place in the variables: a JSON Pointer (text that begins with ``/``: ``"/risk/max"``), one key at the top (any
#: other text), or keys and indices one by one (``["orders", 0, "qty"]``).
Path = Union[str, Sequence[Union[str, int]]]

#: What can be stored; whatever is in lists, tuples and dicts too. Keys are ``str``. ``float`` is stored as its repr,
#: ``Decimal`` digit for digit.
Value = Union[None, bool, int, float, str, Decimal, Sequence[Any], Mapping[str, Any]]


class State(MutableMapping[str, Any]):
    """The variables, a ``dict`` of JSON values on disk.

    ``state["a"]`` is a copy: changing a list or dict that was read changes nothing in the book; store it again, or
    use :meth:`set` and :meth:`merge` with a path. Numbers that are written as integers are ``int``, others ``float``;
    with ``decimals=True`` they are ``Decimal``, digit for digit. A float that was read and is stored again unchanged
    keeps the digits that it has in the book.
    """

    __slots__ = ("_core", "_decimals")

    def __init__(self, core: Core, *, decimals: bool = False) -> None:
        self._core = core
        self._decimals = decimals

    @property
    def decimals(self) -> State:
        """The same variables, read with ``Decimal`` in place of ``float``."""
        return State(self._core, decimals=True)

    def __getitem__(self, key: str) -> Any:
        return self._core.state_item(key, self._decimals)

    def __setitem__(self, key: str, value: Any) -> None:
        self._core.state_set_item(_key(key), value)

    def __delitem__(self, key: str) -> None:
        if not self._core.state_remove_item(_key(key)):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return self._core.state_has(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._core.state_keys())

    def __len__(self) -> int:
        return self._core.state_len()

    def __repr__(self) -> str:
        return f"State({self.to_dict()!r})"

    def get(self, path: Path, default: Any = None) -> Any:
        """What is at a path, or ``default``."""
        found = self._core.state_get(path, self._decimals)
        return default if found is None else found[0]

    def set(self, path: Path, value: Value) -> bool:
        """Stores a value at a path, making the dicts on the way; false if it was there already."""
        return self._core.state_set(path, value)

    def remove(self, path: Path) -> bool:
        """Removes what is at a path; false if nothing was."""
        return self._core.state_remove(path)

    def merge(self, path: Union[Path, None], patch: Value) -> bool:
        """Merges a patch in at a path, ``None`` for the top (RFC 7396): dicts are merged, ``None`` removes, all else
        replaces. False if it changed nothing."""
        return self._core.state_merge("" if path is None else path, patch)

    def save(self, mapping: Mapping[str, Any]) -> bool:
        """Stores the whole document. Only the difference is written, in one event; false if there is none."""
        return self._core.state_save(_document(mapping))

    def to_dict(self) -> dict[str, Any]:
        """All variables, as a ``dict`` of one moment."""
        return self._core.state_read(self._decimals)

    read = to_dict

    def clear(self) -> None:
        """Removes everything, in one event."""
        self._core.state_save({})


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    raise TypeError(
        f"the key {key!r} ({type(key).__name__}) is no str, and JSON has no other keys: use str(key)"
    )


def _document(mapping: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(mapping, State):
        return mapping.decimals.to_dict()
    if isinstance(mapping, dict):
        return cast("dict[str, Any]", mapping)
    if isinstance(mapping, Mapping):
        return dict(mapping)
    raise TypeError(f"the variables are a dict of str keys, not {type(mapping).__name__}")
