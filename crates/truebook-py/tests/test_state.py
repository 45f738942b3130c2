"""The bot's variables."""

from __future__ import annotations

import enum
import json
import math
from collections import OrderedDict, defaultdict
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import truebook
from conftest import Opener

VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -7,
    2**63 - 1,
    -(2**63),
    10**40,
    0.0,
    -0.0,
    0.1,
    1e-7,
    1e16,
    1.7976931348623157e308,
    5e-324,
    "",
    "text",
    'ä "quoted" \\ \n\x00 😀',
    [],
    [1, [2, [3, None]]],
    {},
    {"": 0, "a": {"b": {"c": [1, {"d": 2}]}}, "~/": 1},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_p1_what_is_stored_is_read_back_and_survives_reopening(opener: Opener, value: Any) -> None:
    book = opener()
    book.state["v"] = value
    assert repr(book.state["v"]) == repr(value)
    book.close()
    assert repr(opener().state["v"]) == repr(value)


def test_it_is_a_mapping(opener: Opener) -> None:
    state = opener().state
    state.update(b=2, a=1)
    assert dict(state) == {"a": 1, "b": 2} == state.to_dict() == state.read()
    assert (
        list(state) == ["a", "b"] and len(state) == 2 and "a" in state and "c" not in state and 3 not in state
    )
    assert state.pop("a") == 1 and state.pop("a", 5) == 5
    assert state.setdefault("c", []) == []
    del state["b"]
    with pytest.raises(KeyError):
        state["b"]
    with pytest.raises(KeyError):
        del state["b"]
    state.clear()
    assert state == {} and len(state) == 0


def test_paths_are_pointers_keys_or_segments(opener: Opener) -> None:
    state = opener().state
    assert state.set("/risk/max", 600) and not state.set("/risk/max", 600)
    assert state.set(["orders", "a.b"], [1, 2])
    assert state.set(["orders", "a.b", 2], 3)
    assert state.get("/orders/a.b/0") == 1 and state.get(["orders", "a.b", 2]) == 3
    assert state.set("a.b", 1) and state["a.b"] == 1 and state.get("a.b") == 1
    state["/ES"] = "a key with a slash"
    assert (
        state["/ES"] == "a key with a slash"
        and state.get(["/ES"]) == state["/ES"]
        and state.get("/ES") is None
    )
    assert state.get("/no/such", "default") == "default" and state.get("none") is None
    assert state.remove("/risk/max") and not state.remove("/risk/max")
    with pytest.raises(truebook.StateError):
        state.set("/orders/a.b/0/x", 1)
    with pytest.raises(truebook.StateError):
        state.set("/orders/a.b/9", 1)


def test_a_merge_changes_what_it_names_only(opener: Opener) -> None:
    book = opener()
    book.state.save({"orders": {"1": {"qty": 1, "status": "new"}, "2": {"qty": 2}}})
    seq = book.seq
    assert book.state.merge("/orders/1", {"status": "filled", "px": 1.5})
    assert book.seq == seq + 1
    assert not book.state.merge("/orders/1", {"status": "filled"}) and book.seq == seq + 1
    assert book.state.merge(None, {"orders": {"2": None}, "x": {"y": 1}})
    assert book.state.to_dict() == {"orders": {"1": {"qty": 1, "status": "filled", "px": 1.5}}, "x": {"y": 1}}
    with pytest.raises(truebook.StateError):
        book.state.merge(None, [1])
    with pytest.raises(truebook.StateError):
        book.state.merge(None, {"truebook": 1})


def test_a_whole_save_writes_the_difference_only(opener: Opener, data: Path) -> None:
    book = opener()
    whole = {"orders": {str(n): {"qty": n, "px": n / 7, "legs": [n, "x" * 20]} for n in range(500)}}
    assert book.state.save(whole)
    seq = book.seq
    assert not book.state.save(whole) and not book.state.save(json.loads(json.dumps(whole)))
    assert not book.state.save(book.state.to_dict()) and book.seq == seq
    whole["orders"]["250"]["legs"].append("new")
    assert book.state.save(whole) and book.seq == seq + 1
    assert book.state.to_dict() == whole
    del whole["orders"]["3"]
    whole["orders"]["7"] = {"px": 1.0, "qty": 7, "legs": []}
    assert book.state.save(whole) and book.state.to_dict() == whole
    assert b"orders/250" not in b"".join(path.read_bytes() for path in data.glob("*.json"))


def test_what_a_save_shares_with_the_book_is_never_changed_by_the_caller(opener: Opener) -> None:
    book = opener()
    whole: dict[str, Any] = {"a": [1, {"b": 2}]}
    book.state.save(whole)
    whole["a"][1]["b"] = 3
    assert book.state.to_dict() == {"a": [1, {"b": 2}]}
    read = book.state["a"]
    read.append(4)
    assert book.state["a"] == [1, {"b": 2}]


def test_the_order_of_keys_does_not_matter_and_a_changed_shape_is_seen(opener: Opener) -> None:
    state = opener().state
    state.save({"o": {"a": 1, "b": 2, "c": 3}})
    assert not state.save({"o": {"c": 3, "a": 1, "b": 2}})
    assert state.save({"o": {"a": 1, "b": 2, "d": 3}}) and state["o"] == {"a": 1, "b": 2, "d": 3}
    assert state.save({"o": {"a": 1}}) and state["o"] == {"a": 1}
    assert state.save({"o": {}}) and state["o"] == {}
    assert state.save({"o": []}) and state["o"] == []
    assert state.save({"o": [1, 2, 3]}) and state.save({"o": [1, 2]}) and state["o"] == [1, 2]
    assert state.save({"o": {"0": 1}}) and state["o"] == {"0": 1}


def test_int_float_and_bool_are_not_taken_for_one_another(opener: Opener) -> None:
    state = opener().state
    for value in [1, 1.0, True, "1", 0, 0.0, -0.0, False, None, Decimal("1.00"), 1.0]:
        state["v"] = value
        assert repr(state.decimals["v"] if isinstance(value, Decimal) else state["v"]) == repr(value)


def test_decimals_keep_every_digit(opener: Opener) -> None:
    state = opener().state
    exact = Decimal("0.12345678901234567890123456789000")
    state.set("px", exact)
    assert repr(state.decimals["px"]) == repr(exact)
    assert state["px"] == 0.12345678901234568
    # Read as a float and stored again unchanged, the digits stay.
    assert not state.set("px", state["px"])
    assert repr(state.decimals["px"]) == repr(exact)
    state["big"] = Decimal("1E+400")
    assert state["big"] == Decimal("1E+400")


def test_subclasses_are_what_they_derive_from(opener: Opener) -> None:
    class Side(str, enum.Enum):
        BUY = "buy"

    class Level(enum.IntEnum):
        HIGH = 3

    state = opener().state
    ordered: OrderedDict[str, Any] = OrderedDict(b=1, a=(1, 2))
    default: defaultdict[str, list[int]] = defaultdict(list, x=[1])
    state.save({"side": Side.BUY, "level": Level.HIGH, "ordered": ordered, "default": default})
    assert state.to_dict() == {
        "side": "buy",
        "level": 3,
        "ordered": {"a": [1, 2], "b": 1},
        "default": {"x": [1]},
    }


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        ({"a": {1: "x"}}, TypeError, "/v/a: the key 1 (int) is no str"),
        ({"a": [math.nan]}, ValueError, "/v/a/0: NaN has no place"),
        (math.inf, ValueError, "inf has no place"),
        (Decimal("NaN"), ValueError, "NaN has no place"),
        (datetime.now(timezone.utc), TypeError, "isoformat"),
        ({1, 2}, TypeError, "sorted(value)"),
        (b"x", TypeError, "value.hex()"),
        (object(), TypeError, "object has no place"),
        ("\ud800", ValueError, "lone surrogate"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_place_and_advice(
    opener: Opener, value: Any, error: type[Exception], says: str
) -> None:
    book = opener()
    seq = book.seq
    with pytest.raises(error) as told:
        book.state.save({"v": value})
    assert says in str(told.value)
    assert book.seq == seq and "v" not in book.state


def test_what_holds_itself_is_refused(opener: Opener) -> None:
    itself: list[Any] = []
    itself.append(itself)
    with pytest.raises(ValueError, match="nested deeper"):
        opener().state["v"] = itself


def test_a_key_that_is_no_text_is_refused(opener: Opener) -> None:
    state: Any = opener().state
    with pytest.raises(TypeError, match="is no str"):
        state[1] = 2
    with pytest.raises(KeyError):
        state[1]


def test_the_key_of_the_library_is_kept_for_it(opener: Opener) -> None:
    with pytest.raises(truebook.StateError, match="kept for truebook"):
        opener().state["truebook"] = 1


def test_the_readable_copy_holds_the_variables(opener: Opener, data: Path) -> None:
    book = opener()
    book.state["last_price"] = 337.96
    book.close()
    assert json.loads((data / "bot_state.json").read_text())["last_price"] == 337.96
