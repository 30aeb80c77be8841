"""What accepting costs under the venue's request cap, counted in the venue's own log of requests, and what a burst beyond the cap leaves.

Source: design 4.6; infra/decisions/0013; Musubi contract A-14, A-34.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from connectors.simulators.musubi.world import Mix
from tests.faults.test_accepting import POLICY, unsettled_without_reason
from tests.rig import EVERY_ROLE, Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
RATES_ONLY = """
[rates.reference]
url = "{url}/simulator/rates"
poll_interval = "500ms"
"""
REQUESTS_PER_ORDER = 10
ANSWERED = """
SELECT count(*) FROM compliance.records WHERE subject = %s AND convert_from(body, 'UTF8') ~ '"status":"QUOTED".*"origin":"read"'
"""
CAP = {"CUSTODIAN_VENUES__TOKYO__REQUESTS_PER_SECOND": "5", "CUSTODIAN_VENUES__TOKYO__REQUEST_BURST": "10"}
"""What we ship."""


def capped_rig(make: MakeRig, *, seed: int, speed: float, more: str, **options: Any) -> Rig:
    """Make a rig whose venue begins no order by itself."""
    rig = make(seed=seed, rate=0.0, speed=speed, mix=Mix(sender=1, receiver=0, both=0), policy=POLICY, roles=EVERY_ROLE, **options)
    rig.write_settings(policy=POLICY, reconcile_interval="30s", more=more.format(url=rig.venue.base_url) + '[mode]\naccepting = "live"\n')
    return rig


def reconciled(rig: Rig) -> None:
    """Wait until the venue is listened to and its first listing is done."""
    rig.connected(within=120)
    done = "SELECT count(*) FROM custodian.ingest_cursors WHERE reconciled_at IS NOT NULL"
    eventually(lambda: rig.value(done) == 1, within=120, what="the first listing is done")


def requests_about(rig: Rig, intent: str, *, until: datetime | None = None) -> Counter[str]:
    """Return the requests that name an order, by method and the path behind it."""
    found: list[dict[str, str]] = rig.venue_get("truth?parts=requests")["requests"]
    ours = (one for one in found if intent in one["path"] and (until is None or datetime.fromisoformat(one["at"]) < until))
    return Counter(f"{one['method']} {one['path'].partition('?')[0].replace(intent, 'ID')}" for one in ours)


def test_an_order_with_two_quotes_costs_ten_requests_and_its_settlement_one(make_rig: MakeRig) -> None:
    """Every request about an order counted, whoever made it: ten from its first hint until it has settled, one for the settlement."""
    rig = capped_rig(make_rig, seed=301, speed=4, more=RATES_ONLY + '[workflow]\nquote_window = "2s"\n')
    up = rig.up(**CAP)
    reconciled(rig)
    for _ in range(3):
        (intent,) = rig.venue_post("orders", orders=[{"side": "sender", "quotes": 2}])["intents"]
        _booked(rig, intent)
        (settled_at,) = [datetime.fromisoformat(one["settled_at"]) for one in rig.settled_at_venue() if one["intent_id"] == intent]
        accepting, whole = requests_about(rig, intent, until=settled_at), requests_about(rig, intent)
        assert accepting.total() <= REQUESTS_PER_ORDER, accepting
        assert whole.total() <= REQUESTS_PER_ORDER + 1, whole
        _answered(rig, intent)
    assert up.end() == 0


def _answered(rig: Rig, intent: str) -> None:
    published = "the answer to the co-signature is published and archived"
    eventually(lambda: rig.value(ANSWERED, (intent,)) >= 1, within=30, what=published)


def _booked(rig: Rig, intent: str) -> None:
    eventually(lambda: rig.value("SELECT count(*) FROM accounting.journal WHERE intent_id = %s", (intent,)) == 1, within=60)


WATCHED = 150
"""Seconds that the burst is watched: the orders live for as long, counted from their creation."""
SETTLEMENTS = 40


@pytest.mark.faults_long
def test_a_burst_at_the_cap_that_we_ship_is_worked_off_in_order_and_settlements_are_booked(make_rig: MakeRig) -> None:
    """Forty proposals within three seconds, and forty settlements of others meanwhile, at five requests a second.

    Orders are accepted and settle at the pace of the cap until their time is over, every settlement is booked within half a minute,
    and what could not be done has ended with its reason.
    """
    rig = capped_rig(make_rig, seed=302, speed=1, more=RATES_ONLY, world={"order_lifetime": float(WATCHED), "quotes": (2, 2)})
    up = rig.up(**CAP)
    reconciled(rig)
    began = time.monotonic()
    burst = [intent for part in range(4) for intent in _proposals(rig, 10, began + part)]
    settled: dict[str, float] = {}
    for part in range(4):
        _until(began + 10 + 8 * part)
        settled |= dict.fromkeys(rig.order(SETTLEMENTS // 4, side="receiver"), time.monotonic())
    booked: dict[str, float] = {}
    found: dict[str, int] = {}

    def followed() -> bool:
        """Note when each settlement is in the books, and how many of the burst have settled."""
        entries = {intent for (intent,) in rig.rows("SELECT DISTINCT intent_id FROM accounting.journal")}
        booked.update({intent: time.monotonic() - at for intent, at in settled.items() if intent in entries and intent not in booked})
        found.update(settled=len(entries & set(burst)), booked=len(booked))
        return time.monotonic() > began + WATCHED + 5

    eventually(followed, within=WATCHED + 60, what="the orders' time is over")
    print({"burst": found, "slowest booking": max(booked.values(), default=None)})
    made = rig.venue_get("truth?parts=requests")["requests"]
    print(Counter((one["method"], "/".join(one["path"].partition("?")[0].split("/")[3:6:2])) for one in made))
    print(sorted(Counter(one["at"][:18] for one in made).items()))
    print(rig.rows("SELECT kind, state, reason, count(*), sum(attempts) FROM commands.journal GROUP BY 1, 2, 3"))
    assert len(booked) == SETTLEMENTS
    assert max(booked.values()) < 30
    assert found["settled"] >= 0.8 * min(len(burst), WATCHED * 5 / REQUESTS_PER_ORDER)
    open_commands = "SELECT count(*) FROM commands.journal WHERE state IN ('journalled', 'sent')"
    eventually(lambda: rig.value(open_commands) == 0, within=45, what="every command has ended")
    assert not unsettled_without_reason(rig)
    assert up.end() == 0


def _proposals(rig: Rig, number: int, at: float) -> list[str]:
    _until(at)
    intents: list[str] = rig.venue_post("orders", orders=[{"side": "sender", "quotes": 2}] * number)["intents"]
    return intents


def _until(at: float) -> None:
    eventually(lambda: time.monotonic() >= at, within=60, what="the next lot is due")
