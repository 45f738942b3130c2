"""``BackupManager``: backups that were proved, in files of the old form."""

from __future__ import annotations

import logging
import os
from types import TracebackType
from typing import Any, Optional

from ..errors import BackupError
from . import _backup_files, _files
from ._shared import Shared, acquire
from ._strictly import answers


class BackupManager:
    """Makes, proves, lists, rotates and puts back backups of a state file.

    Each backup is two things: a generation of the book, restored elsewhere, replayed and compared before it counts
    (:attr:`truebook.Book.backups` has them), and a file ``state_backup_YYYYMMDD_HHMMSS.json``, in UTC, that any program
    can read. Backups that an earlier program made are listed and put back like the others.

    Where a :class:`StateManager` of this process has the state, that is backed up; otherwise what is in the file.

    :param backup_dir: ``backups`` beside the state file, if nothing is said.
    :param max_backups: how many files are kept. The newest one that proves to be whole is never rotated away.
    :param strict: ``False``: errors are logged, and answered as the old code answered them.
    """

    def __init__(
        self,
        state_file_path: str,
        backup_dir: Optional[str] = None,
        max_backups: int = 10,
        logger: Optional[logging.Logger] = None,
        *,
        strict: bool = True,
        **options: Any,
    ) -> None:
        if max_backups < 1:
            raise ValueError("max_backups must be 1 or more")
        self.state_file_path = state_file_path
        self.backup_dir = backup_dir or os.path.join(os.path.dirname(state_file_path) or ".", "backups")
        self.max_backups = max_backups
        self.logger = logger or logging.getLogger("truebook.compat")
        self.strict = strict
        self._options = options
        self._shared: Optional[Shared] = None

    def __enter__(self) -> BackupManager:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    @answers(None)
    def create_backup(self, reason: str = "") -> Optional[str]:
        """Backs the state up and proves that it can be put back; tells the path of the file.

        Raises :class:`truebook.BackupError` if it could not be made or does not prove.
        """
        shared = self._held()
        with shared.lock:
            self._take_in(shared)
            return self._create(shared, reason)

    def _create(self, shared: Shared, reason: str) -> str:
        made = shared.book.backups.create(reason or "by hand")
        unproved = [one for one in made if one.outcome == "damaged"]
        if unproved:
            findings = "; ".join(finding for one in unproved for finding in one.findings)
            raise BackupError(f"generation {unproved[0].generation} cannot be restored: {findings}")
        row = {
            "reason": reason,
            "generation": made[0].generation if made else None,
            "seq": shared.book.seq,
            "verified": bool(made) and all(one.outcome == "verified" for one in made),
        }
        path = _backup_files.make(self.backup_dir, _files.to_json(shared.packed()), row)
        self._rotate()
        return path

    @answers(list)
    def list_backups(self) -> list[dict[str, Any]]:
        """The backup files, newest first: ``filename``, ``path``, ``timestamp``, ``checksum``, ``size_bytes``,
        ``reason``, and for those made here ``generation``, ``seq`` and ``verified``."""
        return _backup_files.listed(self.backup_dir)

    def verify_backup(self, path: str) -> tuple[bool, str]:
        """Whether a backup can be put back, and why not: the file is read, its checksum compared, and the generation
        behind it restored elsewhere, replayed and compared."""
        fault = _backup_files.fault_of(path)
        if fault is not None:
            return False, f"{path}: {fault}"
        generation = self._generation_of(path)
        if generation is None:
            return True, f"{path}: it can be read, and its checksum fits if it has one"
        try:
            held = self._held().book.backups
            if not any(one.generation == generation for one in held.list()):
                return True, f"{path}: its checksum fits; generation {generation} was rotated away"
            failed = [proof for proof in held.verify(generation) if not proof.verified]
        except (BackupError, OSError) as error:
            return False, f"{path}: generation {generation} could not be verified: {error}"
        if failed:
            return False, f"{path}: generation {generation} is damaged: {'; '.join(failed[0].findings)}"
        return True, f"{path}: restored elsewhere, replayed and compared (generation {generation})"

    @answers(False)
    def restore_backup(self, path: str, verify: bool = True) -> bool:
        """Makes what a backup file holds the state, in one event; what it replaces becomes a backup first.

        Managers of this process get it by ``load_state()``. Orders, fills and positions of the book are not put back:
        they are what the venue says; :func:`truebook.restore` goes back as a whole.
        """
        if verify:
            is_sound, message = self.verify_backup(path)
            if not is_sound:
                raise BackupError(f"nothing was restored: {message}")
        shared, document = self._held(), _files.document(_files.read(path))
        with shared.lock:
            if shared.book.state:
                self._create(shared, f"before restoring {os.path.basename(path)}")
            shared.put(document)
            shared.write_copy()
        return True

    def get_latest_backup(self) -> Optional[str]:
        """Path of the newest backup file, or ``None``."""
        found = self.list_backups()
        return str(found[0]["path"]) if found else None

    def get_backup_by_timestamp(self, text: str) -> Optional[str]:
        """Path of the newest backup file of which the time or the name contains this, or ``None``."""
        wanted = [
            row for row in self.list_backups() if text in str(row["timestamp"]) or text in row["filename"]
        ]
        return str(wanted[0]["path"]) if wanted else None

    @answers(False)
    def auto_restore_latest(self) -> bool:
        """Puts back the newest backup that proves to be whole; ``False`` if there is none."""
        for row in self.list_backups():
            is_sound, message = self.verify_backup(row["path"])
            if is_sound:
                return self.restore_backup(row["path"], verify=False)
            self.logger.warning("a backup is passed over: %s", message)
        return False

    def get_total_backup_size(self) -> int:
        """Bytes of all backup files."""
        return sum(int(row["size_bytes"]) for row in self.list_backups())

    @answers(0)
    def cleanup_all_backups(self) -> int:
        """Removes the backup files but for the newest one that proves to be whole; tells how many."""
        return self._keep(1)

    @answers(None)
    def close(self) -> None:
        """Lets go of the book. Whatever needs it opens it again."""
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.release()

    def _rotate(self) -> None:
        self._keep(self.max_backups)

    def _keep(self, count: int) -> int:
        """Keeps the newest, and among them at least one that is whole."""
        rows = _backup_files.listed(self.backup_dir)
        kept = {row["filename"] for row in rows[:count]}
        whole = next((row["filename"] for row in rows if _backup_files.fault_of(row["path"]) is None), None)
        if whole is not None and whole not in kept:
            kept.add(whole)
        surplus = {row["filename"] for row in rows} - kept
        if surplus:
            _backup_files.remove(self.backup_dir, surplus)
        return len(surplus)

    def _generation_of(self, path: str) -> Optional[str]:
        rows = _backup_files.listed(os.path.dirname(path))
        found = [row.get("generation") for row in rows if row["filename"] == os.path.basename(path)]
        return str(found[0]) if found and found[0] else None

    def _take_in(self, shared: Shared) -> None:
        """Without a state manager whoever writes the file decides what the state is."""
        content = None if shared.is_managed else shared.foreign_copy()
        if content is not None:
            shared.know_copy(content)
            shared.put(_files.document(content))

    def _held(self) -> Shared:
        if self._shared is None or self._shared.book.closed:
            self._shared = acquire(self.state_file_path, None, [self.backup_dir], self.logger, self._options)
        return self._shared
