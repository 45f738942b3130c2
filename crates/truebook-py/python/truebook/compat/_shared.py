"""The book behind a state file. Both managers of a process share it; the last one that lets go closes it."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Mapping
from typing import Any, Optional

from .. import errors
from ..book import Book
from ..book import open as open_book
from . import _backup_files, _files, _keys

#: The one variable that is not the bot's: integer keys, and the hashes of the copies last written.
OWN = "truebook_compat"
#: A copy that was written just before a crash may be the one before the last.
_HASHES_KEPT = 2

_open: dict[str, Shared] = {}
_opening = threading.RLock()


class Shared:
    """An open book, and the state file in the old form that is kept beside it."""

    def __init__(self, state_file: str, book: Book, logger: logging.Logger) -> None:
        self.state_file = state_file
        self.book = book
        self.lock = threading.RLock()
        self.logger = logger
        self.users = 0
        #: Whether a state manager decides what the state is; otherwise whoever writes the file does.
        self.is_managed = False
        self.own: dict[str, Any] = dict(book.state.get([OWN], {}))
        self._copied_at = time.monotonic()
        self._copied_seq = book.seq
        self._deep = False
        self._texts: dict[str, _keys.Texts] = {}

    def save(self, state: dict[str, Any]) -> None:
        """Makes this the state. Durable when it returns; only the difference is written."""
        with self.lock:
            if not self._deep:
                packed, marks = _keys.pack_known(state, self._texts)
                try:
                    self._save_packed(packed, marks)
                    return
                except TypeError as failed:
                    if "no str" not in str(failed):
                        raise
                    # There are other keys than str further down: looked for from here on.
                    self._deep = True
            packed, marks = _keys.pack_all(state)
            self._save_packed(packed, marks)

    def _save_packed(self, packed: dict[str, Any], marks: _keys.Marks) -> None:
        own = {**self.own, "integer_keys": marks}
        packed[OWN] = own
        self.book.state.save(packed)
        self.own = own

    def load(self) -> Optional[dict[str, Any]]:
        """The state as it was saved, integer keys included; ``None`` if there never was one."""
        with self.lock:
            state = self.book.state.to_dict()
            own = state.pop(OWN, None)
            if not state:
                return None
            marks = own.get("integer_keys") if isinstance(own, dict) else None
            _keys.unpack(state, _keys.guess(state) if marks is None else marks)
            return state

    def packed(self) -> dict[str, Any]:
        """The state as files hold it."""
        with self.lock:
            state = self.book.state.to_dict()
            own = state.get(OWN)
            if isinstance(own, dict):
                state[OWN] = {"integer_keys": own.get("integer_keys", {})}
            return state

    def put(self, document: dict[str, Any]) -> None:
        """Makes what a file holds the state."""
        with self.lock:
            own = document.pop(OWN, None)
            marks = own.get("integer_keys") if isinstance(own, dict) else None
            self._save_packed(document, _keys.guess(document) if marks is None else marks)

    def write_copy(self) -> None:
        """Brings the state file up to date. What it held is kept aside if somebody else wrote it."""
        with self.lock:
            self._look_at_copy()
            content = _files.to_json(self.packed())
            # First the hash: a copy that is known and not yet there does no harm, the other way round it would
            # pass for somebody else's.
            self.know_copy(content)
            self.book.state.set([OWN, "copies"], self.own["copies"])
            _files.replace(self.state_file, content)
            self._copied_at, self._copied_seq = time.monotonic(), self.book.seq

    def write_copy_if_due(self, every: float) -> None:
        """As :meth:`write_copy`, if so many seconds have passed and something changed."""
        due = time.monotonic() - self._copied_at >= every and self.book.seq != self._copied_seq
        if due or not os.path.exists(self.state_file):
            self.write_copy()

    def know_copy(self, content: bytes) -> None:
        """From the next save on this content of the state file is not somebody else's."""
        hashes = [_files.sha256(content), *self.own.get("copies", [])]
        self.own = {**self.own, "copies": hashes[:_HASHES_KEPT]}

    def foreign_copy(self) -> Optional[bytes]:
        """The state file's content, if it is not what was written here last."""
        try:
            content = _files.read(self.state_file)
        except FileNotFoundError:
            return None
        return None if _files.sha256(content) in self.own.get("copies", []) else content

    def refuse_foreign_copy(self) -> None:
        """Writes the state file anew if somebody else changed it; what it held is kept, and told of."""
        if self.book.state and self.foreign_copy() is not None:
            self.write_copy()

    def _look_at_copy(self) -> None:
        if self.foreign_copy() is None:
            return
        kept = _files.keep_aside(self.state_file, "edited")
        self.logger.warning(
            "%s was changed by somebody else; the book still has its own state. What it held is kept in %s; "
            "StateManager.adopt_file(%r) makes that the state",
            self.state_file,
            kept,
            kept,
        )

    def release(self) -> None:
        """One user less; the last one writes the copy and closes the book."""
        with _opening:
            self.users -= 1
            if self.users > 0 or self.book.closed:
                return
            _open.pop(self.state_file, None)
            try:
                if self.book.state:
                    self.write_copy()
            finally:
                self.book.close()


def book_directory(state_file: str) -> str:
    """Where the book behind a state file is: ``data/bot_state.json`` has ``data/bot_state.truebook``."""
    return f"{os.path.splitext(state_file)[0]}.truebook"


def acquire(
    state_file: str,
    settings: Optional[Mapping[str, Any]],
    backup_dirs: list[str],
    logger: logging.Logger,
    options: dict[str, Any],
) -> Shared:
    """The book behind a state file, opened if no manager of this process has it. Takes an old file over first."""
    path = os.path.realpath(state_file)
    with _opening:
        shared = _open.get(path)
        if shared is None or shared.book.closed:
            name = os.path.splitext(os.path.basename(path))[0]
            book = open_book(book_directory(path), **{"name": name, "settings": settings, **options})
            try:
                take_over(book, path, backup_dirs, logger)
                shared = Shared(path, book, logger)
            except BaseException:
                book.close()
                raise
            _open[path] = shared
        shared.users += 1
        return shared


def take_over(book: Book, state_file: str, backup_dirs: list[str], logger: logging.Logger) -> None:
    """Takes the state file of an earlier program over into a book without variables, in one event.

    A damaged one is kept aside, and the newest backup that is whole stands in for it.
    """
    if len(book.state) or not os.path.exists(state_file):
        return
    content = _files.read(state_file)
    fault = _take(book, state_file, content, logger)
    if fault is None:
        book.state.set([OWN, "copies"], [_files.sha256(content)])
        logger.info("%s is taken over into %s", state_file, book.path)
        return
    kept = _files.keep_aside(state_file, "damaged")
    for directory in backup_dirs:
        for row in _backup_files.listed(directory):
            path = row["path"]
            why = _backup_files.fault_of(path) or _take(book, path, _files.read(path), logger)
            if why is None:
                logger.error(
                    "%s is damaged (%s) and kept in %s; the backup %s of %s is taken over in its place: what "
                    "happened since is not in it",
                    *(state_file, fault, kept, row["path"], row["timestamp"]),
                )
                return
            logger.warning("the backup %s is not used: %s", row["path"], why)
    raise errors.DamagedError(
        f"{state_file} is damaged: {fault}; no backup of it can be used, and nothing is begun anew over it. "
        f"It is kept in {kept}",
        hint=f"mend {state_file}, or move it away if the bot is to begin anew",
    )


def _take(book: Book, file: str, content: bytes, logger: logging.Logger) -> Optional[str]:
    """Takes one file over, or tells why not."""
    try:
        document = _files.document(content)
    except ValueError as failed:
        return str(failed)
    if not document:
        return "it holds nothing"
    known = "order_manager" in document and "portfolio_manager" in document or "orders" in document
    if known and OWN not in document:
        try:
            book.import_file(file, content)
            return None
        except errors.ImportFileError as failed:
            logger.warning("its variables are taken over, its positions and orders are not: %s", failed)
    try:
        book.state.save(document)
    except ValueError as failed:
        return str(failed)
    return None


@atexit.register
def _close_all() -> None:
    for shared in list(_open.values()):
        shared.users = 1
        try:
            shared.release()
        except Exception:
            # What was acknowledged is durable; there is nobody left to tell anything else but the log.
            shared.logger.exception("%s: the last copy could not be written", shared.state_file)
