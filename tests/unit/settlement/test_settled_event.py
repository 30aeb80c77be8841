"""What the settlement processor puts into `order_settled`, and what it refuses to read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec import structs

from pipeline.domain.orders import CLIENTS
from pipeline.engines.inline import InlineEngine
from pipeline.errors import PoisonRecordError, PositionHoleError
from pipeline.log import topics
from pipeline.log.codec import decode as decode_event
from pipeline.log.envelope import from_headers
from pipeline.processors.settlement.processor import SETTLEMENT, decode
from pipeline.testing.clocks import HandClock
from pipeline.testing.orders import TERMS, intent, record, records, settled_hint, settled_record, shown, tx
from schemas.events import OrderSettled, OrderUpdated


def engine() -> InlineEngine:  # type: ignore[type-arg]
    """Return a fresh in-memory engine."""
    return InlineEngine(SETTLEMENT, HandClock())


def test_a_settlement_says_what_the_venue_said() -> None:
    """Terms are carried in the venue's own spelling, with side, hash, digests and parties, under the intent's key."""
    event = settled_record(terms={"fx_rate": "149.50", "target_amount": "1000.500"}, sender_party_id="bank-a")
    (out,) = engine().run(records([event]))
    said = decode_event(out.value, OrderSettled)
    assert out.envelope.kind is topics.ORDER_SETTLED
    assert out.key == intent(1)
    assert (said.fx_rate, said.target_amount, said.sender_party_id) == ("149.50", "1000.500", "bank-a")
    assert (said.transaction_hash, said.side, said.document_sha256) == (tx(1), "sender", event.document_sha256)
    assert out.envelope.causation_id == from_headers(record(event, 0).headers).id


def test_the_id_of_a_settlement_follows_from_what_it_says() -> None:
    """Two engines that see the same settlement in other notation and order give it one id; another hash has another."""
    (one,) = engine().run(records([settled_record()]))
    (other,) = engine().run(records([settled_hint(), settled_record(terms={"target_amount": "1000.50"}, origin="list", seconds=9)]))
    (third,) = engine().run(records([settled_record(1, 2)]))
    assert one.envelope.id == other.envelope.id
    assert third.envelope.id != one.envelope.id


def test_the_first_sign_is_the_hint() -> None:
    """`observed_at` is the time of the hint, also when the record came long after and names it only as `hinted_at`."""
    hinted = settled_hint(seconds=1)
    late = settled_record(seconds=30)
    (out,) = engine().run(records([hinted, late]))
    assert decode_event(out.value, OrderSettled).observed_at == hinted.observed.observed_at
    observed = late.observed.model_copy(update={"hinted_at": hinted.observed.observed_at})
    (out,) = engine().run(records([late.model_copy(update={"observed": observed})]))
    assert decode_event(out.value, OrderSettled).observed_at == hinted.observed.observed_at


@pytest.mark.parametrize("lacking", ["settled_at", "source_amount_actual", "target_amount"])
def test_an_old_settlement_is_not_said_again_by_half(lacking: str) -> None:
    """A record of after the upgrade that lacks a term teaches what it says; only a whole one says the settlement again."""
    old = settled_record()
    run = engine()
    run.run([record(old, 0)])
    (key,) = run.states
    state = json.loads(run.states[key])
    state.pop("terms_version")
    state["booked"]["stated"] = {name: value for name, value in state["booked"]["stated"].items() if name not in CLIENTS}
    upgraded = InlineEngine(SETTLEMENT, HandClock(), states={key: json.dumps(state)})
    assert upgraded.run([record(old.model_copy(update={lacking: None}), 0)]) == []
    (again,) = upgraded.run([record(old, 1)])
    assert decode_event(again.value, OrderSettled).sender_party_id == old.sender_party_id


def test_the_state_holds_what_the_list_of_orders_shows() -> None:
    """The stored state names venue, intent, status, side and both times as the command line prints them."""
    runner = engine()
    runner.run(records([shown("PENDING", side=None, seconds=0), shown("EXECUTING", seconds=2), settled_record(seconds=4)]))
    state = json.loads(runner.states[f"tokyo/{intent(1)}"])
    assert {name: state[name] for name in ("venue", "intent_id", "status", "side", "first_seen_at", "updated_at")} == {
        "venue": "tokyo",
        "intent_id": intent(1),
        "status": "SETTLED",
        "side": "sender",
        "first_seen_at": "2025-03-15T09:00:00.000000Z",
        "updated_at": "2025-03-15T09:00:04.000000Z",
    }


def test_a_conflict_after_the_booking_is_alarmed_even_when_it_takes_us_off_the_order() -> None:
    """A booked order whose record suddenly names other custodians, so that we are on neither side, is a conflict and no silence."""
    runner = engine()
    changed = settled_record(terms={"sender_custodian_party_id": "x", "receiver_custodian_party_id": "y"}, side="none")
    _, alarm = runner.run(records([settled_record(), changed]))
    said = json.loads(alarm.value)
    assert (said["kind"], said["severity"]) == ("settlement_conflict", "critical")
    assert said["detail"]["booked.sender_custodian_party_id"] == TERMS["sender_custodian_party_id"]
    assert said["detail"]["other.sender_custodian_party_id"] == "x"


def test_the_rate_is_learned_from_later_documents() -> None:
    """A rate that only later documents state is held against those after them."""
    runner = engine()
    rates = [settled_record(terms={"fx_rate": rate}) for rate in ("149.5", "149.50", "151")]
    outs = runner.run(records([settled_record(), *rates]))
    assert [json.loads(out.value).get("kind") for out in outs] == [None, "settlement_conflict"]


GOLDEN = json.loads((Path(__file__).parent / "golden" / "terms_version_1.json").read_text())
"""What the release wrote that knew no clients among the terms: events, what came of them, the states; recorded from it."""
OLD = sorted(name for name in GOLDEN if not name.startswith("_"))


def begun(name: str) -> tuple[InlineEngine, list[OrderUpdated]]:  # type: ignore[type-arg]
    """Return an engine that goes on with an old state, and what that release was shown."""
    old = GOLDEN[name]
    return InlineEngine(SETTLEMENT, HandClock(), states={old["key"]: json.dumps(old["state"])}), [
        OrderUpdated.model_validate(event) for event in old["shown"]
    ]


@pytest.mark.parametrize("name", [name for name in OLD if name != "on neither side"])
def test_an_old_state_goes_on_without_a_new_alarm(name: str) -> None:
    """What an older release saw, seen again, raises nothing and settles nothing anew; a booking keeps its id and digest."""
    runner, shown_before = begun(name)
    outs = runner.run(records(shown_before))
    first = {one["ce_id"]: one for one in GOLDEN[name]["emitted"]}
    assert {out.envelope.kind for out in outs} <= {topics.ORDER_SETTLED}
    assert {out.envelope.id for out in outs} <= first.keys()
    assert len(outs) <= 1
    booked, before = (
        json.loads(state).get("booked", {}) for state in (runner.states[GOLDEN[name]["key"]], json.dumps(GOLDEN[name]["state"]))
    )
    assert (booked.get("terms_sha256"), booked.get("transaction_hash")) == (before.get("terms_sha256"), before.get("transaction_hash"))


def test_an_old_booking_is_taught_its_client_and_says_so_once() -> None:
    """The first record says it again under the old id with a digest that covers the client; hints and repetitions teach nothing."""
    runner, (hint, record_) = begun("booked for a client")
    named_by_hint = record_.model_copy(update={"observed": hint.observed, "sender_party_id": "bank-x"})
    assert runner.run(records([named_by_hint])) == []
    (again,) = runner.run(records([record_, record_, named_by_hint], start=1))[:1]
    (emitted,) = GOLDEN["booked for a client"]["emitted"]
    said = json.loads(again.value)
    assert again.envelope.id == emitted["ce_id"]
    assert said | {"terms_sha256": ""} == emitted["value"] | {"terms_sha256": "", "observed_at": said["observed_at"]}
    assert said["terms_sha256"] != emitted["value"]["terms_sha256"]
    (alarm,) = runner.run(records([record_, named_by_hint.model_copy(update={"sender_party_id": "bank-y"})], start=4))
    assert json.loads(alarm.value)["detail"]["booked.sender_party_id"] == "bank-a"


def test_an_old_state_on_neither_side_is_booked_when_it_is_ours() -> None:
    """What an older release ignored is booked once when it is shown again with our side, and alarmed when it is shown again without."""
    runner, (ignored,) = begun("on neither side")
    (alarm, settled, *more) = runner.run(records([ignored, ignored.model_copy(update={"side": "receiver"}), ignored]))
    assert json.loads(alarm.value)["kind"] == "settlement_not_ours"
    assert (settled.envelope.kind, more) == (topics.ORDER_SETTLED, [])
    assert json.loads(settled.value)["side"] == "receiver"


def test_a_contradiction_known_before_is_the_same_alarm() -> None:
    """The mark of a conflict that an older release noted still keeps it from being raised again, whatever clients the document names."""
    runner, events = begun("contradicted")
    assert all(out.envelope.kind is topics.ORDER_SETTLED for out in runner.run(records(events[1:] * 2)))


@pytest.mark.parametrize("side", ["sender", "receiver", "both"])
def test_a_hint_that_does_not_name_our_client_books_nothing(side: str) -> None:
    """A hint on full terms waits for the record while it does not name the client of each side of ours; the other side's is not needed."""
    ours = {"sender": ["sender_party_id"], "receiver": ["receiver_party_id"], "both": ["sender_party_id", "receiver_party_id"]}[side]
    for name in ("sender_party_id", "receiver_party_id"):
        hint = settled_record(side=side, origin="stream").model_copy(update={name: None})
        assert bool(engine().run(records([hint]))) == (name not in ours)


def test_a_record_for_nobody_says_what_nobody_could_read() -> None:
    """The alarm is critical and names what is missing and what was left out, and the document by its digest."""
    bare = settled_record(left_out=("sender_party_id",)).model_copy(update={"sender_party_id": None})
    settled, alarm = engine().run(records([bare]))
    said = json.loads(alarm.value)
    assert (said["kind"], said["severity"], said["subject"]) == ("settlement_unattributed", "critical", intent(1))
    assert said["detail"] == {
        "missing": "sender_party_id",
        "left_out": "sender_party_id",
        "transaction_hash": tx(1),
        "origin": "read",
        "document_sha256": bare.document_sha256,
    }
    assert "sender_party_id" not in json.loads(settled.value)


def test_a_client_named_later_contradicts_the_booking_for_nobody() -> None:
    """It is a conflict that names the client, raised once, and nothing is booked a second time; an earlier hint's client is one, too."""
    bare = settled_record().model_copy(update={"sender_party_id": None})
    settled, _, conflict = engine().run(records([bare, settled_record(), settled_record()]))
    assert settled.envelope.kind is topics.ORDER_SETTLED
    detail = json.loads(conflict.value)["detail"]
    assert (detail["booked.sender_party_id"], detail["other.sender_party_id"]) == ("unattributed", "bank-a")
    hint = settled_hint(sender_party_id="bank-h")
    kinds = [json.loads(out.value).get("kind") for out in engine().run(records([hint, bare]))]
    assert kinds == [None, "settlement_unattributed", "settlement_conflict"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"value": b"{"}, "not a OrderUpdated"),
        ({"headers": []}, "no header ce_type"),
        ({"key": b"another"}, "not its intent id"),
        ({"key": None}, "not its intent id"),
        ({"value": settled_record().model_copy(update={"status": "A\x00B"}).model_dump_json(exclude_none=True).encode()}, "control char"),
    ],
)
def test_what_is_no_order_is_poison(change: dict[str, object], reason: str) -> None:
    """A record that can never be read raises PoisonRecordError with its reason, and the engine makes a dead letter of it."""
    broken = structs.replace(record(settled_record(), 0), **change)
    with pytest.raises(PoisonRecordError, match=reason):
        decode(broken)
    first, second = engine().run([broken, record(settled_record(), 1)])
    assert (first.envelope.kind, second.envelope.kind) == (topics.DEAD_LETTER, topics.ORDER_SETTLED)
    assert reason in json.loads(first.value)["reason"]


def test_the_in_memory_engine_guards_positions() -> None:
    """A skipped offset raises PositionHoleError, a repeated one does nothing."""
    runner = engine()
    runner.run(records([settled_record()]))
    assert runner.run(records([settled_record(1, 2)])) == []
    with pytest.raises(PositionHoleError):
        runner.run([record(settled_record(), 5)])
