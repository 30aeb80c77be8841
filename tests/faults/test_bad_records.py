"""Records that no stage of ours wrote, or that it cannot book: dead-lettered, archived verbatim, and put back once repaired."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from tests.auditor import TOPICS, audit, letters, produce, until_done, until_quiet
from tests.rig import Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
HEADERS = {"ce_specversion": b"1.0", "ce_id": b"x", "ce_source": b"/x", "ce_subject": b"x", "ce_time": b"2026-01-01T00:00:00Z"}


def bad_records(kind: str) -> list[tuple[bytes, dict[str, bytes]]]:
    """Return values and headers that do not belong into the topic of a kind."""
    typed = {**HEADERS, "ce_type": f"custody.{kind}".encode()}
    return [
        (b'{"intent_id": ', {}),
        (b'{"intent_id": ', typed),
        (b"", typed),
        (b"\xff\xfe\x00", typed),
        (b"{}", {**HEADERS, "ce_type": b"custody.quote-received.v1"}),
        (b'{"venue": "tokyo", "intent_id": NaN}', typed),
        (b"[" * 2000 + b"]" * 2000, typed),
        (b'"' + b"x" * 300 * 1024 + b'"', typed),
    ]


def test_poison_records_in_the_topics_are_dead_lettered_and_the_partitions_go_on(make_rig: MakeRig) -> None:
    """Foreign and broken records in both consumed topics are dead-lettered with topic coordinates and archived; what follows is booked."""
    rig = make_rig(seed=71, rate=0)
    up = rig.up()
    rig.connected()
    rig.order(5)
    until_quiet(rig)
    sent = {}
    for topic in ("order-updated.v1", "order-settled.v1"):
        for number, (value, headers) in enumerate(bad_records(topic)):
            sent[produce(rig, topic, number % 3, value, key=b"nobody", headers=headers)] = value
    rig.order(15)
    until_quiet(rig)
    found = audit(rig, dead_letters=True)
    assert len(found.settled) == 20
    for (topic, partition, offset), value in sent.items():
        kept = letters(found, origin={"topic": topic, "partition": partition, "offset": offset})
        assert len(kept) == 1, f"{topic}[{partition}] {offset}: {value[:40]!r} has {len(kept)} dead letters"
        assert (kept[0]["sha256"], kept[0]["bytes"]) == (hashlib.sha256(value).hexdigest(), value)
        assert kept[0]["reason"]
    assert len(found.dead_letters) == len(sent)
    assert up.end() == 0
    assert not up.deaths()


def test_an_amount_beyond_the_scale_is_booked_after_the_scale_is_corrected_and_the_letter_requeued(make_rig: MakeRig) -> None:
    """Nothing is rounded: alarm and dead letter first; with the right scale the requeued letter is booked, once however often requeued."""
    rig = make_rig(seed=72, rate=0, scales={"JPYSC0": 2, "USDCx": 6})
    up = rig.up()
    rig.connected()
    fine = rig.order(2, side="receiver", source_currency="JPYSC0", target_currency="USDCx")
    beyond = rig.order(1, side="sender", source_currency="JPYSC0", target_currency="USDCx", target_amount="10.001", fx_rate="112.5")[0]
    until_quiet(rig, booked=False)
    eventually(lambda: len(rig.listed("dead-letters", "list")) == 1, within=30, what="the dead letter is archived")
    assert {intent for (intent,) in rig.rows("SELECT intent_id FROM accounting.journal")} == set(fine)
    (raised,) = rig.listed("alarms", "list")
    assert (raised["kind"], raised["subject"]) == ("amount_beyond_scale", beyond)
    (letter,) = rig.listed("dead-letters", "list")
    assert letter["origin"]["topic"] == rig.topic("order-settled.v1")
    assert up.end() == 0
    rig.write_settings(scales={"JPYSC0": 4, "USDCx": 6})
    up = rig.up()
    rig.connected()
    for again in ([], ["--again"], ["--again"]):
        rig.custodian("dead-letters", "requeue", *again, letter["dead_letter_id"])
    eventually(lambda: rig.booked() == 3, within=30, what="the requeued settlement is booked")
    until_done(rig)
    found = audit(rig, alarms=("amount_beyond_scale",), dead_letters=True)
    assert len(found.dead_letters) == 1
    assert up.end() == 0


def test_a_poison_frame_that_became_readable_is_booked_when_requeued(make_rig: MakeRig) -> None:
    """A dead letter of the stream goes through today's parser when requeued; one that still cannot be read is told with exit 1."""
    rig = make_rig(seed=73, rate=0)
    up = rig.up()
    rig.connected()
    rig.send(b'{"intentId": "6f0e0f5e-8c3b-4b7e-9a36-0c3d5d1f2a11", "status": NaN}')
    eventually(lambda: rig.listed("dead-letters", "list"), within=30, what="the dead letter is archived")
    (letter,) = rig.listed("dead-letters", "list")
    done = rig.listed("dead-letters", "requeue", letter["dead_letter_id"], expect=1)
    assert [outcome["outcome"] for outcome in done] == ["unreadable"]
    until_quiet(rig)
    audit(rig, dead_letters=True)
    assert up.end() == 0


def test_foreign_records_in_every_topic_are_archived_as_they_are_and_hide_nothing(make_rig: MakeRig) -> None:
    """Tombstones, undecodable headers, broken alarms and broken dead letters are archived verbatim; the lists go on without them."""
    rig = make_rig(seed=74, rate=0)
    up = rig.up()
    rig.connected()
    strange = {"ce_id": b"\xff\xfe", "ce_type": b"custody.alarm-raised.v1", "ce_subject": b"\x00", "\u00e9": b""}
    for topic in TOPICS:
        produce(rig, topic, 0, None)
        produce(rig, topic, 1, b"", key=b"\x00\xff", headers=strange)
        produce(rig, topic, 2, b'{"alarm_id": 1}', headers={**HEADERS, "ce_type": f"custody.{topic}".encode()})
    rig.order(3)
    until_quiet(rig)
    audit(rig, dead_letters=True, foreign=True)
    assert rig.listed("alarms", "list") == []
    places = {(letter["origin"]["topic"], letter["origin"]["partition"]) for letter in rig.listed("dead-letters", "list")}
    consumed = ("order-updated.v1", "order-settled.v1")
    assert places == {(rig.topic(topic), partition) for topic in consumed for partition in range(3)}
    assert len(rig.listed("archive", "records")) == rig.value("SELECT count(*) FROM archive.records")
    rig.custodian("archive", "verify")
    assert up.end() == 0
    assert not up.deaths()


def test_a_record_that_the_venue_broke_is_dead_lettered_and_booked_once_it_is_right_again(make_rig: MakeRig) -> None:
    """An order whose record states what nobody may book is dead-lettered once though listed again and again; put right, it is booked."""
    rig = make_rig(seed=75, rate=0)
    up = rig.up()
    rig.connected()
    rig.order(2)
    until_quiet(rig)
    rig.venue_post("faults", set={"drop": 1})
    wrong = [{"target_amount": "-1"}, {"fx_rate": 112.5}, {"source_amount_actual": "9" * 40}, {"target_amount": None}]
    broken = rig.order(len(wrong))
    for intent, fields in zip(broken, wrong, strict=True):
        rig.venue_post("records", intent_id=intent, fields=fields)
    rig.venue_post("faults", clear=True)
    until_quiet(rig, booked=False)
    letters_ = rig.listed("dead-letters", "list")
    booked = {intent for (intent,) in rig.rows("SELECT intent_id FROM accounting.journal")}
    assert not booked & {intent for intent, fields in zip(broken, wrong, strict=True) if fields != {"target_amount": None}}
    assert {letter["origin"] for letter in letters_} == {"read"}
    for intent in broken:
        rig.venue_post("records", intent_id=intent)
    until_quiet(rig)
    audit(rig, dead_letters=True, alarms=("settlement_incomplete", "settlement_unreadable"))
    assert len(rig.listed("dead-letters", "list")) == len(letters_)
    assert rig.listed("reconcile", "venue", "--grace", "0s") == []
    assert up.end() == 0
    assert not up.deaths()
