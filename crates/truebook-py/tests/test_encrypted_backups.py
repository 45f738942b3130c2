"""Backups that only somebody else can read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import truebook

#: A pair of keys that protects nothing.
RECIPIENT = "age1ln68jg5qjat5efujd7cm8xgn6kwfwpgg8rphhch2sv3eqckcesmqpjuegl"
IDENTITY = "AGE-SECRET-KEY-1VTEPLZQPS2HP6F8JTJSD9R700Z6RKP6HWLJMMZ0N2TJ0P856TY6SSLR6DN"


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    file = tmp_path / "identity"
    file.write_text(f"# of the tests\n{IDENTITY}\n")
    return file


def test_p9_an_encrypted_backup_is_proved_and_put_back_with_its_identity_and_not_without(
    data: Path, identity: Path
) -> None:
    with truebook.open(data, backup_recipients=[RECIPIENT], backup_identity=identity) as book:
        book.state["secret"] = "a-position-nobody-should-see"
        made = book.backups.create("test")
        assert [one.outcome for one in made] == ["verified"]
    stored = b"".join(file.read_bytes() for file in Path(f"{data}.backups").rglob("*") if file.is_file())
    assert b"age-encryption.org" in stored and b"a-position-nobody" not in stored
    shutil.rmtree(data)
    with pytest.raises(truebook.BackupError, match="encrypted"):
        truebook.restore(data)
    assert not (data / "book.json").exists(), "nothing was put there"
    truebook.restore(data, backup_identity=identity)
    with truebook.open(data, backups=False) as book:
        assert book.state["secret"] == "a-position-nobody-should-see"


def test_a_bot_may_write_backups_that_it_cannot_read(data: Path) -> None:
    with truebook.open(data, backup_recipients=[RECIPIENT]) as book:
        book.state["a"] = 1
        assert [one.outcome for one in book.backups.create("test")] == ["not_verified"]


def test_a_recipient_that_is_none_is_named(data: Path) -> None:
    with pytest.raises(truebook.OptionError, match="backup_recipients"):
        truebook.open(data, backup_recipients=["age1nonsense"])
