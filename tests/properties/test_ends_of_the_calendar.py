"""Whoever writes a time writes "unset" or "never" some day: at both ends of the calendar everything goes on, and nothing is accepted by it.

Go and .NET write 0001-01-01T00:00:00Z for an unset time, many programs 9999-12-31T23:59:59Z for "never".
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.accounting_ledger.rows import settlement_of
from connectors.sinks.compliance_archive.rows import row_of
from pipeline.commands import decide as calls
from pipeline.commands.command import Claim
from pipeline.commands.sink import CommandSink
from pipeline.decisions.sink import read_record
from pipeline.domain.accepting import Look, OrderSeen, VenueTime
from pipeline.domain.moments import EARLIEST, LATEST, is_moment
from pipeline.engines.inline import InlineEngine
from pipeline.errors import PoisonRecordError
from pipeline.log import topics
from pipeline.log.envelope import Record, moment, parse_time
from pipeline.policy.checks.catalogue import CHECKS
from pipeline.policy.file import example_of
from pipeline.ports import Transaction
from pipeline.processors.risk.processor import RISK
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.testing import questions
from pipeline.testing.clocks import HandClock
from pipeline.testing.orders import TERMS, records, shown, tx
from tests.integration.sink_room import settled
from tests.unit.commands import test_decide as commands
from tests.unit.commands.test_sink import Journal
from tests.unit.commands.test_sink import record as issued
from tests.unit.sinks.test_ledger_rows import record_of
from tests.unit.workflow.scene import Scene, compliance, decision, order, quote, rate

ENDS = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00.000001Z",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999999Z",
)
ends = st.sampled_from(ENDS)
maybe = st.sampled_from([None, None, *ENDS])
zoned = st.sampled_from(["0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00"])


@given(text=ends | zoned)
def test_an_end_of_the_calendar_is_no_moment(text: str) -> None:
    """It is read as not stated, and where a time has to be stated it is refused by name."""
    assert moment(text, "expires_at") is None
    with pytest.raises(PoisonRecordError, match="expires_at lies beyond every time that can be meant"):
        parse_time(text, "expires_at")


@given(at=st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - the strategy puts the zone on
def test_what_lies_between_is_read_exactly(at: datetime) -> None:
    """Between the bounds a time is what it was before there were bounds."""
    assert parse_time(at.isoformat(), "settled_at") == at


@given(created=maybe, expires=maybe, valid=ends, noted=maybe)
def test_a_workflow_goes_on_and_co_signs_no_such_quote(created: str | None, expires: str | None, valid: str, noted: str | None) -> None:
    """The order is asked about with what it states; a quote whose end is none is never commanded; every time that is waited for is one."""
    scene = Scene()
    times = {name: text for name, text in (("created_at", created), ("expires_at", expires)) if text is not None}
    asked = scene.hears(order(**times), compliance(kyc_expires_at=valid), rate())  # type: ignore[arg-type]
    asked += scene.at(1.1)
    (request,) = [said for said in asked if said["_kind"] == "decision-requested"]
    assert not set(request["context"]) & set(times)
    commands_ = [said for said in scene.hears(decision(request, "ACCEPT")) if said["_kind"] == "command-issued"]
    assert len(commands_) == 1
    said = scene.hears(quote("q1").model_copy(update={"valid_until": noted or valid}))
    for seconds in (20, 100, 400):
        said += scene.at(seconds)
        assert scene.engine.due_at is None or is_moment(scene.engine.due_at)
    assert not [one for one in said if one["_kind"] in ("decision-requested", "command-issued") and one.get("quote_id") == "q1"]
    assert scene.restarted().at(500) == []


@given(name=st.sampled_from(["created_at", "expires_at"]), text=ends, held=ends)
def test_a_workflow_that_remembers_such_a_time_goes_on(name: str, text: str, held: str) -> None:
    """States of before hold whatever was read then: they are read as if it had not been stated."""
    scene = Scene()
    scene.hears(order(), rate(), quote("q1", seconds=0.5))
    ((key, stored),) = scene.engine.states.items()
    state = json.loads(stored)
    state["order"][name] = text
    state["quotes"][0]["valid_until"] = held
    state["rates"]["desk"]["quoted_at"] = held
    scene = Scene(states={key: json.dumps(state)})
    scene.hears(rate("112.5"), compliance(), quote("q2", "112.1", seconds=1.0))
    for seconds in (2, 20, 400):
        scene.at(seconds)
    assert scene.state().rates["desk"]["rate"] == "112.5"


@given(text=ends, name=st.sampled_from(["settled_at", "created_at", "expires_at", "quote_valid_until"]))
def test_settlement_goes_on(text: str, name: str) -> None:
    """A settlement without a time that can be meant is a dead letter; other times are no matter of a settlement."""
    engine = InlineEngine(SETTLEMENT, HandClock())
    strange = shown(terms=TERMS, transaction_hash=tx(1)).model_copy(update={name: text})
    out = engine.run(records([strange, shown(order=2, terms=TERMS, transaction_hash=tx(2))]))
    kinds = [one.envelope.kind for one in out]
    assert kinds == [topics.DEAD_LETTER if name == "settled_at" else topics.ORDER_SETTLED, topics.ORDER_SETTLED]


@given(
    stated=st.fixed_dictionaries({"created_at": ends, "expires_at": ends}),
    check=st.sampled_from(sorted(CHECKS)),
    valid=ends,
    seen=ends,
    quoted=ends,
    screened=ends,
)
def test_risk_answers_whatever_times_are_stated(
    stated: dict[str, Any], check: str, valid: str, seen: str, quoted: str, screened: str
) -> None:
    """Every check of the catalogue answers; an unset end is over, and evidence of no time that can be meant is not fresh."""
    rule = CHECKS[check]
    evidence = questions.COMPLIANCE.model_copy(
        update={"sanctions_screened_at": screened, "kyc_expires_at": screened, "pep_checked_at": screened}
    )
    shown_quotes = [questions.quote(1, valid_until=valid, first_seen_at=seen), questions.quote(2)]
    rates = (questions.RATES[0].model_copy(update={"quoted_at": quoted}),)
    for asked in rule.questions:
        engine = questions.engine(questions.rule(check, example_of(rule)[1:-1], on=asked, otherwise="REFER"))
        request = questions.question(
            asked, quotes=shown_quotes if asked == "co_sign_quote" else (), rates=rates, compliance=evidence, **stated
        )
        RISK.decode(questions.record(request, topics.DECISION_REQUESTED))
        answer = engine.decide(request, {}, questions.NOW)
        assert answer.quote_id != questions.quote(1).quote_id or valid.startswith("9999")
        if check in ("rate_within", "peg_band", "sanctions_status"):
            assert answer.verdict != "ACCEPT"


@given(text=ends, name=st.sampled_from(["settled_at", "observed_at"]))
def test_the_ledger_refuses_it_by_name(text: str, name: str) -> None:
    """What is booked happened at a time that can be meant."""
    with pytest.raises(PoisonRecordError, match=name):
        settlement_of(record_of(settled(1, **{name: text})))


@given(timestamp_ms=st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-1, 0, 1_742_029_200_000_000, 1_742_029_200]))
def test_the_archive_keeps_a_record_of_any_timestamp(timestamp_ms: int) -> None:
    """Microseconds, seconds, -1 and what else a producer writes: `produced_at` is a moment to the millisecond, or absent."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    at = row_of(Record(topic="t", partition=0, offset=0, key=None, value=b"", headers=[], timestamp_ms=timestamp_ms), 1, now)[3]
    assert at is None or (is_moment(at) and (at - EARLIEST) // timedelta(milliseconds=1) + 946_684_800_000 == timestamp_ms)
    assert (at is None) == (not 946_684_800_000 <= timestamp_ms < LATEST.timestamp() * 1000)


@given(text=ends, name=st.sampled_from(["not_after", "issued_at"]))
def test_a_command_of_no_such_time_is_refused_and_the_next_is_journalled(text: str, name: str) -> None:
    """Nobody can keep an end that cannot be meant."""
    journal = Journal()
    transaction: Transaction = journal
    written = CommandSink(journal).write(transaction, [issued(0, **{name: text}), issued(1)], datetime(2025, 3, 15, 9, tzinfo=UTC))
    assert [refusal.record.offset for refusal in written.refused] == [0]
    assert name in written.refused[0].reason
    assert len(journal.written) == 1


edges = st.sampled_from([datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), EARLIEST, LATEST, commands.NOW])


@given(not_after=edges, issued_at=edges, valid=edges, expires=edges | st.none(), last=st.just(commands.NOW) | st.none())
def test_commands_of_a_journal_of_before_come_to_an_end(
    not_after: datetime, issued_at: datetime, valid: datetime, expires: datetime | None, last: datetime | None
) -> None:
    """Whatever ends were journalled before times were bounded, a step follows."""
    order_ = commands.command(not_after=not_after, issued_at=issued_at)
    claim = Claim(order=order_, epoch=1, attempts=1, calls_open=1, last_call_at=last, looks=3, quote_valid_until=valid, first_sent_at=last)
    seen = OrderSeen(
        status="PENDING",
        side="sender",
        source_currency="JPYSC0",
        target_currency="USDCx",
        target_amount=Decimal(100_000),
        source_amount_max=Decimal(12_000_000),
        expires_at=expires,
    )
    look = Look(order=seen, quotes=(), at=commands.NOW)
    time = VenueTime(earliest=commands.NOW, latest=commands.NOW, resolved=True)
    for unreadable in (None, "no JSON"):
        shown_ = Look(order=None if unreadable else seen, quotes=(), at=look.at, unreadable=unreadable)
        assert calls.ready(order_, shown_, time) is not None
        assert calls.resolve(claim, shown_, time) is not None


@given(text=ends, name=st.sampled_from(["requested_at", "decide_by"]))
def test_a_question_of_no_such_time_is_refused_by_name(text: str, name: str) -> None:
    """Nobody can be asked until a time that cannot be meant."""
    request = questions.question().model_copy(update={name: text})
    with pytest.raises(PoisonRecordError, match=name):
        read_record(questions.record(request, topics.DECISION_REQUESTED))
