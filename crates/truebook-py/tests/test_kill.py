"""A Python bot killed at random moments, while 64 threads save and submit."""

from __future__ import annotations

import json
import os
import random
import socketserver
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from kill_bot import open_book

#: How often the bot is killed.
KILLS = int(os.environ.get("TRUEBOOK_KILLS", "200"))
SEED = int(os.environ.get("TRUEBOOK_SEED", "20261127"))


class VenueServer(socketserver.ThreadingTCPServer):
    """The venue: it lives on. Of some orders the reply is lost."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.orders: dict[str, dict[str, str]] = {}
        #: How often each order was sent, however it was answered.
        self.sent: Counter[str] = Counter()
        self.lost: set[str] = set()
        self.random = random.Random(SEED)

    def answer(self, request: dict[str, Any]) -> Any:
        with self.lock:
            if request["do"] == "list":
                return list(self.orders.values())
            found = self.orders.get(request["id"])
            if request["do"] == "find":
                return found
            self.sent[request["id"]] += 1
            if found is not None:
                return "duplicate"
            self.orders[request["id"]] = {"id": request["id"], "quantity": request["quantity"]}
            if self.random.random() < 0.1:
                self.lost.add(request["id"])
                return ...
            return self.orders[request["id"]]


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        if not line:
            return
        server: Any = self.server
        answer = server.answer(json.loads(line))
        if answer is not ...:
            try:
                self.wfile.write(json.dumps(answer).encode() + b"\n")
            except OSError:
                pass  # The bot that asked is dead.


def _run_and_kill(words: list[str], root: Path, chance: random.Random) -> list[list[str]]:
    """What a bot had acknowledged when it was killed."""
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as bot:
        assert bot.stdout is not None and bot.stderr is not None
        first = bot.stdout.readline().strip()
        assert first == b"ready", bot.stderr.read().decode()
        killer = threading.Timer(chance.uniform(0.0, 0.15), bot.kill)
        killer.start()
        lines = bot.stdout.read().decode().splitlines(keepends=True)
        killer.join()
    # A line that was cut off was not said.
    return [line.split() for line in lines if line.endswith("\n")]


def test_p1_p2_p3_killed_at_random_moments_nothing_acknowledged_is_lost_and_nothing_is_sent_twice(
    tmp_path: Path,
) -> None:
    data, chance = str(tmp_path / "data"), random.Random(SEED)
    states: dict[str, int] = {}
    keys: set[str] = set()
    root = Path(__file__).parent
    with VenueServer() as venue:
        threading.Thread(target=venue.serve_forever, daemon=True).start()
        port = venue.server_address[1]
        for kill in range(KILLS):
            words = [sys.executable, str(root / "kill_bot.py"), data, str(port), str(kill + 1)]
            for said in _run_and_kill(words, root, chance):
                if said[0] == "state":
                    states[said[1]] = max(states.get(said[1], 0), int(said[2]))
                else:
                    keys.add(said[1])
        with open_book(data, port) as book:
            book.reconcile()
            known = {order.key: order for order in book.orders()}
            found = book.state.get(["threads"], {})
        with venue.lock:
            at_venue, lost_replies = set(venue.orders), set(venue.lost)
            twice = {id for id, count in venue.sent.items() if count > 1}
        venue.shutdown()
    lost = {thread: value for thread, value in states.items() if found.get(thread, 0) < value}
    assert not lost, "states that were acknowledged"
    assert keys <= set(known), "orders that were acknowledged"
    ids = [order.id for order in known.values()]
    assert len(ids) == len(set(ids)) and at_venue <= set(ids), "no order without its intent in the book"
    # Where the reply was lost, or the bot died before it knew, the same id may be sent again, which the venue answers
    # with the first order. Nothing else is.
    answered = {order.id for key, order in known.items() if key in keys} - lost_replies
    assert not twice & answered, "orders that were answered and sent again"
    unknown = [order.key for order in known.values() if order.state.value == "unknown"]
    assert not unknown, "everything is settled"
    missing = [
        order.key for order in known.values() if order.state.value == "working" and order.id not in at_venue
    ]
    assert not missing, "what the book says is working is at the venue"
    print(
        f"{KILLS} kills, {len(states)} threads, {len(keys)} orders acknowledged, {len(at_venue)} at the venue"
    )
    assert len(keys) >= KILLS // 4 and len(states) == 64, "the bots did something"
