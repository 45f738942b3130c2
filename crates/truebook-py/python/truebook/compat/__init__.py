"""A drop-in for bots that keep their state with a ``StateManager`` and a ``BackupManager``: two import lines change.

::

    from truebook.compat import BackupManager, StateManager

``save_state()`` returning ``True`` means that the state is on disk. The old state file is taken over on first use, and
goes on to be written, in the old form, for people and scripts to read. An error is raised, where the old code logged
it and answered ``False``; ``strict=False`` brings that back.
"""

from __future__ import annotations

from .backup import BackupManager
from .state import StateManager

__all__ = ["BackupManager", "StateManager"]
