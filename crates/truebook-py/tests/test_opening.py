"""Opening, refusing, damage, backups."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import truebook
from conftest import Opener


def segments(data: Path) -> list[Path]:
    return sorted(path for path in (data / "journal").iterdir() if path.is_file() and path.name != "RESERVE")


def test_a_missing_book_is_made_once_and_opened_after_that(opener: Opener, data: Path) -> None:
    book = opener(name="my-bot", account="P1", mode="paper")
    status = book.status()
    assert (status["name"], status["account"], status["mode"]) == ("my-bot", "P1", "paper")
    book.close()
    assert book.closed
    again = opener(account="P1", mode="paper")
    assert again.status()["book"] == status["book"]


def test_a_missing_book_is_not_made_if_that_is_not_wanted(opener: Opener, data: Path) -> None:
    with pytest.raises(truebook.NoBookError, match="there is no book"):
        opener(create=False)
    assert not data.exists()
    assert issubclass(truebook.NoBookError, FileNotFoundError)


def test_p8_a_second_opener_is_refused_and_told_who_holds_it(opener: Opener) -> None:
    opener()
    with pytest.raises(truebook.HeldError, match="held by") as told:
        opener()
    assert told.value.holder is not None and told.value.holder["pid"] == os.getpid()
    assert told.value.hint and told.value.hint in str(told.value)


def test_p8_a_second_process_is_refused(opener: Opener, data: Path) -> None:
    opener()
    opens = f"truebook.open({str(data)!r}, backups=False)"
    code = f"import truebook\ntry: {opens}\nexcept truebook.HeldError: print('held')"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "held"


def test_another_account_or_mode_is_refused(opener: Opener) -> None:
    opener(account="P1").close()
    with pytest.raises(truebook.IdentityError, match="account"):
        opener(account="P2")
    with pytest.raises(truebook.IdentityError, match="mode"):
        opener(mode="live")


def test_changed_settings_are_refused_key_by_key(opener: Opener) -> None:
    opener(settings={"risk": {"max": 600}, "name": "a"}).close()
    changed = {"risk": {"max": 700}, "name": "a"}
    with pytest.raises(truebook.SettingsChangedError) as told:
        opener(settings=changed)
    assert [change["path"] for change in told.value.changes] == ["/risk/max"]
    held = opener(settings=changed, on_changed_settings="hold")
    assert [change["path"] for change in held.unaccepted_settings] == ["/risk/max"]
    assert not held.gate.settings_accepted
    held.close()
    opener(settings=changed, on_changed_settings="accept").close()
    assert opener(settings="name = 'a'\n[risk]\nmax = 700\n").gate.settings_accepted


def test_p7_lost_events_are_refused_and_never_begun_over(opener: Opener, data: Path) -> None:
    book = opener()
    for number in range(50):
        book.state[f"k{number}"] = "x" * 100
    book.close()
    shutil.rmtree(data / "checkpoints")
    (segment,) = segments(data)[:1]
    content = bytearray(segment.read_bytes())
    at = content.index(b"k20")
    content[at] ^= 0xFF
    segment.write_bytes(content)
    with pytest.raises(truebook.LostStateError) as told:
        opener()
    assert told.value.report is not None and told.value.hint
    assert isinstance(told.value, truebook.OpenError)


def test_p7_a_book_that_lost_its_journal_is_not_made_anew(opener: Opener, data: Path) -> None:
    book = opener()
    book.state["a"] = 1
    book.close()
    for directory in ("journal", "checkpoints", "seen"):
        shutil.rmtree(data / directory)
    with pytest.raises(truebook.LostStateError):
        opener()


def test_p9_a_backup_is_proved_and_puts_the_book_back(data: Path, tmp_path: Path) -> None:
    with truebook.open(data) as book:
        book.state["a"] = 1
        (made,) = book.backups.create("a test")
        assert made.outcome == "verified" and made.last == book.seq
        book.state["a"] = 2
        (row,) = [row for row in book.backups.list() if row.generation == made.generation]
        assert (row.standing, row.reason) == ("verified", "a test")
        (proof,) = book.backups.verify(made.generation)
        assert proof.verified
        (place,) = book.backups.status()
        assert place.newest_verified == made.generation and place.place == str(tmp_path / "data.backups")
    plan = truebook.restore(data, generation=made.generation, dry_run=True)
    assert plan.step == "plan" and plan.done is None and plan.text
    with truebook.open(data) as book:
        assert book.state["a"] == 2
    done = truebook.restore(data, generation=made.generation, why="a test")
    assert done.step == "done" and done.done is not None and done.done["kept_in"]
    with truebook.open(data) as book:
        assert book.state["a"] == 1 and book.gate.gap
        book.accept_gap("a test")
        assert book.gate.gap is None


def test_p7_a_book_that_is_gone_is_restored_and_not_begun_anew(data: Path) -> None:
    with truebook.open(data) as book:
        book.state["a"] = 1
        book.backups.create("a test")
    shutil.rmtree(data)
    with pytest.raises(truebook.RestorableError, match="holds backups of book") as told:
        truebook.open(data)
    assert told.value.command and "restore" in told.value.command
    truebook.restore(data)
    with truebook.open(data, create=False) as book:
        assert book.state["a"] == 1


def test_damage_is_mended_from_a_backup_and_told(data: Path) -> None:
    with truebook.open(data) as book:
        for number in range(50):
            book.state[f"k{number}"] = "x" * 100
        book.backups.create("a test")
    for checkpoint in (data / "checkpoints").iterdir():
        checkpoint.unlink()
    segment = segments(data)[0]
    content = bytearray(segment.read_bytes())
    content[content.index(b"k20")] ^= 0xFF
    segment.write_bytes(content)
    with pytest.raises(truebook.DamagedError) as told:
        truebook.open(data, on_damage="ask")
    assert told.value.report is not None and told.value.command
    with truebook.open(data) as book:
        assert book.state["k20"] == "x" * 100 and len(book.state) == 50
        assert book.report.mended and book.report.findings and book.report.lost is None


def test_a_restore_beside_the_bot_is_refused(data: Path) -> None:
    with truebook.open(data) as book:
        book.backups.create("a test")
        with pytest.raises(truebook.HeldError):
            truebook.restore(data)


def test_backups_inside_the_book_are_refused(opener: Opener, data: Path) -> None:
    with pytest.raises(truebook.BackupError, match="inside the book's directory"):
        opener(backups=[str(data / "backups")])


def test_without_backups_there_are_none(opener: Opener, tmp_path: Path) -> None:
    book = opener()
    with pytest.raises(truebook.BackupError, match="without backups"):
        book.backups.create()
    book.close()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("secret", [{"passphrase": "correct horse"}, {"key": bytes(range(32))}])
def test_an_encrypted_book_opens_with_its_key_only(
    opener: Opener, data: Path, secret: dict[str, Any]
) -> None:
    book = opener(**secret)
    book.state["secret"] = "nobody reads this"
    book.close()
    files = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert b"nobody reads this" not in files
    with pytest.raises(truebook.BookKeyError):
        opener()
    with pytest.raises(truebook.BookKeyError):
        opener(passphrase="wrong")
    book = opener(**secret)
    assert book.state["secret"] == "nobody reads this" and book.orders(all=True) == []


def test_a_closed_book_says_so(opener: Opener) -> None:
    book = opener()
    book.close()
    book.close()
    for use in (
        lambda: book.state["a"],
        lambda: book.seq,
        lambda: book.submit("k", truebook.Order("X", "buy", 1)),
    ):
        with pytest.raises(truebook.ClosedError):
            use()
    assert "closed" in repr(book)


def test_a_checkpoint_is_made_on_demand(opener: Opener) -> None:
    book = opener()
    book.state["a"] = 1
    assert book.checkpoint()["seq"] == book.seq


def test_options_out_of_bounds_are_refused(opener: Opener) -> None:
    for options in ({"checkpoint_every": 0}, {"segment_bytes": 1}, {"on_damage": "shrug"}, {"mode": "demo"}):
        with pytest.raises(truebook.OptionError):
            opener(**options)
    with pytest.raises(TypeError, match="list of places"):
        opener(backups="somewhere")


def test_every_error_is_an_error_of_the_package() -> None:
    names = [name for name in truebook.__all__ if name.endswith("Error")]
    assert all(issubclass(getattr(truebook, name), truebook.Error) for name in names)
    assert len(names) > 30
