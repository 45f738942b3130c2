"""Backups of an open book, and putting a book back."""

from __future__ import annotations

import builtins
import json
from typing import TYPE_CHECKING, Any, Optional

from ._numbers import optional_time
from .results import Backup, BackupMade, BackupPlace, BackupProof

if TYPE_CHECKING:
    from ._truebook import Core


class Backups:
    """The backups of an open book. They are made by themselves too: see :func:`truebook.open`."""

    def __init__(self, core: Core) -> None:
        self._core = core

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
