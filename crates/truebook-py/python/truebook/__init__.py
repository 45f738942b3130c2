"""A crash-safe, provable book for trading bots: variables, orders, fills and positions.

::

    import truebook

    venue = truebook.PaperVenue(prices={"TSLA": "330"})
    with truebook.open("data", venue=venue) as book:
        book.state["last_price"] = 330.0  # durable when it returns
        book.reconcile()
        book.submit("buy-1", truebook.Order("TSLA", "buy", "1", "limit", limit="329.50"))

Whatever is acknowledged is on disk; one key is one order for ever; an outcome that nobody knows is ``UNKNOWN``, never
"failed", and settled by what the venue says.
"""

from __future__ import annotations

from ._truebook import VERSION as __version__
from .aio import AsyncBook, aopen
from .backups import Backups, restore
from .book import Book, open
from .errors import (
    BackupError,
    BookExistsError,
    BookKeyError,
    ClockError,
    ClosedError,
    DamagedError,
    DiskFullError,
    Error,
    FileError,
    GateShutError,
    HeldError,
    IdentityError,
    ImportFileError,
    KeyReusedError,
    LostStateError,
    NetworkDiskError,
    NewerFormatError,
    NoBookError,
    NoOrderError,
    NoPositionError,
    OpenError,
    OptionError,
    OrderError,
    PlanError,
    RefusedError,
    RestorableError,
    SettingsChangedError,
    StateError,
    StillWorkingError,
    TradeError,
    UnfinishedRestoreError,
    VenueCallError,
    WriteError,
    WriteStoppedError,
)
from .intent import AsyncIntent, Intent
from .results import (
    Backup,
    BackupMade,
    BackupPlace,
    BackupProof,
    BookFill,
    BookOrder,
    Gate,
    OrderState,
    Plan,
    Position,
    Report,
    Restoration,
    Submitted,
)
from .state import State
from .venue import (
    Bracket,
    Capabilities,
    Fee,
    FillReport,
    IdClass,
    Order,
    OrderReport,
    OrderType,
    Role,
    Rules,
    Side,
    Status,
    StopLoss,
    TakeProfit,
    TimeInForce,
    Venue,
)
from .venues_native import Alpaca, PaperVenue

__all__ = [
    "Alpaca",
    "AsyncBook",
    "AsyncIntent",
    "Backup",
    "BackupError",
    "BackupMade",
    "BackupPlace",
    "BackupProof",
    "Backups",
    "Book",
    "BookExistsError",
    "BookFill",
    "BookKeyError",
    "BookOrder",
    "Bracket",
    "Capabilities",
    "ClockError",
    "ClosedError",
    "DamagedError",
    "DiskFullError",
    "Error",
    "Fee",
    "FileError",
    "FillReport",
    "Gate",
    "GateShutError",
    "HeldError",
    "IdClass",
    "IdentityError",
    "ImportFileError",
    "Intent",
    "KeyReusedError",
    "LostStateError",
    "NetworkDiskError",
    "NewerFormatError",
    "NoBookError",
    "NoOrderError",
    "NoPositionError",
    "OpenError",
    "OptionError",
    "Order",
    "OrderError",
    "OrderReport",
    "OrderState",
    "OrderType",
    "PaperVenue",
    "Plan",
    "PlanError",
    "Position",
    "RefusedError",
    "Report",
    "RestorableError",
    "Restoration",
    "Role",
    "Rules",
    "SettingsChangedError",
    "Side",
    "State",
    "StateError",
    "Status",
    "StillWorkingError",
    "StopLoss",
    "Submitted",
    "TakeProfit",
    "TimeInForce",
    "TradeError",
    "UnfinishedRestoreError",
    "Venue",
    "VenueCallError",
    "WriteError",
    "WriteStoppedError",
    "__version__",
    "aopen",
    "open",
    "restore",
]
