"""The drop-in for bots that have a StateManager and a BackupManager."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import truebook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from truebook.compat import BackupManager, StateManager
from truebook.compat._keys import pack_all, unpack


class Part:
    """One of the two managers of a bot."""

    def __init__(self, state: dict[Any, Any]) -> None:
        self.state = state

    def get_state(self) -> dict[Any, Any]:
        return self.state

    def load_state(self, state: dict[Any, Any]) -> None:
        self.state = state


def orders(count: int = 3) -> dict[str, Any]:
    """Brackets of parent 101, 104, …, each with its two legs."""
    active, brackets, strategies = {}, {}, {}
    for parent in range(101, 101 + 3 * count, 3):
        for number, kind in ((parent, "LMT"), (parent + 1, "STP"), (parent + 2, "LMT")):
            active[number] = {
                "order_details": {
                    "action": "BUY" if number == parent else "SELL",
                    "orderType": kind,
                    "totalQuantity": 100,
                    "lmtPrice": 337.96338135 if kind == "LMT" else 0.0,
                    "auxPrice": 320.5 if kind == "STP" else 0.0,
                    "transmit": number == parent + 2,
                    "parentId": 0 if number == parent else parent,
                    "tif": "GTC",
                },
                "contract_details": {
                    "symbol": "TSLA",
                    "secType": "STK",
                    "currency": "USD",
                    "exchange": "SMART",
                },
                "status": "Submitted",
                "strategy": "breakout",
                "parent_id": None if number == parent else parent,
                "children_ids": [parent + 1, parent + 2] if number == parent else [],
                "last_update_utc": "2026-04-09T23:57:33.318514+00:00",
            }
            strategies[number] = "breakout"
        brackets[parent] = {"stop_id": parent + 1, "profit_id": parent + 2}
    return {"active_orders": active, "bracket_orders": brackets, "order_strategy_mapping": strategies}


def portfolio() -> dict[str, Any]:
    position = {
        "quantity": 600.0,
        "average_price": 337.96338135,
        "last_update_utc": "2026-04-09T23:56:32+00:00",
    }
    return {
        "positions": {"TSLA": position},
        "current_cash": 10000,
        "realized_pnl_total": 0.0,
        "trade_history": [],
    }


def manager(place: Path, given_settings: Any = None, **options: Any) -> StateManager:
    return StateManager(
        Part({}),
        Part({}),
        given_settings or {"risk": {"max_position": 600}},
        str(place / "bot_state.json"),
        **options,
    )


def filled(place: Path, **options: Any) -> StateManager:
    made = manager(place, **options)
    made.order_manager.load_state(orders())
    made.portfolio_manager.load_state(portfolio())
    return made


def parts(made: StateManager) -> tuple[Any, Any]:
    return made.order_manager.get_state(), made.portfolio_manager.get_state()


def old_file(place: Path, order_state: dict[str, Any]) -> bytes:
    """A state file as the earlier program wrote it: ids are text there."""
    state = {
        "timestamp_utc": "2026-04-09T23:57:33.318514+00:00",
        "order_manager": order_state,
        "portfolio_manager": portfolio(),
        "settings_hash": "59ed21f388361f96c7beb2233d30c2015531a8aee6db41d0e0d5ffc70a42021b",
    }
    content = json.dumps(state, indent=4).encode()
    (place / "bot_state.json").write_bytes(content)
    return content


def test_p11_what_was_saved_comes_back_with_ids_as_integers_where_they_were_integers(tmp_path: Path) -> None:
    with filled(tmp_path) as made:
        assert made.save_state() is True
        before = parts(made)
    with manager(tmp_path) as again:
        assert again.load_state() is True
        assert parts(again) == before
        brackets = again.order_manager.get_state()["bracket_orders"]
        assert brackets[101] == {"stop_id": 102, "profit_id": 103}


def test_a_first_run_has_no_state_and_says_so(tmp_path: Path) -> None:
    with manager(tmp_path) as made:
        assert made.load_state() is False


def test_p1_a_save_that_returned_true_survives_kill_9(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        sys.path.insert(0, sys.argv[2])
        from test_compat import filled
        from pathlib import Path
        made = filled(Path(sys.argv[1]))
        made.portfolio_manager.get_state()["current_cash"] = 77
        assert made.save_state() is True
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    here = os.path.dirname(__file__)
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path), here], check=False)
    assert ended.returncode == -signal.SIGKILL
    with manager(tmp_path) as again:
        assert again.load_state() is True
        assert again.portfolio_manager.get_state()["current_cash"] == 77
        assert 101 in again.order_manager.get_state()["active_orders"]


def test_an_old_state_file_is_taken_over_with_its_positions_and_live_orders(tmp_path: Path) -> None:
    content = old_file(tmp_path, orders())
    with manager(tmp_path) as made:
        assert made.load_state() is True
        assert parts(made) == (orders(), portfolio())
        position = made.book.positions()["TSLA"]
        assert str(position.quantity) == "600" and str(position.average_price) == "337.96338135"
        assert len(made.book.orders()) == 9
        assert (tmp_path / "bot_state.json").read_bytes() == content, "a file that was only read is as it was"


def test_p7_a_damaged_old_file_is_kept_and_the_newest_sound_old_backup_stands_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = old_file(tmp_path, orders())
    backups = tmp_path / "backups"
    backups.mkdir()
    (backups / "state_backup_20260409_235700.json").write_bytes(content)
    rotten = content.replace(b'"quantity": 600.0', b'"quantity": 900.0')
    (backups / "state_backup_20260409_235800.json").write_bytes(rotten)
    rows = [
        {"filename": "state_backup_20260409_235700.json", "checksum": hashlib.md5(content).hexdigest()},
        {"filename": "state_backup_20260409_235800.json", "checksum": hashlib.md5(content).hexdigest()},
    ]
    for number, row in enumerate(rows):
        os.utime(backups / row["filename"], (number + 1, number + 1))
    (backups / "backup_metadata.json").write_text(json.dumps(rows))
    (tmp_path / "bot_state.json").write_bytes(content[: len(content) // 2])
    with manager(tmp_path) as made:
        assert made.load_state() is True
        assert made.portfolio_manager.get_state()["positions"]["TSLA"]["quantity"] == 600.0
    assert "235700" in caplog.text and "checksum" in caplog.text
    kept = list(tmp_path.glob("bot_state.json.damaged-*"))
    assert [file.read_bytes() for file in kept] == [content[: len(content) // 2]]


@pytest.mark.parametrize("strict", [True, False])
def test_p7_nothing_is_begun_anew_over_a_damaged_file_without_backups(tmp_path: Path, strict: bool) -> None:
    (tmp_path / "bot_state.json").write_text('{"order_manager": ')
    made = manager(tmp_path, strict=strict)
    if strict:
        with pytest.raises(truebook.DamagedError, match="nothing is begun anew"):
            made.load_state()
    else:
        assert made.load_state() is False
        assert made.save_state() is False, "defaults are not saved over it either"
    assert (tmp_path / "bot_state.json").read_text() == '{"order_manager": '


def test_p7_damage_to_the_book_is_mended_from_its_backup_or_refused(tmp_path: Path) -> None:
    with filled(tmp_path) as made:
        made.save_state()
        made.book.backups.create("test")
    for directory in ("journal", "checkpoints"):
        for file in (tmp_path / "bot_state.truebook" / directory).iterdir():
            content = file.read_bytes()
            file.write_bytes(b"rotten" * 10 + content[60:])
    with manager(tmp_path) as again:
        assert again.load_state() is True
        assert parts(again) == (orders(), portfolio())
        assert again.book.report.mended, "and it is told"


def test_changed_settings_are_named_and_not_only_warned_of(tmp_path: Path) -> None:
    with filled(tmp_path) as made:
        made.save_state()
    other = manager(tmp_path, {"risk": {"max_position": 900}})
    with pytest.raises(truebook.SettingsChangedError, match="max_position"):
        other.load_state()
    with manager(tmp_path, {"risk": {"max_position": 900}}, on_changed_settings="accept") as accepted:
        assert accepted.load_state() is True
    with manager(tmp_path, {"risk": {"max_position": 900}}) as again:
        assert again.load_state() is True


def test_p8_a_second_process_is_refused_and_told_who_holds_the_state(tmp_path: Path) -> None:
    with filled(tmp_path) as made:
        made.save_state()
        script = textwrap.dedent(
            """
            import sys
            sys.path.insert(0, sys.argv[2])
            from test_compat import manager
            from pathlib import Path
            manager(Path(sys.argv[1])).load_state()
            """
        )
        words = [sys.executable, "-c", script, str(tmp_path), os.path.dirname(__file__)]
        ended = subprocess.run(words, check=False, capture_output=True, text=True)
        assert ended.returncode != 0 and "HeldError" in ended.stderr and str(os.getpid()) in ended.stderr


def test_the_state_file_is_written_in_the_old_form_for_people_and_scripts(tmp_path: Path) -> None:
    with filled(tmp_path) as made:
        made.save_state()
    found = json.loads((tmp_path / "bot_state.json").read_text())
    assert found["order_manager"]["active_orders"]["101"]["status"] == "Submitted"
    assert found["portfolio_manager"] == portfolio()
    assert set(found) >= {"timestamp_utc", "settings_hash"}


def test_a_state_file_that_was_edited_is_told_of_kept_and_used_only_when_it_is_adopted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with filled(tmp_path) as made:
        made.save_state()
    file = tmp_path / "bot_state.json"
    edited = file.read_text().replace('"current_cash": 10000', '"current_cash": 5')
    file.write_text(edited)
    with manager(tmp_path) as again:
        assert again.load_state() is True
        assert again.portfolio_manager.get_state()["current_cash"] == 10000
        assert "changed by somebody else" in caplog.text
        kept = list(tmp_path.glob("bot_state.json.edited-*"))
        assert [one.read_text() for one in kept] == [edited]
        assert '"current_cash": 10000' in file.read_text()
        assert again.adopt_file(str(kept[0])) is True
        assert again.load_state() is True
        assert again.portfolio_manager.get_state()["current_cash"] == 5
        assert again.order_manager.get_state() == orders()


def test_p9_backups_in_one_second_are_as_many_files_as_rows_and_each_proves(tmp_path: Path) -> None:
    with filled(tmp_path) as made, BackupManager(str(tmp_path / "bot_state.json")) as backups:
        made.save_state()
        paths = [backups.create_backup(f"number {number}") for number in range(6)]
        assert len(set(paths)) == 6 and all(path is not None for path in paths)
        rows = backups.list_backups()
        assert [row["reason"] for row in rows] == [f"number {number}" for number in (5, 4, 3, 2, 1, 0)]
        assert {row["path"] for row in rows} == set(paths)
        assert all(row["verified"] and row["size_bytes"] > 0 for row in rows)
        is_sound, message = backups.verify_backup(rows[0]["path"])
        assert is_sound and "replayed and compared" in message
        assert backups.get_latest_backup() == rows[0]["path"]
        assert backups.get_total_backup_size() == sum(row["size_bytes"] for row in rows)
        stamp = rows[3]["filename"][len("state_backup_") : -len(".json")]
        assert backups.get_backup_by_timestamp(stamp) == rows[3]["path"] or "_" in stamp


def test_p9_p10_a_backup_is_put_back_as_an_event_and_what_it_replaces_becomes_a_backup(
    tmp_path: Path,
) -> None:
    with filled(tmp_path) as made, BackupManager(str(tmp_path / "bot_state.json")) as backups:
        made.save_state()
        path = backups.create_backup("good")
        assert path is not None
        made.portfolio_manager.get_state()["current_cash"] = 1
        made.order_manager.get_state()["active_orders"].clear()
        made.save_state()
        before = made.book.seq
        assert backups.restore_backup(path) is True
        assert made.book.seq > before
        assert made.load_state() is True
        assert parts(made) == (orders(), portfolio())
        newest = backups.list_backups()[0]
        assert newest["reason"].startswith("before restoring")
        assert json.loads(Path(newest["path"]).read_text())["portfolio_manager"]["current_cash"] == 1


def test_p9_rotation_keeps_the_newest_sound_backup_though_all_newer_ones_are_rotten(tmp_path: Path) -> None:
    with filled(tmp_path) as made, BackupManager(str(tmp_path / "bot_state.json"), max_backups=3) as backups:
        made.save_state()
        paths = [backups.create_backup(f"number {number}") for number in range(3)]
        for path in paths[1:]:
            content = Path(str(path)).read_bytes()
            Path(str(path)).write_bytes(content.replace(b"TSLA", b"TSLB"))
        is_sound, message = backups.verify_backup(str(paths[2]))
        assert not is_sound and "checksum" in message
        with pytest.raises(truebook.BackupError, match="nothing was restored"):
            backups.restore_backup(str(paths[2]))
        backups.max_backups = 1
        assert backups.cleanup_all_backups() == 1
        assert {row["path"] for row in backups.list_backups()} == {paths[0], paths[2]}
        assert backups.auto_restore_latest() is True
        newest = backups.list_backups()[0]
        assert newest["reason"] == f"before restoring {os.path.basename(str(paths[0]))}"


def test_a_lost_index_of_backups_is_made_again_from_the_files(tmp_path: Path) -> None:
    with filled(tmp_path) as made, BackupManager(str(tmp_path / "bot_state.json")) as backups:
        made.save_state()
        first = backups.create_backup("one")
        (tmp_path / "backups" / "backup_metadata.json").write_text("{ rotten")
        assert [row["path"] for row in backups.list_backups()] == [first]
        backups.create_backup("two")
        assert len(json.loads((tmp_path / "backups" / "backup_metadata.json").read_text())["backups"]) == 2


def test_a_backup_manager_alone_backs_up_what_the_bot_wrote_to_the_file(tmp_path: Path) -> None:
    old_file(tmp_path, orders())
    file = tmp_path / "bot_state.json"
    with BackupManager(str(file)) as backups:
        first = backups.create_backup("first")
        file.write_text(json.dumps({**json.loads(file.read_text()), "timestamp_utc": "later"}))
        second = backups.create_backup("second")
        assert first is not None and second is not None
        assert json.loads(Path(second).read_text())["timestamp_utc"] == "later"
        assert backups.restore_backup(first) is True
        assert json.loads(file.read_text())["timestamp_utc"].startswith("2026-04-09")


def test_keys_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    with manager(tmp_path) as made:
        made.order_manager.load_state({"active_orders": {101: {}, "101": {}}})
        with pytest.raises(ValueError, match="cannot be told apart"):
            made.save_state()


def test_integer_keys_anywhere_come_back(tmp_path: Path) -> None:
    state = {"active_orders": {}, "by_day": [{"fills": {7: {8: "deep"}, "text": 1}}], "empty": {}}
    with manager(tmp_path) as made:
        made.order_manager.load_state(state)
        assert made.save_state() is True
        assert made.save_state() is True
    with manager(tmp_path) as again:
        assert again.load_state() is True
        assert again.order_manager.get_state() == state


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
KEYS = st.integers() | st.text(max_size=5).filter(lambda key: not key.lstrip("-").isdigit())
STATES = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_size=5,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STATES)
def test_any_state_with_integer_keys_is_the_same_after_packing_and_json(state: dict[Any, Any]) -> None:
    packed, marks = pack_all(state)
    found = json.loads(json.dumps(packed))
    unpack(found, json.loads(json.dumps(marks)))
    assert found == state


def test_orders_that_come_and_go_between_saves_are_all_there(tmp_path: Path) -> None:
    with manager(tmp_path) as made:
        active: dict[int, Any] = {}
        made.order_manager.load_state({"active_orders": active})
        for number in range(40):
            active[number * 7 % 40] = {"turn": number}
            if number % 3 == 0:
                active.pop(next(iter(active)))
            if number % 5 == 0 and active:
                # As many keys as before, and others.
                active[1_000 + number] = active.pop(max(active))
            assert made.save_state() is True
            saved = made.book.state["order_manager"]["active_orders"]
            assert saved == {str(key): order for key, order in active.items()}
    with manager(tmp_path) as again:
        assert again.load_state() is True
        assert again.order_manager.get_state() == {"active_orders": active}


def test_an_old_file_with_a_value_that_the_ledger_cannot_take_is_not_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = orders(1)
    odd["active_orders"][101]["order_details"]["totalQuantity"] = "many"
    old_file(tmp_path, odd)
    with manager(tmp_path) as made:
        assert made.load_state() is True
        assert made.order_manager.get_state() == odd
        assert not made.book.positions()
    assert "many" in caplog.text


def test_without_strictness_what_cannot_be_saved_is_logged_and_answered_with_false(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with manager(tmp_path, strict=False) as made:
        made.order_manager.load_state({"active_orders": {1: object()}})
        assert made.save_state() is False
        made.order_manager.load_state({"active_orders": {1: float("nan")}})
        assert made.save_state() is False
    assert caplog.text.count("save_state failed") == 2
