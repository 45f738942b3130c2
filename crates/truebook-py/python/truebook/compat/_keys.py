"""JSON has no integer keys: which dicts had them is remembered beside the state, so that they come back.

An order map ``{101: …}`` that comes back as ``{"101": …}`` no longer finds its parent 101.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Any, Union

#: Where integer keys stood, by JSON Pointer: ``True`` for all keys of the dict, or the list of those that were.
Marks = dict[str, Union[bool, list[str]]]

#: Dicts by order id, in the known form of a state.
BY_ORDER = (
    ("order_manager", "active_orders"),
    ("order_manager", "bracket_orders"),
    ("order_manager", "order_strategy_mapping"),
    ("orders",),
)


class Texts:
    """The integer keys of one dict as text, in the order of the text, from one save to the next.

    The book compares what is saved with what it has. It does that several times as fast where keys are the same
    objects as the last time, and in its own order.
    """

    def __init__(self) -> None:
        self._known: dict[int, str] = {}
        self._ordered: list[tuple[int, str]] = []

    def of(self, found: dict[Any, Any]) -> Union[dict[str, Any], None]:
        """The dict with text for its keys; ``None`` if they are not all integers."""
        if len(self._ordered) == len(found):
            try:
                return {text: found[key] for key, text in self._ordered}
            except KeyError:
                pass  # Other keys, as many.
        if not all(type(key) is int for key in found):
            return None
        known = self._known
        self._known = {key: known.get(key) or str(key) for key in found}
        self._ordered = sorted(self._known.items(), key=itemgetter(1))
        return {text: found[key] for key, text in self._ordered}


def pack_known(state: dict[str, Any], texts: dict[str, Texts]) -> tuple[dict[str, Any], Marks]:
    """The state with ``str`` keys in the dicts by order id, which are the only ones that are looked at."""
    packed, marks = dict(state), Marks()
    for path in BY_ORDER:
        holder = packed
        for segment in path[:-1]:
            inner = holder.get(segment)
            if not isinstance(inner, dict):
                break
            holder[segment] = holder = dict(inner)
        else:
            found = holder.get(path[-1])
            if isinstance(found, dict) and found:
                at = _pointer(path)
                quick = texts.setdefault(at, Texts()).of(found)
                if quick is not None:
                    marks[at] = True
                holder[path[-1]] = _keys_to_text(found, at, marks) if quick is None else quick
    return packed, marks


def pack_all(state: dict[str, Any]) -> tuple[dict[str, Any], Marks]:
    """As :func:`pack_known`, through everything."""
    marks = Marks()
    packed: dict[str, Any] = _pack(state, "", marks)
    return packed, marks


def _pack(value: Any, at: str, marks: Marks) -> Any:
    if isinstance(value, dict):
        texts = _keys_to_text(value, at, marks)
        return {key: _pack(member, f"{at}/{_escape(key)}", marks) for key, member in texts.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(item, f"{at}/{index}", marks) for index, item in enumerate(value)]
    return value


def _keys_to_text(found: dict[Any, Any], at: str, marks: Marks) -> dict[str, Any]:
    integers = [key for key in found if isinstance(key, int) and not isinstance(key, bool)]
    if not integers:
        return found
    texts = {
        str(key) if isinstance(key, int) and not isinstance(key, bool) else key: found[key] for key in found
    }
    if len(texts) != len(found):
        twice = next(key for key in integers if str(key) in found)
        raise ValueError(
            f"the state has both {twice!r} and {str(twice)!r} as keys at {at or '/'}: they cannot be told apart"
        )
    marks[at] = True if len(integers) == len(found) else sorted(str(key) for key in integers)
    return texts


def unpack(state: dict[str, Any], marks: Marks) -> None:
    """Gives the dicts their integer keys back, in place."""
    # The deepest first: on the way to them the keys are still text.
    for at in sorted(marks, key=lambda pointer: pointer.count("/"), reverse=True):
        which = marks[at]
        for holder, name, found in _find(state, at):
            integers = set(found) if which is True else set(which if isinstance(which, list) else ())
            texts: dict[Any, Any] = {
                int(key) if key in integers and is_integer(key) else key: found[key] for key in found
            }
            if holder is None:
                state.clear()
                state.update(texts)
            else:
                holder[name] = texts


def guess(state: dict[str, Any]) -> Marks:
    """The marks of a state that another program wrote: dicts by order id of which every key is an integer."""
    marks = Marks()
    for path in BY_ORDER:
        at = _pointer(path)
        for _, _, found in _find(state, at):
            if found and all(is_integer(key) for key in found):
                marks[at] = True
    return marks


def is_integer(key: Any) -> bool:
    """Whether a key is an integer as Python writes it."""
    return (
        isinstance(key, str)
        and key.lstrip("-").isascii()
        and key.lstrip("-").isdigit()
        and str(int(key)) == key
    )


def _find(state: dict[str, Any], at: str) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """The dict at a pointer, with what holds it and under which name; nothing if there is none."""
    holder: Any = None
    name: Any = None
    found: Any = state
    for segment in at.split("/")[1:]:
        name = segment.replace("~1", "/").replace("~0", "~")
        holder = found
        if isinstance(found, list):
            name = int(name)
            found = found[name] if name < len(found) else None
        else:
            found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, dict):
        yield holder, name, found


def _pointer(path: tuple[str, ...]) -> str:
    return "".join(f"/{_escape(segment)}" for segment in path)


def _escape(segment: str) -> str:
    return segment.replace("~", "~0").replace("/", "~1")
