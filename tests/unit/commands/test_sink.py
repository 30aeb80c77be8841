"""Records of commands on their way into the journal: what is refused, and that the rest of the batch goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from pipeline.commands.command import Order
from pipeline.commands.sink import CommandSink
from pipeline.log.envelope import Record
from pipeline.ports import Transaction

NOW = datetime(2025, 3, 15, 9, tzinfo=UTC)
ISSUED: dict[str, Any] = {
    "command_id": "c-1",
    "venue": "tokyo",
    "intent_id": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "kind": "co_sign_quote",
    "quote_id": "A1b2c3d4-e5f6-4890-8bcd-ef0123456789",
    "decision_id": "d-1",
    "mode": "live",
    "not_after": "2025-03-15T09:00:30Z",
    "source_currency": "JPYSC0",
    "target_currency": "USDCx",
    "target_amount": "100000",
    "fx_rate": "112.0",
    "issued_at": "2025-03-15T09:00:00Z",
}


def record(offset: int, **changed: Any) -> Record:
    """Return a command as a record; None leaves a field out."""
    document = {name: value for name, value in {**ISSUED, **changed}.items() if value is not None}
    value = json.dumps(document).encode()
    return Record(topic="custody.command-issued.v1", partition=0, offset=offset, key=b"k", value=value, headers=[("ce_id", b"ce-1")])


class Journal:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written: list[Order] = []

    def __call__(self, transaction: Transaction, order: Order, now: datetime) -> Literal["journalled", "repeated", "refused"]:
        """Keep it."""
        self.written.append(order)
        return "journalled"

    def execute(self, query: Any, params: Any = None) -> Any:
        """Stand for a transaction that nobody uses."""
        raise AssertionError("the sink has no statements of its own")

    def cursor(self) -> Any:
        """Stand for a transaction that nobody uses."""
        raise AssertionError("the sink has no statements of its own")


def test_a_command_is_read_by_value() -> None:
    """Ids are canonical, amounts exact, times aware, and the record's id is the cause of what follows."""
    journal = Journal()
    written = CommandSink(journal).write(journal, [record(0)], NOW)
    (order,) = journal.written
    assert (order.quote_id, str(order.fx_rate), order.shadow, order.causation_id) == (ISSUED["quote_id"].lower(), "112.0", False, "ce-1")
    assert order.not_after == datetime(2025, 3, 15, 9, 0, 30, tzinfo=UTC)
    assert (written.counts, list(written.refused)) == ({"journalled": 1}, [])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"quote_id": None}, "a co-signature without"),
        ({"fx_rate": None}, "a co-signature without"),
        ({"kind": "accept_proposal"}, "names a quote"),
        ({"intent_id": "../x"}, "intent id"),
        ({"quote_id": "q-1"}, "quote id"),
        ({"venue": "to\u0000kyo"}, "venue"),
        ({"command_id": "c\u0000"}, "command_id"),
        ({"target_amount": "0"}, "target_amount"),
        ({"target_amount": "-1"}, "target_amount"),
        ({"not_after": "2025-13-15T09:00:30Z"}, "not_after"),
        ({"kind": "cancel"}, "kind"),
        ({"mode": "dry"}, "mode"),
    ],
)
def test_a_command_that_nobody_can_carry_out_is_refused_alone(changed: dict[str, Any], reason: str) -> None:
    """A malformed command becomes a refusal that says why; those before and after it are journalled."""
    journal = Journal()
    woken: list[bool] = []
    sink = CommandSink(journal, wake=lambda: woken.append(True))
    written = sink.write(journal, [record(0), record(1, **changed), record(2)], NOW)
    (refusal,) = written.refused
    assert refusal.record.offset == 1
    assert reason in refusal.reason
    assert len(journal.written) == 2
    assert written.after_commit is not None
    assert woken == []
    written.after_commit(NOW)
    assert woken == [True]
