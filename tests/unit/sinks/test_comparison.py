"""What is a difference between the live books and rebuilt ones, and what is the same entry booked from another copy of its event."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sinks.accounting_ledger.comparison import BothEntries, verdict_of

ENTRY: dict[str, Any] = {
    "target_amount": "7",
    "observed_at": "2026-03-01T09:00:00+00:00",
    "source": {"topic": "t", "partition": 0, "offset": 3},
}
ELSEWHERE = {"topic": "t", "epoch": 2, "partition": 0, "offset": 0}
LATER = "2026-03-02T09:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"source": ELSEWHERE}, "identical"),
        ({"source": ELSEWHERE, "observed_at": LATER}, "identical"),
        ({"observed_at": LATER}, "differs"),
        ({"source": ELSEWHERE, "target_amount": "8"}, "differs"),
    ],
    ids=["another copy", "made again from a later look", "one record, two looks", "another amount"],
)
def test_another_copy_of_an_event_is_no_difference(changes: dict[str, Any], verdict: str) -> None:
    """Where the record is another one, so may be when its document was looked at; nothing else may."""
    both = BothEntries(entry_id="e", live=ENTRY, rebuilt={**ENTRY, **changes})
    assert verdict_of(both)[0] == verdict
