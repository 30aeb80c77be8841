"""From the venue's bytes to booked entries and archived records, as a user sees them with the command line."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from decimal import Decimal

from tests.auditor import audit, until_quiet
from tests.rig import UNRULY, Rig

MakeRig = Callable[..., Rig]


def test_what_the_command_line_lists_is_what_the_venue_settled(make_rig: MakeRig) -> None:
    """Entries, balances and archive as JSON lines hold an unruly venue's truth; reconciled, rebuilt and replayed it is the same."""
    rig = make_rig(seed=1, rate=30, faults=UNRULY)
    rig.custodian("init")
    rig.custodian("init")
    up = rig.up()
    rig.traffic(100)
    until_quiet(rig)
    found = audit(rig)

    entries = rig.listed("ledger", "entries")
    assert {(entry["intent_id"], entry["transaction_hash"]) for entry in entries} == set(found.settled)
    assert len(entries) == len(found.settled)
    for entry in entries:
        sums: dict[str, Decimal] = {}
        for posting in entry["postings"]:
            sign = 1 if posting["side"] == "debit" else -1
            sums[posting["currency"]] = sums.get(posting["currency"], Decimal(0)) + sign * Decimal(posting["amount"])
        assert set(sums.values()) == {Decimal(0)}
        assert entry["source"]["topic"] == rig.topic("order-settled.v1")
    totals: dict[str, Decimal] = {}
    for balance in rig.listed("ledger", "balances"):
        totals[balance["currency"]] = totals.get(balance["currency"], Decimal(0)) + Decimal(balance["balance"])
    assert set(totals.values()) == {Decimal(0)}

    archived = rig.listed("archive", "records", "--with-body")
    assert [record["index"] for record in archived] == list(range(sum(map(len, found.records.values()))))
    assert all(hashlib.sha256(base64.b64decode(record["body"])).hexdigest() == record["sha256"] for record in archived)
    rig.custodian("archive", "verify")
    rig.custodian("ledger", "rebuild", "--into", "rebuilt")
    rig.custodian("replay", "--processor", "settlement", "--to", "2100-01-01")

    assert rig.listed("reconcile", "venue", "--grace", "0s") == []
    (changed, vanished), kept = list(found.settled)[:2], found.settled
    rig.venue_post("records", intent_id=changed[0], fields={"target_amount": "1"})
    rig.venue_post("records", intent_id=vanished[0], fields={"transaction_hash": "ab" * 32})
    breaks = {line["intent_id"]: line["kind"] for line in rig.listed("reconcile", "venue", expect=1)}
    assert breaks == {changed[0]: "AMOUNT_DIFFERS", vanished[0]: "HASH_DIFFERS"}
    rig.venue_post("records", intent_id=changed[0])
    rig.venue_post("records", intent_id=vanished[0])
    assert rig.listed("reconcile", "venue") == []
    assert kept == {(order["intent_id"], order["transaction_hash"]): order for order in rig.settled_at_venue() if order["side"] != "none"}
    assert up.end() == 0
