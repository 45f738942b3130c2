"""A bot with a StateManager and a BackupManager, killed and started again. Runs offline: python drop_in.py

The bot below is the usual one: an order manager and a portfolio manager, saved every now and then. Only its import
lines are new. The parent process waits until it has killed itself with SIGKILL between two lines, starts it again, lets
its backup be put back, and shows what came back.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from typing import Any

# Before: from persistence.state_manager import StateManager
#         from persistence.backup_manager import BackupManager
from truebook.compat import BackupManager, StateManager

SETTINGS = {"risk": {"max_position": 600}, "symbol": "TSLA"}


class OrderManager:
    """Brackets by the broker's order ids, which are integers."""

    def __init__(self) -> None:
        self.active_orders: dict[int, Any] = {}
        self.bracket_orders: dict[int, Any] = {}

    def place_bracket(self, parent: int) -> None:
        for number, kind in ((parent, "LMT"), (parent + 1, "STP"), (parent + 2, "LMT")):
            action = "BUY" if number == parent else "SELL"
            self.active_orders[number] = {
                "order_details": {"action": action, "orderType": kind, "totalQuantity": 100},
                "contract_details": {"symbol": "TSLA"},
                "status": "Submitted",
                "parent_id": None if number == parent else parent,
            }
        self.bracket_orders[parent] = {"stop_id": parent + 1, "profit_id": parent + 2}

    def get_state(self) -> dict[str, Any]:
        return {"active_orders": self.active_orders, "bracket_orders": self.bracket_orders}

    def load_state(self, state: dict[str, Any]) -> None:
        self.active_orders = state["active_orders"]
        self.bracket_orders = state["bracket_orders"]


class PortfolioManager:
    """Cash and positions."""

    def __init__(self) -> None:
        self.cash = 10_000.0

    def get_state(self) -> dict[str, Any]:
        return {"positions": {}, "current_cash": self.cash}

    def load_state(self, state: dict[str, Any]) -> None:
        self.cash = state["current_cash"]


def bot(state_file: str) -> tuple[StateManager, OrderManager, PortfolioManager]:
    orders, portfolio = OrderManager(), PortfolioManager()
    return StateManager(orders, portfolio, SETTINGS, state_file), orders, portfolio


def trade_until_killed(state_file: str) -> None:
    """The bot's life: it says what it has saved, and dies between two lines."""
    manager, orders, portfolio = bot(state_file)
    backups = BackupManager(state_file)
    for parent in range(101, 200, 3):
        orders.place_bracket(parent)
        portfolio.cash -= 100.0
        assert manager.save_state()  # True: it is on disk
        print(parent, flush=True)
        if parent == 110:
            print(f"backup {backups.create_backup('scheduled')}", flush=True)
        if parent == 140:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        state_file = os.path.join(place, "bot_state.json")
        words = [sys.executable, __file__, "--bot", state_file]
        ended = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
        saved = [int(word) for word in ended.stdout.split() if word.isdigit()]
        print(f"the bot was killed (signal {-ended.returncode}) after it had saved {len(saved)} brackets")

        manager, orders, portfolio = bot(state_file)
        with manager, BackupManager(state_file) as backups:
            assert manager.load_state()
            assert sorted(orders.bracket_orders) == saved, "nothing that was saved is lost"
            parent = saved[-1]
            print(f"started again: parent {parent!r} has its legs {orders.bracket_orders[parent]}")
            print(f"cash {portfolio.cash}")

            newest = backups.list_backups()[0]
            is_sound, message = backups.verify_backup(newest["path"])
            assert is_sound, message
            print(f"{os.path.basename(newest['path'])}:{message.partition(':')[2]}")
            assert backups.restore_backup(newest["path"])
            assert manager.load_state()
            print(f"put back: {len(orders.bracket_orders)} brackets, cash {portfolio.cash}")
            assert len(orders.bracket_orders) == 4
            print(f"what it replaced is a backup too: {backups.list_backups()[0]['reason']!r}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bot"]:
        trade_until_killed(sys.argv[2])
    else:
        main()
