"""What the adapters share: numbers, times, lists, and the rule that nothing is sent twice."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import requests
import truebook.venues
from fakes.transport import Transport, Unreachable
from truebook.venue import Listing, VenueUnknown
from truebook.venues import _times
from truebook.venues._listing import Reading
from truebook.venues._numbers import decimal, decimal_or_none, nonzero_or_none, text
from truebook.venues._once import ResendsError, TimeLimit, forbid_resends, limit_time, never_connected


def test_importing_the_venues_imports_no_client() -> None:
    script = (
        "import sys, truebook.venues; "
        "print([name for name in ('ccxt', 'alpaca', 'ib_async', 'requests') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
    assert dir(truebook.venues) == ["AlpacaPyVenue", "CcxtVenue", "IbVenue"]
    with pytest.raises(AttributeError):
        truebook.venues.OtherVenue  # noqa: B018


@pytest.mark.parametrize(
    ("number", "plain"),
    [
        ("0.30", "0.3"),
        ("1E+2", "100"),
        ("1E-9", "0.000000001"),
        ("0E-8", "0"),
        ("-0", "0"),
        ("-2.50", "-2.5"),
        ("10", "10"),
    ],
)
def test_a_number_is_written_exactly_and_without_an_exponent(number: str, plain: str) -> None:
    assert text(Decimal(number)) == plain and Decimal(plain) == Decimal(number)


def test_a_tenth_and_two_tenths_are_three_tenths() -> None:
    assert text(decimal("0.1", "") + decimal(0.2, "")) == "0.3"


@pytest.mark.parametrize("value", [True, None, "", "many", "NaN", "Infinity", float("nan"), [], "1,5"])
def test_p4_what_is_no_finite_number_is_not_read(value: Any) -> None:
    with pytest.raises(VenueUnknown):
        decimal(value, "it")


def test_what_is_not_there_is_not_zero_and_a_zero_that_means_nothing_is_not_there() -> None:
    assert decimal_or_none("", "it") is None and decimal_or_none("0", "it") == 0
    assert nonzero_or_none("0.0", "it") is None and nonzero_or_none("0.1", "it") == Decimal("0.1")


@pytest.mark.parametrize(
    "written",
    ["2026-03-02T15:30:00.123456Z", "2026-03-02T15:30:00.123456789Z", "2026-03-02 10:30:00.1234569-05:00"],
)
def test_a_time_is_read_with_any_number_of_digits_and_from_any_zone(written: str) -> None:
    assert _times.parse(written) == datetime(2026, 3, 2, 15, 30, 0, 123456, timezone.utc)


@pytest.mark.parametrize("written", ["", "2026-03-02", "2026-13-02T15:30:00Z", "2026-03-02T15:30:00"])
def test_a_time_that_nobody_can_be_sure_of_is_not_read(written: str) -> None:
    with pytest.raises(VenueUnknown):
        _times.parse(written)


def test_milliseconds_are_whole_and_exact() -> None:
    at = datetime(2026, 3, 2, 15, 30, 0, 123999, timezone.utc)
    assert _times.to_milliseconds(at) == 1_772_465_400_123
    assert _times.from_milliseconds(1_772_465_400_123).microsecond == 123_000
    assert _times.parse(_times.write(at)) == at


def test_a_list_that_breaks_off_tells_the_first_reason() -> None:
    reading: Reading[int] = Reading()
    reading.add(["1", "x", "3"], int)
    with reading.may_cut():
        raise VenueUnknown("later")
    listing = reading.listing()
    assert listing.rows == (1, 3) and listing.partial is not None and "invalid literal" in listing.partial


def test_a_list_of_which_nothing_was_read_has_failed() -> None:
    reading: Reading[int] = Reading()
    reading.cut("no answer")
    assert reading.listing() == Listing(failed="no answer")


def test_what_is_wrong_with_the_program_itself_is_not_swallowed() -> None:
    reading: Reading[int] = Reading()
    with pytest.raises(NameError), reading.may_cut():
        raise NameError("a mistake of ours")


def test_a_session_is_told_to_send_once_and_to_wait_so_long_even_if_told_twice() -> None:
    session = requests.Session()
    limit_time(session, 3.0)
    limit_time(session, 5.0)
    forbid_resends(session, "a client")
    adapter = session.get_adapter("https://a.example/")
    assert (
        isinstance(adapter, TimeLimit) and not isinstance(adapter.inner, TimeLimit) and adapter.seconds == 3.0
    )
    assert session.max_redirects == 0


def test_p3_a_session_that_retries_below_its_time_limit_is_refused() -> None:
    session = requests.Session()
    session.mount("https://a.example", requests.adapters.HTTPAdapter(max_retries=2))
    limit_time(session)
    with pytest.raises(ResendsError, match="a.example"):
        forbid_resends(session, "a client")


def test_a_connection_that_was_never_made_is_told_from_one_that_broke() -> None:
    session = requests.Session()
    session.mount("https://", Transport(lambda _: (200, None), faults={"GET": [Unreachable()]}))
    with pytest.raises(requests.ConnectionError) as caught:
        session.get("https://a.example/")
    assert never_connected(caught.value)
    assert not never_connected(requests.ConnectionError("Connection aborted."))
    assert not never_connected(requests.ReadTimeout("it took too long"))


def test_a_refused_connection_of_the_real_library_was_never_made() -> None:
    session = requests.Session()
    with pytest.raises(requests.ConnectionError) as caught:
        # Nobody listens on the discard port of this machine.
        session.get("http://127.0.0.1:9/", timeout=timedelta(seconds=5).total_seconds())
    assert never_connected(caught.value)
