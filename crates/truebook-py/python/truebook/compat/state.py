"""``StateManager``: saves the state of two managers, and gives it back."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Optional, Protocol

from ..book import Book
from . import _files
from ._shared import Shared, acquire
from ._strictly import answers

#: Seconds between two copies of the state in the old form.
COPY_EVERY = 300.0


class Manager(Protocol):
    """What holds a part of the state."""

    def get_state(self) -> dict[Any, Any]:
        """The part, as JSON can hold it; dicts by order id may have integer keys."""

    def load_state(self, state: dict[Any, Any]) -> Any:
        """Takes the part back."""


class StateManager:
    """Saves what two managers hold; saved means on disk.

    The state is in the book beside the file (``data/bot_state.json`` has ``data/bot_state.truebook``). The file itself
    is written in the old form every ``copy_every`` seconds, at a backup and at :meth:`close`; a change that somebody
    makes to it is told of and kept, and used only by :meth:`adopt_file`.

    :param settings: a mapping, or an object of which the attributes are the settings. Where they are not those that
        were accepted last, :class:`truebook.SettingsChangedError` names each change.
    :param strict: ``False``: errors are logged, and answered with ``False``.
    :param options: whatever :func:`truebook.open` takes: ``venue``, ``account``, ``backups``, ``passphrase`` …
    """

    def __init__(
        self,
        order_manager: Manager,
        portfolio_manager: Manager,
        settings: Any,
        state_file: str = "data/bot_state.json",
        logger: Optional[logging.Logger] = None,
        *,
        strict: bool = True,
        copy_every: float = COPY_EVERY,
        backup_dir: Optional[str] = None,
        **options: Any,
    ) -> None:
        self.order_manager = order_manager
        self.portfolio_manager = portfolio_manager
        self.settings = settings
        self.state_file = state_file
        self.logger = logger or logging.getLogger("truebook.compat")
        self.strict = strict
        self.copy_every = copy_every
        self.backup_dir = backup_dir or os.path.join(os.path.dirname(state_file) or ".", "backups")
        self._options = options
        self._known = _mapping(settings)
        self._settings_hash = _hash(self._known)
        self._shared: Optional[Shared] = None

    def __enter__(self) -> StateManager:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    @property
    def book(self) -> Book:
        """The book: for orders, intents, backups. Its variables are this manager's."""
        return self._held().book

    @answers(False)
    def save_state(self) -> bool:
        """Saves the state of both managers. ``True``: it is on disk. Only what changed is written."""
        shared = self._held()
        with shared.lock:
            shared.save(
                {
                    "timestamp_utc": _files.now().isoformat(),
                    "order_manager": self.order_manager.get_state(),
                    "portfolio_manager": self.portfolio_manager.get_state(),
                    "settings_hash": self._settings_hash,
                }
            )
            shared.write_copy_if_due(self.copy_every)
        return True

    @answers(False)
    def load_state(self) -> bool:
        """Gives both managers their state back. ``False`` only if there never was one: a first run.

        Raises :class:`truebook.OpenError` where the state is damaged or lost, and no backup gives it back.
        """
        state = self._held().load()
        if state is None:
            return False
        if state.get("settings_hash") not in (None, self._settings_hash):
            self.logger.warning("the state was saved with other settings than the ones in force")
        if "order_manager" in state:
            self.order_manager.load_state(state["order_manager"])
        elif "orders" in state:
            self.order_manager.load_state({"orders": state["orders"]})
        if "portfolio_manager" in state:
            self.portfolio_manager.load_state(state["portfolio_manager"])
        return True

    @answers(False)
    def adopt_file(self, path: Optional[str] = None) -> bool:
        """Makes what a file holds (the state file, if none is named) the state. What it replaces becomes a backup."""
        shared = self._held()
        document = _files.document(_files.read(path or self.state_file))
        with shared.lock:
            shared.book.backups.create("before adopting")
            shared.put(document)
            shared.write_copy()
        return True

    @answers(None)
    def close(self) -> None:
        """Writes the state file and lets go of the book. Saving or loading opens it again."""
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.release()

    def _held(self) -> Shared:
        if self._shared is None or self._shared.book.closed:
            self._shared = acquire(
                self.state_file, self._known, [self.backup_dir], self.logger, self._options
            )
            self._shared.is_managed = True
            self._shared.refuse_foreign_copy()
        return self._shared


def _mapping(settings: Any) -> Optional[Mapping[str, Any]]:
    """The settings as JSON holds them; ``None`` if there are none."""
    found = settings if isinstance(settings, Mapping) or settings is None else vars(settings)
    if not found:
        return None
    plain = {str(key): value for key, value in found.items() if not callable(value)}
    made: dict[str, Any] = json.loads(json.dumps(plain, default=str))
    return made


def _hash(settings: Optional[Mapping[str, Any]]) -> str:
    text = json.dumps(settings or {}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
