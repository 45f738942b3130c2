"""The bot that is killed: 64 threads that save and submit. What is acknowledged is told on standard output."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Optional

import truebook
from truebook.venue import (
    Accepted,
    AccountReport,
    Capabilities,
    FillReport,
    IdClass,
    Listing,
    NewOrder,
    OrderReport,
    OrderType,
    PositionReport,
    Side,
    Status,
    Target,
    Venue,
    VenueDuplicate,
    VenueNotFound,
    VenueUnknown,
)

THREADS = 64
INSTRUMENT = "TSLA"


class RemoteVenue(Venue):
    """A venue in another process, which lives on when the bot dies. One line of JSON a request and a reply."""

    def __init__(self, port: int) -> None:
        self._port = port

    @property
    def name(self) -> str:
        return "remote"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(IdClass.A, propagation=timedelta(0), admission=timedelta(seconds=5))

    def _ask(self, **request: Any) -> Any:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=10) as connection:
                connection.sendall(json.dumps(request).encode() + b"\n")
                reply = connection.makefile("rb").readline()
        except OSError as lost:
            raise VenueUnknown(str(lost)) from lost
        if not reply:
            raise VenueUnknown("the reply was lost")
        found = json.loads(reply)
        if found == "duplicate":
            raise VenueDuplicate("it has this id")
        return found

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def submit(self, order: NewOrder) -> Accepted:
        return Accepted(_report(self._ask(do="submit", id=order.client_id, quantity=str(order.quantity))))

    def cancel(self, target: Target) -> None:
        raise VenueNotFound("nothing is cancelled here")

    def find(self, client_id: str, instrument: str) -> Optional[OrderReport]:
        found = self._ask(do="find", id=client_id)
        return None if found is None else _report(found)

    def find_venue_order(self, venue_order: str) -> Optional[OrderReport]:
        return self.find(venue_order[2:], INSTRUMENT)

    def open_orders(self) -> Listing[OrderReport]:
        return Listing(tuple(_report(row) for row in self._ask(do="list")))

    def closed_orders(self, since: datetime) -> Listing[OrderReport]:
        return Listing()

    def fills(self, since: datetime) -> Listing[FillReport]:
        return Listing()

    def positions(self) -> Listing[PositionReport]:
        return Listing()

    def account(self) -> AccountReport:
        return AccountReport("main", Decimal(1_000_000))


def _report(row: dict[str, str]) -> OrderReport:
    return OrderReport(
        venue_order=f"V-{row['id']}",
        instrument=INSTRUMENT,
        side=Side.BUY,
        status=Status.LIVE,
        word="new",
        client_id=row["id"],
        order_type=OrderType.LIMIT,
        quantity=Decimal(row["quantity"]),
        limit=Decimal(1),
    )


def open_book(data: str, port: int) -> truebook.Book:
    return truebook.open(data, venue=RemoteVenue(port), account="main", backups=False)


def say(line: str) -> None:
    """At once, and whole: what is said here happened."""
    os.write(1, line.encode() + b"\n")


def work(book: truebook.Book, thread: int, round_number: int) -> None:
    number = 0
    while True:
        number += 1
        value = round_number * 1_000_000 + number
        if (number + thread) % 8 == 0:
            key = f"{round_number}-{thread}-{number}"
            try:
                book.submit(key, truebook.Order(INSTRUMENT, "buy", "1", "limit", limit="1"))
            except truebook.TradeError:
                # While the outcome of an order is unknown nothing new is sent; it is settled meanwhile.
                continue
            say(f"order {key}")
        else:
            book.state.set(["threads", str(thread)], value)
            say(f"state {thread} {value}")


def main() -> None:
    data, port, round_number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    book = open_book(data, port)
    book.reconcile()
    book.follow(0.02)
    say("ready")
    for thread in range(THREADS):
        threading.Thread(target=work, args=(book, thread, round_number), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
