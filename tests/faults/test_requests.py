"""What accepting costs under the venue's request cap, counted in the venue's own log of requests, and what a burst beyond the cap leaves.

Source: design 4.6; infra/decisions/0012; Musubi contract A-14, A-34.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from connectors.simulators.musubi.world import Mix
from tests.faults.test_accepting import POLICY, SETTINGS
from tests.rig import EVERY_ROLE, Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
CAP = {"CUSTODIAN_VENUES__TOKYO__REQUESTS_PER_SECOND": "5", "CUSTODIAN_VENUES__TOKYO__REQUEST_BURST": "10"}
"""What we ship."""


def capped_rig(make: MakeRig, *, seed: int, speed: float, more: str = SETTINGS, **options: Any) -> Rig:
    """Make a rig whose venue begins no order by itself."""
    rig = make(seed=seed, rate=0.0, speed=speed, mix=Mix(sender=1, receiver=0, both=0), policy=POLICY, roles=EVERY_ROLE, **options)
    rig.write_settings(policy=POLICY, reconcile_interval="30s", more=more.format(url=rig.venue.base_url) + '[mode]\naccepting = "live"\n')
    return rig


def requests_about(rig: Rig, intent: str) -> Counter[str]:
    """Return the requests that name an order, by method and the path behind it."""
    found: list[dict[str, str]] = rig.venue_get("truth?parts=requests")["requests"]
    return Counter(f"{one['method']} {one['path'].partition('?')[0].replace(intent, 'ID')}" for one in found if intent in one["path"])


def test_an_order_with_two_quotes_costs_at_most_eight_requests(make_rig: MakeRig) -> None:
    """From its first hint until it is settled and booked, every request about it counted, whoever made it."""
    rig = capped_rig(make_rig, seed=301, speed=4)
    up = rig.up(**CAP)
    rig.connected()
    eventually(lambda: rig.value("SELECT count(*) FROM custodian.ingest_cursors WHERE reconciled_at IS NOT NULL") == 1, within=60)
    for _ in range(3):
        (intent,) = rig.venue_post("orders", orders=[{"side": "sender", "quotes": 2}])["intents"]
        eventually(lambda intent=intent: rig.value("SELECT count(*) FROM accounting.journal WHERE intent_id = %s", (intent,)) == 1, within=60)
        made = requests_about(rig, intent)
        print(made)
        assert made.total() <= 8, made
    assert up.end() == 0
