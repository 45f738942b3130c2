"""Why something was not done. Every exception of the package is an :class:`Error`.

The message is the library's own, with its causes, and ends with what to try. ``hint`` is that advice alone.
"""

from __future__ import annotations

import json
from typing import Any, Optional


class Error(Exception):
    """Something was not done."""

    #: What to try next, if there is something.
    hint: Optional[str] = None

    def __init__(self, message: str = "", *, hint: Optional[str] = None, **details: Any) -> None:
        super().__init__(message if hint is None else f"{message}; try: {hint}")
        self.hint = hint
        for name, value in details.items():
            setattr(self, name, value)


class ClosedError(Error):
    """The book is closed."""


class OptionError(Error, ValueError):
    """An option, a setting or a name cannot be used."""


class OpenError(Error):
    """The book was not opened. Nothing was changed."""


class NoBookError(OpenError, FileNotFoundError):
    """There is no book in the directory."""


class BookExistsError(OpenError, FileExistsError):
    """There is a book in the directory already."""


class HeldError(OpenError):
    """Another process, or this one already, holds the book."""

    #: Who: pid, host, boot, since, program; ``None`` if nobody can tell.
    holder: Optional[dict[str, Any]] = None


class DamagedError(OpenError):
    """Files of the book are damaged. Nothing was done about it yet."""

    #: What was found and what can be mended, as :attr:`truebook.Book.report` has it.
    report: Optional[dict[str, Any]] = None
    #: The command that mends it.
    command: Optional[str] = None


class LostStateError(OpenError):
    """Events that somebody was told are durable are lost. A book never begins anew over that."""

    #: What was found, as :attr:`truebook.Book.report` has it.
    report: Optional[dict[str, Any]] = None


class RestorableError(LostStateError):
    """The book is gone, and there are backups of it: :func:`truebook.restore` puts it back."""

    #: The id of the book of which there are backups.
    book: Optional[str] = None
    #: Where they are.
    place: Optional[str] = None
    #: The command that puts it back.
    command: Optional[str] = None


class UnfinishedRestoreError(OpenError):
    """A restore was decided and is not finished."""


class SettingsChangedError(OpenError):
    """The given settings are not the ones that were accepted last."""

    #: Each change: ``path``, and what it was and is (secrets only as hashes).
    changes: list[dict[str, Any]] = []


class IdentityError(OpenError):
    """It is another book than the one that was asked for, or the venue is another one than the book's."""


class BookKeyError(OpenError):
    """The encryption key is missing or wrong. The book is not damaged."""


class NetworkDiskError(OpenError):
    """The directory is on a network file system, where locks and syncs cannot be trusted."""


class NewerFormatError(OpenError):
    """A newer truebook wrote the book."""


class WriteError(Error):
    """Something was not recorded. It is not in the book."""


class WriteStoppedError(WriteError):
    """A write failed, so nothing more is recorded until the book is opened again."""


class DiskFullError(WriteError):
    """The disk is full: only halts, exits and facts are recorded."""


class FileError(WriteError, OSError):
    """The operating system refused."""


class StateError(WriteError, ValueError):
    """A path or value does not fit the variables."""


class RefusedError(WriteError):
    """It does not fit what is in the book, or is too large for it."""


class ImportFileError(WriteError, ValueError):
    """A file of another system was not taken over. The book is unchanged."""


class TradeError(Error):
    """A trade was not made. Nothing was sent, unless the class says otherwise."""


class OrderError(TradeError, ValueError):
    """The order, or the change of one, is wrong; ``faults`` has each fault in one line."""

    faults: list[str] = []


class KeyReusedError(TradeError):
    """The key was used for another order: a key is one order for ever."""

    #: The key.
    key: str = ""
    #: The client order id of the first order.
    id: str = ""


class GateShutError(TradeError):
    """New risk is refused just now."""

    #: In which instrument.
    instrument: str = ""
    #: Why.
    why: str = ""
    #: What would open the gate.
    opens: str = ""


class NoOrderError(TradeError, LookupError):
    """No live order has the key or id."""


class NoPositionError(TradeError):
    """There is no position to close."""


class StillWorkingError(TradeError):
    """Orders could not be cancelled in time, so closing could sell twice: call again."""


class ClockError(TradeError):
    """This machine's clock is too far off the venue's."""


class VenueCallError(TradeError):
    """The venue did not answer, or said no."""


class PlanError(Error):
    """A plan did not pass its own audit. Nothing of it was carried out."""


class BackupError(Error):
    """A backup could not be made, read, proved or restored. The book itself is as it was."""


def make(kind: str, message: str, hint: Optional[str], details: str) -> Error:
    """The exception of this name, as the Rust side wants it."""
    found = globals().get(kind, Error)
    told = json.loads(details) or {}
    made: Error = found(message, hint=hint, **told)
    return made
