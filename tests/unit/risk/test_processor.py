"""The risk processor: what it reads, what it publishes, and how what was accepted is given back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.errors import FatalError, PoisonRecordError
from pipeline.log import topics
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import correlation_of
from pipeline.policy.book import Book
from pipeline.policy.counters import exposure_of
from pipeline.processors.risk.decide import Answered, Counted, decide
from pipeline.processors.risk.events import NothingToDo, OrderEnded, QuestionAsked, RiskEvent
from pipeline.processors.risk.processor import RISK
from pipeline.processors.risk.settle import settle
from pipeline.processors.risk.state import RiskState
from pipeline.testing.orders import settled_record, shown
from pipeline.testing.questions import NOW, engine, intent, question, quote, record, rule
from schemas.accepting import CommandCompleted, DecisionMade, DecisionRequested
from schemas.events import Event

ENGINE = engine(
    rule("exposure_at_most", 'side = "source_max", currency = "JPYSC0", limit = "20000000"', otherwise="REFER", name="exposure"),
    rule("pairs_allowed", 'pairs = ["JPYSC0/USDCx"]', on="co_sign_quote", name="pairs"),
)
EXPOSED = exposure_of("source", "JPYSC0", "venue", "")
BY_MAKER = exposure_of("source", "JPYSC0", "market_maker", "MarketMaker1::7de1f00c3d9")


def read(event: Event, kind: topics.EventType) -> RiskEvent:
    """Return an event as the processor reads it out of a record."""
    return RISK.decode(record(event, kind)).event


def answer(book: Book, request: DecisionRequested) -> DecisionMade:
    """Let a question be answered and return the decision as published."""
    (event,) = settle(ENGINE, book, [read(request, topics.DECISION_REQUESTED)], lambda: NOW)
    (fact,) = decide(RiskState(), event, NOW)
    output = RISK.emit(fact)
    assert output is not None
    return decode(output.value, DecisionMade)


def apply(book: Book, event: Event, kind: topics.EventType) -> str:
    """Let an event take effect and return what was counted."""
    (settled,) = settle(ENGINE, book, [read(event, kind)], lambda: NOW)
    (fact,) = decide(RiskState(), settled, NOW)
    return RISK.outcome(fact)


def completed(made: DecisionMade, outcome: Any) -> CommandCompleted:
    """Return what became of a decision's command."""
    return CommandCompleted(
        command_id="command",
        venue=made.venue,
        intent_id=made.intent_id,
        kind=made.question,
        quote_id=made.quote_id,
        decision_id=made.decision_id,
        outcome=outcome,
        attempts=1,
        completed_at=made.decided_at,
    )


def approval(made: DecisionMade) -> DecisionMade:
    """Return people's yes to a referral."""
    return made.model_copy(update={"decision_id": "by people", "verdict": "ACCEPT", "refers_to": made.decision_id, "rules": ()})


def exposed(book: Book) -> Decimal:
    """Return what is accepted and has not come to an end."""
    return Decimal(book.read("tokyo", "nobody", [EXPOSED], NOW)[EXPOSED.key])


def test_a_question_is_answered_once_and_by_the_decisions_own_id() -> None:
    """The answer names what caused it, shares the question's correlation, and is counted when the question comes again."""
    asked = read(question(), topics.DECISION_REQUESTED)
    (event,) = settle(ENGINE, Book(), [asked], lambda: NOW)
    (fact,) = decide(RiskState(), event, NOW)
    output = RISK.emit(fact)
    assert output is not None
    assert isinstance(asked, QuestionAsked)
    made = decode(output.value, DecisionMade)
    assert (output.envelope.id, output.key) == (made.decision_id, intent(1))
    assert output.envelope.causation_id == asked.cause
    assert output.envelope.correlation_id == correlation_of("tokyo", intent(1))
    state = RISK.restore(RISK.store(RISK.evolve(RiskState(), fact)))
    assert decide(state, event, NOW) == (Counted("repeated"),)


def test_the_same_request_about_another_context_is_another_question() -> None:
    """After a crash the workflow may know more under the same request id: that is answered for itself."""
    book = Book()
    first, second = question(), question(receiver_party_id="Other::1")
    assert first.request_id == second.request_id
    one, other = answer(book, first), answer(book, second)
    assert one.decision_id != other.decision_id
    assert other.context_sha256 == second.context_sha256
    assert encode(answer(book, first)) == encode(one)
    assert exposed(book) == Decimal(12_000_000)


def test_an_unsettled_question_stops_the_worker() -> None:
    """An engine that forgets to settle is found out at the first question, before anything is published."""
    with pytest.raises(FatalError, match="settle"):
        decide(RiskState(), read(question(), topics.DECISION_REQUESTED), NOW)


def test_an_accept_is_reserved_released_by_a_refusal_and_reserved_again() -> None:
    """A refused or expired accept gives back what it reserved; an unknown outcome gives back nothing."""
    book = Book()
    made = answer(book, question())
    assert (made.verdict, exposed(book)) == ("ACCEPT", Decimal(12_000_000))
    assert answer(book, question(order=2)).verdict == "REFER"
    for outcome in ("unknown", "succeeded", "shadowed"):
        assert apply(book, completed(made, outcome), topics.COMMAND_COMPLETED) == "command_seen"
    assert exposed(book) == Decimal(12_000_000)
    assert apply(book, completed(made, "refused"), topics.COMMAND_COMPLETED) == "released"
    assert exposed(book) == 0
    again = answer(book, question(round=2))
    assert (again.verdict, exposed(book)) == ("ACCEPT", Decimal(12_000_000))
    # The refusal of the first accept, read once more, is not one of the second.
    assert apply(book, completed(made, "refused"), topics.COMMAND_COMPLETED) == "nothing_to_release"
    assert exposed(book) == Decimal(12_000_000)


def test_a_co_signature_counts_its_exact_amount_and_its_refusal_only_takes_that_back() -> None:
    """Between accept and co-signature the maximum counts, then what the quote costs; a refused co-signature leaves the accept."""
    book = Book()
    answer(book, question())
    signed = answer(book, question("co_sign_quote", quotes=[quote(1, "111")]))
    assert (signed.verdict, exposed(book)) == ("ACCEPT", Decimal(11_100_000))
    assert book.read("tokyo", "nobody", [BY_MAKER], NOW) == {BY_MAKER.key: "11100000"}
    assert apply(book, completed(signed, "expired"), topics.COMMAND_COMPLETED) == "released"
    assert exposed(book) == Decimal(12_000_000)
    assert book.read("tokyo", "nobody", [BY_MAKER], NOW) == {BY_MAKER.key: "0"}


@pytest.mark.parametrize(
    ("status", "counted"), [("SETTLED", "converted"), ("FAILED", "ended"), ("EXPIRED", "ended"), ("WITHDRAWN", "ended")]
)
def test_the_end_of_an_order_takes_it_out_of_the_exposure(status: str, counted: str) -> None:
    """Settled, failed, expired or withdrawn: nothing is exposed, and a question that comes later is rejected."""
    book = Book()
    answer(book, question())
    update = settled_record(intent(1)) if status == "SETTLED" else shown(status, order=intent(1))
    update = update.model_copy(update={"venue": "tokyo"})
    assert apply(book, update, topics.ORDER_UPDATED) == counted
    assert exposed(book) == 0
    assert apply(book, update, topics.ORDER_UPDATED) == "ended_before"
    assert answer(book, question(round=2)).verdict == "REJECT"


@pytest.mark.parametrize("status", ["FAILED", "SETTLED"])
def test_a_status_that_nobody_knows_gives_nothing_back(status: str) -> None:
    """What was accepted counts on, and no question is accepted any more; the status that we know, after it, takes it out."""
    book = Book()
    answer(book, question())
    assert apply(book, shown("STRANGE", order=intent(1)).model_copy(update={"venue": "tokyo"}), topics.ORDER_UPDATED) == "ended_before"
    assert exposed(book) == Decimal(12_000_000)
    assert answer(book, question(round=2)).verdict == "REJECT"
    update = settled_record(intent(1)) if status == "SETTLED" else shown(status, order=intent(1))
    apply(book, update.model_copy(update={"venue": "tokyo"}), topics.ORDER_UPDATED)
    assert exposed(book) == 0


def test_what_people_approve_is_reserved_once_and_not_after_its_refusal() -> None:
    """An approval reserves whatever the limit says; news in the wrong order reserves nothing that was refused already."""
    book = Book()
    answer(book, question(order=1))
    referral = answer(book, question(order=2))
    assert (referral.verdict, exposed(book)) == ("REFER", Decimal(12_000_000))
    yes = approval(referral)
    assert apply(book, yes, topics.DECISION_MADE) == "approved"
    assert apply(book, yes, topics.DECISION_MADE) == "approved"
    assert exposed(book) == Decimal(24_000_000)
    third = answer(book, question(order=3))
    assert apply(book, completed(approval(third), "refused"), topics.COMMAND_COMPLETED) == "nothing_to_release"
    assert apply(book, approval(third), topics.DECISION_MADE) == "approval_without_order"
    assert exposed(book) == Decimal(24_000_000)


def test_own_answers_open_orders_and_orders_on_the_other_side_change_nothing() -> None:
    """What the processor reads only because it stands in its topics is counted and no more."""
    made = answer(Book(), question())
    for event, kind in (
        (made, topics.DECISION_MADE),
        (shown("EXECUTING", order=intent(1)), topics.ORDER_UPDATED),
        (settled_record(intent(1)).model_copy(update={"side": "receiver"}), topics.ORDER_UPDATED),
    ):
        found = read(event, kind)
        assert isinstance(found, NothingToDo)
        assert RISK.emit(decide(RiskState(), found, NOW)[0]) is None
    assert isinstance(read(settled_record(intent(1)), topics.ORDER_UPDATED), OrderEnded)


@pytest.mark.parametrize("kind", [topics.DECISION_REQUESTED, topics.DECISION_MADE, topics.COMMAND_COMPLETED])
def test_what_cannot_be_read_is_a_poison_record(kind: topics.EventType) -> None:
    """A malformed answer or question is dead-lettered, and so is one under another order's key."""
    good = record(question(), topics.DECISION_REQUESTED)
    with pytest.raises(PoisonRecordError):
        RISK.decode(record(shown("PENDING", order=intent(1)), kind))
    with pytest.raises(PoisonRecordError, match="key"):
        RISK.decode(replace(good, key=b"another"))


def test_every_question_in_a_batch_sees_the_accepts_before_it() -> None:
    """Two orders of one batch do not pass a limit together, and each is decided at its own time."""
    times = iter([NOW, NOW + timedelta(seconds=1)])
    batch = [read(question(order=order), topics.DECISION_REQUESTED) for order in (1, 2)]
    answers = [event.answer for event in settle(ENGINE, Book(), batch, lambda: next(times)) if isinstance(event, QuestionAsked)]
    assert [made.verdict for made in answers if made] == ["ACCEPT", "REFER"]
    assert len({made.decided_at for made in answers if made}) == 2
    facts = [decide(RiskState(), event, NOW)[0] for event in settle(ENGINE, Book(), batch, lambda: NOW)]
    assert all(isinstance(fact, Answered) for fact in facts)
