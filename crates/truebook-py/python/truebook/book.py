"""The book: what a bot holds in its hand."""

from __future__ import annotations

import builtins
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Optional, Union

from . import _reports
from ._bridge import Bridge
from ._numbers import Number, optional, optional_time_text, text, time_text
from ._truebook import Core
from .backups import Backups
from .intent import AsyncIntent, Intent
from .results import BookFill, BookOrder, Gate, OrderState, Plan, Position, Report, Submitted
from .state import State
from .venue import FillReport, Order, OrderReport, OrderType, Side, TimeInForce, Venue
from .venues_native import Alpaca, PaperVenue

#: What a book trades at: ``None``, the paper venue, Alpaca by the adapter in Rust, or a :class:`truebook.venue.Venue`.
AnyVenue = Union[None, PaperVenue, Alpaca, Venue]

#: Seconds between two generations of a backup, and between two checkpoints.
EVERY = 300.0


def spec(order: Order) -> tuple[Any, ...]:
    """The fields of an order as the engine takes them; a float among them is refused."""
    if not isinstance(order, Order):
        raise TypeError(f"an order is a truebook.Order, not {type(order).__name__}")
    bracket = None
    if order.bracket is not None:
        stop_loss, take_profit = order.bracket.stop_loss, order.bracket.take_profit
        bracket = (
            None if stop_loss is None else text(stop_loss.stop, "stop_loss.stop"),
            None if stop_loss is None else optional(stop_loss.limit, "stop_loss.limit"),
            None if take_profit is None else text(take_profit.limit, "take_profit.limit"),
        )
    return (
        order.instrument,
        _word(order.side, Side),
        _word(order.order_type, OrderType),
        text(order.quantity, "quantity"),
        optional(order.limit, "limit"),
        optional(order.stop, "stop"),
        optional(order.trail_amount, "trail_amount"),
        optional(order.trail_percent, "trail_percent"),
        _word(order.time_in_force, TimeInForce),
        optional_time_text(order.expires, "expires"),
        bracket,
        order.strategy,
    )


def _word(value: Any, kind: Any) -> str:
    return str(value.value) if isinstance(value, kind) else str(value)


def submitted(told: tuple[str, str, list[str], bool]) -> Submitted:
    """What the engine tells of an order."""
    return Submitted(told[0], OrderState(told[1]), tuple(told[2]), told[3])


class Book:
    """An open book. Any number of threads may share it; what a method acknowledges is durable.

    Made by :func:`truebook.open`. A context manager: leaving it closes the book.
    """

    def __init__(self, core: Core, bridge: Optional[Bridge], venue: AnyVenue) -> None:
        self._core = core
        self._bridge = bridge
        self._venue = venue
        self._state = State(core)
        self._backups = Backups(core)

    def __enter__(self) -> Book:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return "<truebook.Book, closed>" if self._core.closed else f"<truebook.Book in {self._core.path}>"

    def close(self) -> None:
        """Makes a last checkpoint and a last backup, and lets go of the book. Twice is no error.

        Raises :class:`WriteError` if the last checkpoint failed: what was acknowledged is durable all the same.
        """
        self._core.close()

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._core.closed

    @property
    def state(self) -> State:
        """The bot's variables."""
        return self._state

    @property
    def backups(self) -> Backups:
        """Its backups."""
        return self._backups

    @property
    def venue(self) -> AnyVenue:
        """The venue it was opened with."""
        return self._venue

    @property
    def path(self) -> str:
        """Its directory."""
        return self._core.path

    @property
    def seq(self) -> int:
        """Sequence number of the last event."""
        return self._core.seq

    @property
    def durable(self) -> int:
        """Sequence number of the last event that is durable."""
        return self._core.durable

    @property
    def report(self) -> Report:
        """What opening it found, mended and lost."""
        return Report.of(json.loads(self._core.report()))

    @property
    def unaccepted_settings(self) -> list[dict[str, Any]]:
        """The settings that changed and that nobody accepted (``on_changed_settings="hold"``)."""
        found: list[dict[str, Any]] = json.loads(self._core.unaccepted_settings())
        return found

    def status(self) -> dict[str, Any]:
        """The book in a few figures, as ``truebook status --json`` prints them."""
        found: dict[str, Any] = json.loads(self._core.status())
        return found

    def checkpoint(self) -> dict[str, Any]:
        """Makes a checkpoint now: ``seq``, ``at``, ``state_hash``, ``file``."""
        found: dict[str, Any] = json.loads(self._core.checkpoint())
        return found

    def import_file(
        self, file: Union[str, os.PathLike[str]], content: Optional[bytes] = None
    ) -> dict[str, Any]:
        """Takes over the state file of another system, in one event; the book must have no variables yet.

        Two forms are known: ``order_manager`` with ``portfolio_manager``, and ``orders``. The file becomes the
        variables as it is; its positions and live orders enter the book too. Tells what of: ``form``, ``seq``,
        ``positions``, ``orders``, ``left_out``. ``content`` is used in place of what is in the file.

        Raises :class:`ImportFileError`.
        """
        if content is None:
            with builtins.open(file, "rb") as opened:
                content = opened.read()
        found: dict[str, Any] = json.loads(self._core.import_file(os.fspath(file), content))
        return found

    def submit(self, key: str, order: Order) -> Submitted:
        """Submits an order under a key, once for ever: the same key with the same order gives the first result again.

        The intent is durable before anything is sent. An outcome that nobody knows is no error: it is
        ``OrderState.UNKNOWN``, and a reconciliation settles it.

        Raises, with nothing sent: ``TypeError`` for a float, :class:`OrderError`, :class:`KeyReusedError`,
        :class:`GateShutError`, :class:`ClockError`, :class:`VenueCallError`, :class:`WriteError`.
        """
        told = self._core.submit(key, spec(order))
        self._interrupt()
        return submitted(told)

    def cancel(self, key: str) -> Submitted:
        """Asks for the order of this key to be cancelled. It may fill before; its state tells.

        Raises :class:`NoOrderError` if no live order has the key.
        """
        told = self._core.cancel(key)
        self._interrupt()
        return submitted(told)

    def replace(
        self,
        key: str,
        *,
        quantity: Optional[Number] = None,
        limit: Optional[Number] = None,
        stop: Optional[Number] = None,
    ) -> Submitted:
        """Asks for the order of this key to be changed. ``quantity`` is the new total, what is filled included.

        Raises :class:`NoOrderError`, :class:`OrderError` (also where the venue cannot replace).
        """
        changes = (optional(quantity, "quantity"), optional(limit, "limit"), optional(stop, "stop"))
        told = self._core.replace(key, *changes)
        self._interrupt()
        return submitted(told)

    def close_position(self, key: str, instrument: str) -> Submitted:
        """Closes the position in an instrument at the market, under a key; its live orders are cancelled first.

        Raises :class:`NoPositionError`, or :class:`StillWorkingError` while one of them may still fill.
        """
        told = self._core.close_position(key, instrument)
        self._interrupt()
        return submitted(told)

    def intent(self, key: str, order: Order) -> Intent:
        """Around an order that the bot sends with a client of its own.

        ::

            with book.intent("buy-1", order) as intent:
                if intent.is_new:
                    reply = client.create_order(..., client_order_id=intent.client_id)
                    intent.accepted(venue_order=reply["id"], word=reply["status"])

        Durable on entry. An exception inside means that nobody knows what became of the order, and so does leaving
        without an outcome; both are written down.
        """
        return Intent(self._core, key, order, spec(order))

    def async_intent(self, key: str, order: Order) -> AsyncIntent:
        """As :meth:`intent`, for ``async with``; the loop is not blocked."""
        return AsyncIntent(self.intent(key, order))

    def record_report(self, report: OrderReport) -> None:
        """Takes in what the bot's own client learnt of an order. The same twice counts once."""
        self._core.record_report(json.dumps(_reports.order(report)))

    def record_fill(self, fill: FillReport) -> None:
        """Takes in an execution that the bot's own client learnt of. The same ``execution`` twice counts once."""
        self._core.record_fill(json.dumps(_reports.fill(fill)))

    def order(self, key: str) -> Optional[BookOrder]:
        """The live order of a key; ``None`` if it is over or never was (then ``orders(all=True, key=key)`` tells)."""
        found = self._core.order(key)
        return None if found is None else BookOrder.of(json.loads(found))

    def orders(
        self,
        *,
        all: bool = False,  # noqa: A002  (the command's own word)
        state: Optional[OrderState] = None,
        instrument: Optional[str] = None,
        key: Optional[str] = None,
        strategy: Optional[str] = None,
        since: Optional[datetime] = None,
    ) -> list[BookOrder]:
        """The live orders, oldest first; ``all=True`` also those that are over, which reads the whole journal."""
        wanted_since = None if since is None else time_text(since, "since")
        rows = json.loads(self._core.orders(all, instrument, key, wanted_since))
        found = (BookOrder.of(row) for row in rows)
        return [
            order
            for order in found
            if (state is None or order.state == state) and (strategy is None or order.strategy == strategy)
        ]

    def fills(
        self,
        *,
        instrument: Optional[str] = None,
        key: Optional[str] = None,
        since: Optional[datetime] = None,
        limit: Optional[int] = None,
    ) -> list[BookFill]:
        """Executions, oldest first, read from the journal; with ``limit`` the last so many."""
        wanted_since = None if since is None else time_text(since, "since")
        rows = json.loads(self._core.fills(instrument, key, wanted_since, limit))
        return [BookFill.of(row) for row in rows]

    def positions(self) -> dict[str, Position]:
        """What is held, by instrument; those in which new risk is blocked are there too."""
        rows = json.loads(self._core.positions())
        return {row["instrument"]: Position.of(row) for row in rows}

    def plan(self) -> Plan:
        """What would bring book and venue to agreement, and what would be left alone and why. Nothing is done."""
        told = self._core.plan()
        self._interrupt()
        return Plan.of(json.loads(told))

    def reconcile(self) -> Plan:
        """Brings book and venue to agreement, and tells what was done. Twice is as good as once.

        Until it has succeeded once, new risk is refused (:class:`GateShutError`); exits pass.
        """
        told = self._core.reconcile()
        self._interrupt()
        return Plan.of(json.loads(told))

    @property
    def gate(self) -> Gate:
        """Whether new risk is allowed, and what speaks against it."""
        return Gate(**json.loads(self._core.gate()))

    def follow(self, every: float = 30.0) -> None:
        """Keeps book and venue in agreement from here on, in a thread: takes the venue's stream in as it comes, and
        reconciles at once, then every so many seconds, and whenever the stream was cut. Ends with :meth:`close`."""
        self._core.follow(float(every))

    def unfollow(self) -> None:
        """Ends what :meth:`follow` began."""
        self._core.unfollow()

    @property
    def following(self) -> Optional[dict[str, Any]]:
        """How :meth:`follow` stands: ``running``, ``streaming``, ``reconciliations``, ``agreed``, what ``failed`` last
        if nothing has succeeded since, and why it ``ended``. ``None`` if it was not begun."""
        told = self._core.following()
        return None if told is None else dict(json.loads(told))

    def accept_settings(self, settings: Union[Mapping[str, Any], str]) -> None:
        """Records these settings as the ones in force. The gate looks at them when the book is opened again."""
        self._core.accept_settings(_settings(settings))

    def accept_gap(self, why: str) -> None:
        """What happened at the venue since the book was put back counts as known: you answer for it."""
        self._core.accept_gap(why)

    def halt(self, why: str) -> None:
        """Refuses new risk from here on, durably. Exits pass."""
        self._core.halt(why)

    def resume(self, why: str) -> None:
        """Takes a halt back."""
        self._core.resume(why)

    def _interrupt(self) -> None:
        """What interrupted this thread in the venue's code goes on now that everything is written down."""
        if self._bridge is not None:
            by = self._bridge.interrupted()
            if by is not None:
                raise by


def open(  # noqa: A001  (it opens)
    path: Union[str, os.PathLike[str]],
    *,
    settings: Union[Mapping[str, Any], str, None] = None,
    venue: AnyVenue = None,
    name: Optional[str] = None,
    account: Optional[str] = None,
    mode: Optional[Literal["paper", "live"]] = None,
    create: bool = True,
    on_changed_settings: Literal["refuse", "accept", "hold"] = "refuse",
    on_damage: Literal["mend", "ask"] = "mend",
    on_loss: Literal["refuse", "accept"] = "refuse",
    backups: Union[None, bool, Sequence[str]] = None,
    backup_every: float = EVERY,
    keep_last: int = 48,
    backup_recipients: Sequence[str] = (),
    backup_identity: Union[str, os.PathLike[str], None] = None,
    key_file: Union[str, os.PathLike[str], None] = None,
    key_variable: Optional[str] = None,
    passphrase: Optional[str] = None,
    key: Optional[bytes] = None,
    upkeep: Literal["thread", "inline"] = "thread",
    checkpoint_every: float = EVERY,
    checkpoint_events: int = 1_000_000,
    segment_bytes: Optional[int] = None,
) -> Book:
    """Opens the book in a directory; where there never was one, makes one, unless ``create=False``.

    :param settings: the bot's settings, a dict or TOML text; compared with those accepted last.
    :param venue: where it trades. ``None``: variables only, and reading.
    :param name: what people call it; the directory's name if nothing is said. Looked at only when it is made.
    :param account: the account. A book of another one is refused.
    :param mode: ``paper`` (what a new book is if nothing is said) or ``live``. A book of the other mode is refused.
    :param on_changed_settings: ``hold`` opens, but new risk is refused until they are accepted.
    :param on_damage: ``mend`` from what damaged files still say and from backups; ``ask`` refuses and tells first.
    :param on_loss: ``accept`` goes on without events that are lost, and records that they are.
    :param backups: ``None``: the directory ``PATH.backups`` beside it; a list of directories and URLs; ``False``: none.
    :param backup_every: seconds between two generations, if something changed.
    :param keep_last: how many of the newest verified generations are kept.
    :param backup_recipients: backups are encrypted for these (age: ``age1…``); without
    :param backup_identity: the file that opens them, the bot cannot read, and so not prove, what it writes.
    :param key_file: with one of these four the book is encrypted: a file with 64 hex digits,
    :param key_variable: an environment variable with 64 hex digits,
    :param passphrase: a passphrase,
    :param key: or 32 bytes.
    :param upkeep: who does the background work: a thread, or ``inline`` whoever writes.
    :param checkpoint_every: seconds between two checkpoints.

    Raises :class:`OpenError` and its subclasses; never begins with defaults over damage or loss.
    """
    if isinstance(backups, str):
        raise TypeError("backups is a list of places: [place]")
    if backups is None or backups is True:
        places: Any = "sibling"
    else:
        places = {"places": list(backups)} if backups else "none"
    native, bridge, venue_name = _native(venue)
    told = {
        "path": os.fspath(path),
        "name": name,
        "account": account,
        "mode": mode,
        "venue": venue_name,
        "if_missing": "create" if create else "refuse",
        "on_changed_settings": on_changed_settings,
        "on_damage": on_damage,
        "on_loss": on_loss,
        "backups": places,
        "backup_every_s": float(backup_every),
        "keep_last": keep_last,
        "backup_recipients": [backup_recipients]
        if isinstance(backup_recipients, str)
        else list(backup_recipients),
        "backup_identity": None if backup_identity is None else os.fspath(backup_identity),
        "upkeep": upkeep,
        "checkpoint_every_s": float(checkpoint_every),
        "checkpoint_events": checkpoint_events,
        "segment_bytes": segment_bytes,
    }
    file = None if key_file is None else os.fspath(key_file)
    core = Core.open(json.dumps(told), _settings(settings), native, (file, key_variable, passphrase, key))
    return Book(core, bridge, venue)


def _settings(given: Union[Mapping[str, Any], str, None]) -> Any:
    return given if given is None or isinstance(given, (str, dict)) else dict(given)


def _native(venue: AnyVenue) -> tuple[Any, Optional[Bridge], Optional[str]]:
    """The venue as the engine takes it, and its name."""
    if venue is None:
        return None, None, None
    if isinstance(venue, PaperVenue):
        return venue.core, None, venue.name
    if isinstance(venue, Alpaca):
        return venue.told(), None, venue.name
    if isinstance(venue, Venue):
        bridge = Bridge(venue)
        return bridge, bridge, venue.name
    raise TypeError(
        f"a venue is a PaperVenue, an Alpaca or a truebook.venue.Venue, not {type(venue).__name__}"
    )
