"""Backups of an open book, and putting a book back."""

from __future__ import annotations

import builtins
import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Optional, Union

from ._numbers import optional_time, optional_time_text
from ._truebook import restore_book
from .results import Backup, BackupMade, BackupPlace, BackupProof, Restoration

if TYPE_CHECKING:
    from ._truebook import Core


class Backups:
    """The backups of an open book. They are made by themselves too: see :func:`truebook.open`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    @property
    def left_out(self) -> builtins.list[str]:
        """Why places are left out that were given, if some are: look at it after opening."""
        return self._core.backups_left_out()

    def create(self, reason: str = "by hand") -> builtins.list[BackupMade]:
        """Makes a generation in every place, proves it by restoring it elsewhere, and rotates older ones.

        Raises :class:`BackupError`.
        """
        return [_made(row) for row in json.loads(self._core.backup_create(reason))]

    def list(self) -> builtins.list[Backup]:
        """The generations of every place, oldest first."""
        return [_backup(row) for row in json.loads(self._core.backup_list())]

    def verify(self, generation: Optional[str] = None) -> builtins.list[BackupProof]:
        """Restores a generation (the newest if none is named) elsewhere, replays it and compares the state."""
        rows = json.loads(self._core.backup_verify(generation))
        return [_proof(row) for row in rows]

    def status(self) -> builtins.list[BackupPlace]:
        """How far each place is behind the book."""
        rows = json.loads(self._core.backup_status())
        return [BackupPlace(**{**row, "alarms": tuple(row["alarms"] or ())}) for row in rows]


def _made(row: dict[str, Any]) -> BackupMade:
    names = ("findings", "warnings", "removed")
    return BackupMade(**{**row, **{name: tuple(row[name]) for name in names}})


def _backup(row: dict[str, Any]) -> Backup:
    return Backup(**{**row, "created_at": optional_time(row["created_at"]), "notes": tuple(row["notes"])})


def _proof(row: dict[str, Any]) -> BackupProof:
    verdict = row["verdict"]
    return BackupProof(
        place=row["place"],
        verified=row["verified"],
        generation=verdict["generation"],
        findings=tuple(verdict.get("findings", ())),
        raw=verdict,
    )


def restore(
    path: Union[str, os.PathLike[str]],
    *,
    places: Optional[Sequence[str]] = None,
    book: Optional[str] = None,
    generation: Optional[str] = None,
    to_seq: Optional[int] = None,
    to_time: Optional[datetime] = None,
    why: str = "restored from Python",
    dry_run: bool = False,
    backup_identity: Union[str, os.PathLike[str], None] = None,
    key_file: Union[str, os.PathLike[str], None] = None,
    key_variable: Optional[str] = None,
    passphrase: Optional[str] = None,
    key: Optional[bytes] = None,
) -> Restoration:
    """Puts a book back from a backup, onto an empty machine too. What stands there is kept aside.

    With ``dry_run=True`` only the plan is made: look at its ``text`` first. Afterwards nothing new is traded until a
    reconciliation knows what happened since, and the same key still gets the same order.

    :param places: directories and URLs, tried in this order; the directory ``PATH.backups`` if nothing is said.
    :param book: the id of the book, where a place has backups of several.
    :param generation: a generation; else ``to_seq``, the last event that is kept; else ``to_time``; else the latest.
    :param why: the reason, which is recorded in the book.
    :param backup_identity: the file with the age identity that opens encrypted backups.

    Raises :class:`BackupError`; :class:`HeldError` if somebody holds the book.
    """
    if isinstance(places, str):
        raise TypeError("places is a list: [place]")
    told = {
        "path": os.fspath(path),
        "places": None if places is None else [os.fspath(place) for place in places],
        "book": book,
        "generation": generation,
        "seq": to_seq,
        "time": optional_time_text(to_time, "to_time"),
        "why": why,
        "backup_identity": None if backup_identity is None else os.fspath(backup_identity),
        "step": "plan" if dry_run else "done",
    }
    file = None if key_file is None else os.fspath(key_file)
    return Restoration(**json.loads(restore_book(json.dumps(told), (file, key_variable, passphrase, key))))
