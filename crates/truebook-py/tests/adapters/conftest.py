"""Tests of an adapter need its client. What is missing is left out, with a line that says so; in CI it is a failure,
but for ib_async before the CPython that it needs.
"""

from __future__ import annotations

import importlib.util
import os
import sys

#: By client, the tests that cannot be collected without it.
_NEEDS = {
    "ccxt": [
        "test_ccxt_errors.py",
        "test_ccxt_guard.py",
        "test_ccxt_lists.py",
        "test_ccxt_reports.py",
        "test_ccxt_requests.py",
        "test_book.py",
        "test_contract.py",
        "test_shared.py",
    ],
    "alpaca": [
        "test_alpaca_native.py",
        "test_alpaca_py.py",
        "test_book.py",
        "test_contract.py",
        "test_paper.py",
        "test_shared.py",
    ],
    "ib_async": ["test_ib.py", "test_book.py", "test_contract.py"],
}
_IB_ASYNC_NEEDS = (3, 10)


def _is_excused(client: str) -> bool:
    is_too_old = client == "ib_async" and sys.version_info < _IB_ASYNC_NEEDS
    return is_too_old or os.environ.get("CI") != "true"


_MISSING = [client for client in _NEEDS if importlib.util.find_spec(client) is None and _is_excused(client)]
collect_ignore = sorted({test for client in _MISSING for test in _NEEDS[client]})


def pytest_report_header() -> list[str]:
    """Says what is left out."""
    return [f"LEFT OUT for want of {', '.join(_MISSING)}: {', '.join(collect_ignore)}"] if _MISSING else []
