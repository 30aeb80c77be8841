"""Whose order it is and whose money: parties that change, clients whom nobody can read, records that cannot be read at all."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from tests.auditor import audit, until_quiet
from tests.rig import Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]


def alarms(rig: Rig) -> dict[str, list[dict[str, Any]]]:
    """Return the alarms raised so far by kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in rig.listed("alarms", "list"):
        found.setdefault(line["kind"], []).append(line)
    return found


def order(rig: Rig, **fields: Any) -> str:
    """Let an order settle whose record says other `fields` from the beginning, and return its intent."""
    intent = str(uuid.uuid4())
    rig.venue_post("records", intent_id=intent, fields=fields)
    assert rig.order(intent_id=intent, side="sender") == [intent]
    return intent


def test_a_venue_that_takes_us_for_another_party_is_alarmed_and_what_it_settled_is_booked_once_corrected(make_rig: MakeRig) -> None:
    """Settled orders of nobody of ours are alarms; with our parties in the settings each is booked once, and the pin moves nothing."""
    rig = make_rig(seed=91, rate=0)
    ours = rig.venue_get("state")["party_id"]
    rig.venue_post("faults", party_id=f"{ours} ")  # a blank that nobody sees
    up = rig.up()
    rig.connected()
    lost = rig.order(6)
    eventually(lambda: len(alarms(rig).get("settlement_not_ours", ())) == 6, within=60, what="each settlement that is not ours is an alarm")
    assert {line["subject"] for line in alarms(rig)["settlement_not_ours"]} == set(lost)
    assert rig.booked() == 0
    assert up.end() == 0
    text = rig.settings_file.read_text()
    rig.settings_file.write_text(text.replace("reconcile_interval", f'own_parties = ["{ours}"]\nreconcile_interval', 1))
    up = rig.up()
    rig.connected()
    rig.order(4)
    until_quiet(rig)
    found = audit(rig, alarms=("settlement_not_ours", "venue_party_changed"))
    assert len(found.settled) == 10
    assert found.alarms == {"settlement_not_ours": 6, "venue_party_changed": 1}
    assert up.end() == 0


def test_records_that_say_too_little_or_what_nobody_can_read(make_rig: MakeRig) -> None:
    """Remarks keep nothing out of the books; a client nobody can read is booked for nobody, a term nobody can read not at all."""
    rig = make_rig(seed=92, rate=0)
    up = rig.up()
    rig.connected()
    remarks = {
        "source_amount_max": "0",
        "quote_valid_until": "n/a",
        "created_at": "2026-03-01T09:00:00",
        "expires_at": "2026-03-01T09:04:60Z",
    }
    fine = order(rig, **remarks)
    nobody = order(rig, sender_party_id={"name": "a bank"})
    unreadable = [order(rig, settled_at="yesterday"), order(rig, fx_rate="n/a")]
    until_quiet(rig, booked=False)
    booked = dict(rig.rows("SELECT intent_id, postings::text FROM accounting.journal"))
    assert booked.keys() == {fine, nobody}
    assert ("unattributed" in booked[nobody], "unattributed" in booked[fine]) == (True, False)
    eventually(lambda: len(alarms(rig).get("settlement_unreadable", ())) == 2, within=30, what="each unreadable settlement is an alarm")
    raised = alarms(rig)
    assert {line["subject"] for line in raised["settlement_unreadable"]} == set(unreadable)
    assert [(line["subject"], line["detail"]["left_out"]) for line in raised["settlement_unattributed"]] == [(nobody, "sender_party_id")]
    breaks = rig.listed("reconcile", "venue", "--grace", "0s", expect=1)
    assert {(line["kind"], line["severity"], line["intent_id"]) for line in breaks} == {
        ("UNREADABLE_AT_VENUE", "critical", intent) for intent in unreadable
    }
    assert {line["expected"]["sha256"] for line in breaks} == {
        line["detail"]["document_sha256"] for line in raised["settlement_unreadable"]
    }

    for intent in (nobody, *unreadable):
        rig.venue_post("records", intent_id=intent)  # the venue corrects what it says
    until_quiet(rig, booked=False)
    eventually(lambda: rig.booked() == 4, within=30, what="what can be read now is booked")
    breaks = rig.listed("reconcile", "venue", "--grace", "0s", expect=1)
    assert [(line["kind"], line["intent_id"]) for line in breaks] == [("CLIENT_DIFFERS", nobody)]
    eventually(
        lambda: "settlement_conflict" in alarms(rig), within=30, what="the client that is named now contradicts the entry for nobody"
    )
    assert rig.booked() == 4
    assert up.end() == 0
