"""Threads, asyncio, and a process that is killed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import truebook
from conftest import Opener
from fake import FakeVenue
from truebook import Order, OrderState

THREADS = 64
LIMIT = Order("XYZ", "buy", "1", "limit", limit="90")


def in_threads(count: int, work: Callable[[int], None]) -> None:
    failed: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    assert failed == []


def test_p3_many_threads_save_and_submit_and_share_keys(
    trading: truebook.Book, venue: truebook.PaperVenue, opener: Opener
) -> None:
    def work(number: int) -> None:
        for turn in range(4):
            trading.state.set(["threads", str(number)], turn)
            trading.state.merge("/shared", {str(number): {"turn": turn}})
        trading.submit(f"own-{number}", LIMIT)
        trading.submit(f"shared-{number % 8}", LIMIT)

    in_threads(THREADS, work)
    assert len(venue.audit()["orders"]) == THREADS + 8
    assert trading.state["threads"] == {str(number): 3 for number in range(THREADS)}
    trading.reconcile()
    trading.close()
    assert len(opener(venue=venue).state["shared"]) == THREADS


def test_whole_saves_of_many_threads_leave_one_of_them(opener: Opener) -> None:
    book = opener()

    def work(number: int) -> None:
        for turn in range(5):
            book.state.save({"who": number, "rows": {str(n): {"a": n, "turn": turn} for n in range(50)}})

    in_threads(THREADS, work)
    assert book.state["who"] in range(THREADS) and len(book.state["rows"]) == 50


def test_threads_trade_at_a_venue_in_python_without_a_deadlock(opener: Opener) -> None:
    venue = FakeVenue()
    book = opener(venue=venue)
    book.reconcile()

    def work(number: int) -> None:
        if number % 8 == 0:
            book.reconcile()
        book.state["last"] = number
        for _ in range(200):
            try:
                book.submit(f"k{number % 24}", LIMIT)
                return
            except truebook.GateShutError:
                # A reconciliation saw an order of another thread on its way: the next one explains it.
                book.reconcile()
        raise AssertionError("the gate never opened")

    in_threads(THREADS, work)
    assert len(venue.exchange.orders) == 24


def test_a_book_is_closed_while_threads_use_it(opener: Opener) -> None:
    book = opener()
    started = threading.Event()

    def work(number: int) -> None:
        try:
            for turn in range(10_000):
                book.state[f"k{number}"] = turn
                started.set()
        except truebook.ClosedError:
            pass

    closer = threading.Thread(target=lambda: (started.wait(20), book.close()))
    closer.start()
    in_threads(8, work)
    closer.join(60)
    assert book.closed
    again = opener()
    assert len(again.state) >= 1


def test_the_loop_goes_on_while_a_call_waits(data: Path) -> None:
    venue = FakeVenue()
    here, go = threading.Event(), threading.Event()

    def wait() -> None:
        here.set()
        assert go.wait(20)

    venue.before["submit"] = wait

    async def main() -> None:
        async with truebook.aopen(data, venue=venue, backups=False) as book:
            await book.reconcile()
            sending = asyncio.ensure_future(book.submit("k", LIMIT))
            while not here.is_set():
                await asyncio.sleep(0.001)
            # The venue answers only after the loop has done this.
            assert await book.state.set("meanwhile", 1)
            assert not sending.done()
            go.set()
            assert (await sending).state is OrderState.WORKING
            assert (await book.orders())[0].key == "k"
            assert await book.state.get("meanwhile") == 1

    asyncio.run(main())
    assert truebook.open(data, backups=False).state["meanwhile"] == 1


def test_many_tasks_share_an_asynchronous_book(data: Path) -> None:
    venue = truebook.PaperVenue(prices={"XYZ": "100"})

    async def main() -> None:
        book = await truebook.aopen(data, venue=venue, backups=False)
        assert (await book.reconcile()).agreed
        done = await asyncio.gather(*(book.submit(f"k{number % 10}", LIMIT) for number in range(50)))
        assert len({submitted.id for submitted in done}) == 10
        await book.close()

    asyncio.run(main())
    assert len(venue.audit()["orders"]) == 10


def test_an_asynchronous_intent_records_what_came_of_it(data: Path) -> None:
    venue = truebook.PaperVenue(prices={"XYZ": "100"})

    async def main() -> None:
        async with truebook.aopen(data, venue=venue, backups=False) as book:
            await book.reconcile()
            async with book.intent("a", LIMIT) as intent:
                assert intent.is_new
                await intent.accepted(venue_order="V1")
            with pytest.raises(TimeoutError):
                async with book.intent("b", LIMIT):
                    raise TimeoutError
            states = {order.key: order.state for order in await book.orders()}
            assert states == {"a": OrderState.WORKING, "b": OrderState.UNKNOWN}

    asyncio.run(main())


def test_p4_a_task_that_is_cancelled_in_an_intent_leaves_it_unknown(data: Path) -> None:
    venue = truebook.PaperVenue(prices={"XYZ": "100"})

    async def main() -> None:
        async with truebook.aopen(data, venue=venue, backups=False) as book:
            await book.reconcile()
            entered = asyncio.Event()

            async def send() -> None:
                async with book.intent("k", LIMIT):
                    entered.set()
                    await asyncio.sleep(60)

            task = asyncio.ensure_future(send())
            await asyncio.wait_for(entered.wait(), 20)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            order = await book.order("k")
            assert order is not None and order.state is OrderState.UNKNOWN

    asyncio.run(main())
