"""The package beside what bots do without it: interleaved in one run, ratios out.

    bench.py [--json] [--quick] [--directory DIR]

Each round does one operation of each kind in turn, so that whatever else the machine does befalls all alike.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import orjson
import sqlalchemy as sa
import truebook
from truebook.compat import StateManager

from state import order, orders

#: How many orders the large state has: about 4.5 MB as indented JSON.
ORDERS = 10_000


class Samples:
    """Times of one operation, in microseconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.times: list[float] = []

    def take(self, act: Callable[[], Any]) -> None:
        """Does it once."""
        begun = time.perf_counter_ns()
        act()
        self.times.append((time.perf_counter_ns() - begun) / 1000)

    def at(self, part: float) -> float:
        """A quantile."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    @property
    def p50(self) -> float:
        """The median."""
        return statistics.median(self.times)

    def row(self) -> dict[str, Any]:
        """As it is printed."""
        return {
            "name": self.name,
            "p50_us": round(self.p50, 1),
            "p99_us": round(self.at(0.99), 1),
            "n": len(self.times),
        }


def write_whole(path: Path, content: bytes) -> None:
    """Temporary file, fsync, rename: what careful bots do."""
    beside = path.with_suffix(".tmp")
    with open(beside, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


class Part:
    """A manager of a bot."""

    def __init__(self, state: dict[Any, Any]) -> None:
        self.state = state

    def get_state(self) -> dict[Any, Any]:
        """What it holds."""
        return self.state

    def load_state(self, state: dict[Any, Any]) -> None:
        """Takes it back."""
        self.state = state


def saves(directory: Path, rounds: int) -> list[dict[str, Any]]:
    """A state of 10,000 orders, one changed, saved whole."""
    state = orders(ORDERS)
    whole, by_path, managed, indented, quick = (
        Samples(name)
        for name in ("state.save", "state.merge", "compat save_state", "json", "orjson")
    )
    # The same orders by integer ids, as a bot's order manager has them.
    by_id = {"active_orders": dict(enumerate(state["orders"].values()))}
    manager = StateManager(
        Part(by_id), Part({}), {}, str(directory / "bot_state.json"), copy_every=1e9, backups=False
    )
    with manager, truebook.open(directory / "saves", backups=False) as book:
        book.state.save(state)
        manager.save_state()

        def change(turn: int) -> None:
            state["orders"]["order-05000"]["filled_qty"] = turn

        for turn in range(rounds):
            change(turn * 4 + 0)
            managed.take(manager.save_state)
            change(turn * 4 + 1)
            whole.take(lambda: book.state.save(state))
            change(turn * 4 + 2)
            by_path.take(lambda: book.state.merge(["orders", "order-05000"], {"filled_qty": turn * 4 + 2}))  # noqa: B023
            change(turn * 4 + 3)
            indented.take(lambda: write_whole(directory / "a.json", json.dumps(state, indent=4).encode()))
            change(turn * 4 + 4)
            quick.take(lambda: write_whole(directory / "b.json", orjson.dumps(state)))
    size = (directory / "a.json").stat().st_size
    rows = [samples.row() for samples in (whole, by_path, managed, indented, quick)]
    rows[0]["ratios"] = {
        f"json.dumps(indent=4)+fsync+replace ({size / 1e6:.1f} MB) / save": indented.p50 / whole.p50,
        "save / orjson+fsync+replace": whole.p50 / quick.p50,
    }
    rows[1]["ratios"] = {"json.dumps(indent=4)+fsync+replace / merge": indented.p50 / by_path.p50}
    rows[2]["ratios"] = {
        "json.dumps(indent=4)+fsync+replace / save_state": indented.p50 / managed.p50,
        "save_state / orjson+fsync+replace": managed.p50 / quick.p50,
    }
    return rows


class Freqtrade:
    """One order inserted and committed, as freqtrade does: SQLAlchemy on SQLite with a write-ahead log."""

    def __init__(self, path: Path) -> None:
        self.engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

        @sa.event.listens_for(self.engine, "connect")
        def wal(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

        metadata = sa.MetaData()
        texts = ("client_order_id", "symbol", "side", "type", "status", "time_in_force", "created_at")
        self.table = sa.Table(
            "orders",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            *(sa.Column(name, sa.String) for name in texts),
            sa.Column("qty", sa.Float),
            sa.Column("limit_price", sa.Float),
        )
        metadata.create_all(self.engine)
        self.names = [column.name for column in self.table.columns if column.name != "id"]

    def insert(self, number: int) -> None:
        """One order."""
        row = order(number)
        with self.engine.begin() as connection:
            connection.execute(self.table.insert().values({name: row[name] for name in self.names}))


def beside_rust(directory: Path, rounds: int) -> list[dict[str, Any]]:
    """The intent of an order, in turn with the same in Rust: the example `intent_figure`, whose program
    TRUEBOOK_INTENT_FIGURE names."""
    program = os.environ.get("TRUEBOOK_INTENT_FIGURE")
    if not program:
        return []
    venue = truebook.PaperVenue(prices={"TSLA": "330"})
    wanted = truebook.Order("TSLA", "buy", "1", "limit", limit="300")
    ours, rust = Samples("intent, nothing else"), []
    with truebook.open(directory / "beside-rust", venue=venue, backups=False) as book:
        book.reconcile()
        for turn in range(4):
            ran = [program, str(directory / f"rust-{turn}"), str(rounds // 4)]
            rust.append(json.loads(subprocess.run(ran, capture_output=True, text=True, check=True).stdout))
            for number in range(rounds // 4):
                intent = book.intent(f"r{turn}-{number}", wanted)
                ours.take(intent.__enter__)
                intent.refused("a measurement")
    figure = statistics.median(each["p50_us"] for each in rust)
    ratios = {"intent / intent in Rust": ours.p50 / figure}
    return [{**ours.row(), "ratios": ratios}, {"name": "intent, in Rust", "p50_us": figure, "n": rounds}]


def intents(directory: Path, rounds: int) -> list[dict[str, Any]]:
    """An order written down before it is sent, beside a row in a database."""
    venue = truebook.PaperVenue(prices={"TSLA": "330"})
    wanted = truebook.Order("TSLA", "buy", "1", "limit", limit="300")
    ours, row, theirs = Samples("intent"), Samples("state.set"), Samples("SQLAlchemy+SQLite insert+commit")
    database = Freqtrade(directory / "orders.sqlite")
    with truebook.open(directory / "intents", venue=venue, backups=False) as book:
        book.reconcile()
        for turn in range(rounds):
            intent = book.intent(f"k{turn}", wanted)
            ours.take(intent.__enter__)
            intent.refused("a measurement")
            row.take(lambda: book.state.set("/turn", turn))  # noqa: B023
            theirs.take(lambda: database.insert(turn))  # noqa: B023
    rows = [samples.row() for samples in (ours, row, theirs)]
    rows[0]["ratios"] = {
        "insert+commit / intent": theirs.p50 / ours.p50,
        "intent / state.set": ours.p50 / row.p50,
    }
    return rows


def per_second(threads: int, count: int, act: Callable[[int], None]) -> float:
    """How many a second so many threads do together."""
    barrier = threading.Barrier(threads + 1)

    def work(first: int) -> None:
        barrier.wait()
        for turn in range(count // threads):
            act(first * count + turn)

    pool = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in pool:
        thread.start()
    barrier.wait()
    begun = time.perf_counter()
    for thread in pool:
        thread.join()
    return count // threads * threads / (time.perf_counter() - begun)


def commits(directory: Path, count: int) -> list[dict[str, Any]]:
    """Orders written down a second, with 1 and 64 threads."""
    venue = truebook.PaperVenue(prices={"TSLA": "330"})
    wanted = truebook.Order("TSLA", "buy", "1", "limit", limit="300")
    database = Freqtrade(directory / "commits.sqlite")
    rows: list[dict[str, Any]] = []
    with truebook.open(directory / "commits", venue=venue, backups=False) as book:
        book.reconcile()

        def ours(number: int) -> None:
            book.intent(f"n{number}", wanted).__enter__()

        def saved(number: int) -> None:
            book.state.set(["rows", str(number % 1000)], order(number))

        for threads in (1, 64):
            book.checkpoint()
            theirs = per_second(threads, count, database.insert)
            rate = per_second(threads, count, saved)
            rows.append(
                {
                    "name": f"orders stored a second, {threads} threads",
                    "ours": round(rate),
                    "theirs": round(theirs),
                    "ratios": {"state.set / insert+commit": rate / theirs},
                }
            )
    with truebook.open(directory / "commits-2", venue=venue, backups=False) as book:
        book.reconcile()
        for threads in (1, 64):
            rate = per_second(threads, count, lambda number: intend(book, threads * 10**8 + number, wanted))  # noqa: B023
            rows.append({"name": f"intents with outcome a second, {threads} threads", "ours": round(rate)})
    return rows


def intend(book: truebook.Book, number: int, wanted: truebook.Order) -> None:
    """Written down, and refused: two durable events."""
    with book.intent(f"n{number}", wanted) as intent:
        intent.refused("a measurement")


def crossing(rounds: int) -> list[dict[str, Any]]:
    """What a call costs that has nothing to wait for."""
    directory = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    venue = truebook.PaperVenue(prices={"TSLA": "330"})
    wanted = truebook.Order("TSLA", "buy", "1", "limit", limit="300")
    rows = []
    try:
        with truebook.open(directory / "data", venue=venue, backups=False) as book:
            book.reconcile()
            book.state["x"] = {"y": 1}
            book.submit("k", wanted)
            calls: dict[str, Callable[[], Any]] = {
                "book.seq": lambda: book.seq,
                "state[key]": lambda: book.state["x"],
                "state.get(path)": lambda: book.state.get("/x/y"),
                "state.merge, nothing new": lambda: book.state.merge("/x", {"y": 1}),
                "submit, known key": lambda: book.submit("k", wanted),
            }
            for name, call in calls.items():
                begun = time.perf_counter_ns()
                for _ in range(rounds):
                    call()
                rows.append(
                    {
                        "name": f"crossing: {name}",
                        "mean_us": round((time.perf_counter_ns() - begun) / rounds / 1000, 2),
                    }
                )
    finally:
        shutil.rmtree(directory)
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """For people."""
    for row in rows:
        figures = "  ".join(
            f"{name}={value}" for name, value in row.items() if name not in ("name", "ratios")
        )
        print(f"{row['name']:44} {figures}")
        for name, ratio in row.get("ratios", {}).items():
            print(f"{'':44}   {name}: {ratio:.2f}")


def main(arguments: Optional[list[str]] = None) -> None:
    """Measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds")
    parser.add_argument("--directory", help="where to write; the disk decides a good part of it")
    given = parser.parse_args(arguments)
    part = 10 if given.quick else 1
    directory = Path(tempfile.mkdtemp(prefix="truebook-bench-", dir=given.directory))
    try:
        rows = saves(directory, 200 // part) + intents(directory, 2000 // part)
        rows += beside_rust(directory, 4000 // part)
        rows += commits(directory, 6400 // part) + crossing(100_000 // part)
    finally:
        shutil.rmtree(directory)
    if given.json:
        json.dump(
            {"python": sys.version.split()[0], "version": truebook.__version__, "rows": rows},
            sys.stdout,
            indent=2,
        )
        print()
    else:
        show(rows)


if __name__ == "__main__":
    main()
