"""Saves the state of a hundred orders as most bots do, and says how long each save took.

Reads a number a line: how many saves. Answers with a JSON list of nanoseconds.
"""

import json
import os
import sys
import time

folder, flush = sys.argv[1], sys.argv[2]
target = os.path.join(folder, "bot_state.json")
temporary = target + ".tmp"

orders = {
    str(100 + n): {
        "symbol": "AAPL",
        "side": "buy" if n % 2 else "sell",
        "quantity": 100 + n,
        "limit_price": 187.5 + n / 100,
        "status": "Submitted",
        "filled": 0,
        "average_price": None,
        "parent_id": 100 + n - n % 3,
        "client_order_id": f"{n:032x}",
        "submitted_at": "2024-02-29T14:30:00.000000+00:00",
        "strategy": "meanrev",
    }
    for n in range(100)
}


def flush_folder():
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def save():
    with open(temporary, "w") as file:
        json.dump({"version": 1, "orders": orders}, file)
        if flush != "never":
            file.flush()
            os.fsync(file.fileno())
    os.replace(temporary, target)
    if flush != "never":
        flush_folder()


def timed_save(n):
    orders[str(100 + n % 100)]["filled"] = n
    start = time.perf_counter_ns()
    save()
    return time.perf_counter_ns() - start


saves = 0
for line in sys.stdin:
    count = int(line)
    print(json.dumps([timed_save(saves + n) for n in range(count)]), flush=True)
    saves += count
