"""Accepting without a person, by the whole pipeline, while everything is hurt: what was sent to the venue, and what it was sent on.

Judged by `tests/accepting_auditor.py` from the venue's own log of every call, by `tests/auditor.py` for books and archive, and by this: an
order that needed us has settled, or its story says why not.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.simulators.musubi.world import Mix
from pipeline import failpoints
from tests.accepting_auditor import History, Span, Witness, audit_accepting
from tests.auditor import audit, until_quiet
from tests.faults.test_kills import ENGINES, armed, until_killed
from tests.rig import EVERY_ROLE, UNRULY, Program, Rig
from tests.services import PrivateServices
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
NAMES = tuple(name for name in failpoints.NAMES if name.partition(".")[0] in ("workflow", "risk", "commands"))
"""Every failpoint on the way from a proposal to its accept call and what becomes of it."""
POLICY = """
name = "accepting"
version = 1
[[rules]]
name = "nothing enormous"
on = "accept_proposal"
check = "amount_at_most"
params = { side = "target", currency = "USDCx", limit = "100000000" }
otherwise = "REJECT"
[[rules]]
name = "snapshot says verified"
on = "accept_proposal"
check = "kyc_status"
params = { allowed = ["KYC_VERIFIED"] }
otherwise = "REFER"
[[rules]]
name = "near the market"
on = "co_sign_quote"
check = "rate_within"
params = { basis_points = "1500", age_max = "60s", sources_min = 1 }
otherwise = "REFER"
[[rules]]
name = "cheapest quote"
on = "co_sign_quote"
check = "best_execution"
params = { ties = "first_seen" }
otherwise = "REFER"
"""
SETTINGS = """
[workflow]
quote_window = "500ms"
quote_margin = "500ms"
[rates.reference]
url = "{url}/simulator/rates"
poll_interval = "500ms"
"""
DISTURBED = (
    *UNRULY[:2],
    "reorder=0.05:0.3",
    "accept_applied_502=0.06",
    "accept_not_applied_502=0.06",
    "accept_applied_cut=0.06",
    "accept_conflict=0.04",
    "accept_too_many=0.05:0.2",
    "quote_breaks_guard=0.1",
    "quote_disagrees_source=0.1",
)
"""30 % of the frames come twice, 2 % never, 5 % late; accept calls and quotes go wrong in every way of the contract."""
EXPECTED_ALARMS = ("cost_guard_broken", "quote_disagrees", "command_outcome_unknown", "decision_late", "decision_missing")
WORLD = {"quote_validity": 300.0, "first_quote": 8.0, "order_lifetime": 900.0, "quotes": (2, 3)}
"""At speed 10: quotes after 0.8 s that live for 30 s, orders that live for 90 s: what a busy machine may take for a step is far less."""
PATIENT = {**WORLD, "quote_validity": 600.0, "order_lifetime": 1800.0}
"""A world in which no machine is too slow: quotes live for a minute, orders for three."""


def accepting_rig(make: MakeRig, *, seed: int, rate: float = 1.0, mode: str = "live", more: str = "", **options: Any) -> Rig:
    """Make a rig in which every order of ours needs our calls, at a rate that half a core can follow."""
    rig = make(
        seed=seed,
        rate=rate,
        speed=10.0,
        console_user=0.0,
        failing=0.0,
        mix=Mix(receiver=0, sender=85, both=15, none=0),
        policy=POLICY,
        **{"roles": EVERY_ROLE, "world": WORLD, **options},
    )
    rig.write_settings(policy=POLICY, more=SETTINGS.format(url=rig.venue.base_url) + f'[mode]\naccepting = "{mode}"\n' + more)
    return rig


def judged(rig: Rig, **told: Any) -> History:
    """Judge every accept call, the books and the archive, once no command is under way; return what was sent."""
    under_way = "SELECT count(*) FROM commands.journal WHERE state IN ('journalled', 'sent') OR published_at IS NULL"
    eventually(lambda: rig.value(under_way) == 0, within=90, what="every command has ended")
    until_quiet(rig, within=60)
    found = audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn, **told)
    audit(rig, alarms=EXPECTED_ALARMS)
    for processor in ("settlement", "workflow"):  # whatever died and was repeated: the archive explains what was published
        rig.custodian("replay", "--processor", processor, "--to", "2100-01-01")
    return found


def stories(rig: Rig) -> dict[str, tuple[str, str, str | None]]:
    """Return status, phase and note of every order, as the workflow keeps them for `orders show`."""
    rows = rig.rows(
        "SELECT state ->> 'intent_id', state ->> 'status', coalesce(state ->> 'phase', 'new'), state ->> 'note' "
        "FROM custodian.states WHERE processor = 'workflow'"
    )
    return {intent: (status, phase, note) for intent, status, phase, note in rows}


def unsettled_without_reason(rig: Rig) -> dict[str, Any]:
    """Return the orders that did not settle and whose story does not say why."""
    return {intent: said for intent, said in stories(rig).items() if said[0] != "SETTLED" and not said[2]}


def check_most_settle(rig: Rig, since: datetime) -> None:
    """Check that of the orders first seen after a moment most settle, whatever the venue does wrong on purpose."""
    query = (
        "SELECT count(*) FILTER (WHERE state ->> 'status' = 'SETTLED'), count(*) FROM custodian.states "
        "WHERE processor = 'workflow' AND (state ->> 'first_seen_at')::timestamptz > %s"
    )
    settled, seen = rig.rows(query, (since,))[0]
    assert seen >= 20
    assert settled >= 0.7 * seen, f"{settled} of {seen} settled"


def working_again(rig: Rig) -> None:
    """Wait until calls are answered again and the commands that waited meanwhile are done."""
    done = "SELECT count(*) FROM commands.attempts WHERE outcome = 'done'"
    before = rig.value(done)
    eventually(lambda: rig.value(done) > before + 3, within=60, what="calls succeed again")
    waiting = "SELECT count(*) FROM commands.journal WHERE state IN ('journalled', 'sent') AND now() - journalled_at > interval '3 s'"
    eventually(lambda: rig.value(waiting) < 3, within=60, what="no command waits for long")


@pytest.mark.parametrize("engine", ENGINES)
def test_every_proposal_is_accepted_and_co_signed_on_committed_evidence(make_rig: MakeRig, engine: str) -> None:
    """On a calm venue every order that the policy allows settles by two calls, each on a decision and a journal row committed before."""
    rig = accepting_rig(make_rig, seed=201, world=PATIENT)
    with Witness(rig.venue.base_url, rig.dsn) as witness:
        up = rig.up(CUSTODIAN_ENGINE__KIND=engine)
        rig.traffic(25, within=120)
        until_quiet(rig, within=120)
    found = judged(rig, seen=witness.seen)
    created = rig.venue_get("state")["created"]
    assert len(rig.settled_at_venue()) == created
    assert len(found.calls) == 2 * created, "one call of each kind for each order"
    kinds = {line["kind"] for line in rig.listed("commands", "list") if line["state"] == "succeeded"}
    assert kinds == {"accept_proposal", "co_sign_quote"}
    assert up.end() == 0
    assert not up.deaths()


@pytest.mark.faults_long
@pytest.mark.parametrize("engine", ENGINES)
def test_kills_at_every_failpoint_of_accepting_on_a_hostile_venue(make_rig: MakeRig, engine: str) -> None:
    """Workflow, risk and commands die at each failpoint while calls, frames and quotes go wrong: nothing twice, nothing forbidden."""
    rig = accepting_rig(make_rig, seed=202, faults=DISTURBED, more="failpoints = true\n")
    rig.custodian("init")
    up = rig.up(CUSTODIAN_ENGINE__KIND=engine, **armed(NAMES, rig))
    until_killed(NAMES, rig, up, within=120)
    working_again(rig)
    since = datetime.now(UTC)
    rig.traffic(25, within=120)
    until_quiet(rig, within=150)
    found = judged(rig)
    assert any(call.applied for call in found.calls)
    assert not unsettled_without_reason(rig)
    check_most_settle(rig, since)
    assert up.end() == 0


@pytest.mark.faults_long
def test_two_executors_and_the_death_of_one(make_rig: MakeRig) -> None:
    """A second `up` shares the commands; the first is killed whole; no call is doubled and the flow goes on."""
    rig = accepting_rig(make_rig, seed=203, faults=("accept_applied_502=0.1", "accept_applied_cut=0.1", "accept_slow=0.2:0.5"))
    first = rig.up()
    second = rig.start_up()
    eventually(lambda: rig.value("SELECT count(DISTINCT owner) FROM commands.attempts") == 2, within=90, what="both send commands")
    first.kill_all()
    before = rig.value("SELECT count(*) FROM commands.attempts")
    eventually(lambda: rig.value("SELECT count(*) FROM commands.attempts") > before + 5, within=60, what="the other goes on")
    rig.traffic(5, within=120)
    until_quiet(rig, within=150)
    judged(rig)
    assert not unsettled_without_reason(rig)
    assert second.end() == 0


@pytest.mark.faults_long
def test_services_restart_while_proposals_are_accepted(private_rig: MakeRig, private_services: PrivateServices) -> None:
    """The broker and PostgreSQL are killed and come back: at most one effective accept per intent, and the orders settle or say why not."""
    rig = accepting_rig(private_rig, seed=204, faults=DISTURBED)
    up = rig.up()
    sent = "SELECT count(*) FROM commands.attempts"
    eventually(lambda: rig.value(sent) > 5, within=90, what="calls are made")
    private_services.kafka.kill()
    private_services.kafka.start()
    before = rig.value(sent)
    eventually(lambda: rig.value(sent) > before + 5, within=120, what="calls are made after the broker's death")
    private_services.postgres.kill()
    private_services.postgres.start()
    before = rig.value(sent)
    eventually(lambda: rig.value(sent) > before + 5, within=120, what="calls are made after the database's death")
    rig.traffic(5, within=120)
    until_quiet(rig, within=150)
    judged(rig)
    assert not unsettled_without_reason(rig)
    assert up.end() == 0


def test_nothing_is_sent_while_halted_and_the_halt_survives_a_restart(make_rig: MakeRig) -> None:
    """After `halt` has returned no call is sent, also not by an `up` that was killed and started again; after `resume` calls are sent."""
    rig = accepting_rig(make_rig, seed=205)
    up = rig.up()
    sent = "SELECT count(*) FROM commands.attempts"
    eventually(lambda: rig.value(sent) > 3, within=90, what="calls are made")
    rig.custodian("halt", "--reason", "a test", "--as", "first person")
    halted = rig.value(sent)
    up.kill_all()
    up = rig.up()
    refused = "SELECT count(*) FROM commands.journal WHERE reason LIKE 'halted%%'"
    eventually(lambda: rig.value(refused, ()) > 3, within=90, what="commands are refused because of the halt")
    assert rig.value(sent) == halted
    assert rig.listed("status", expect=None)[0]["state"] == "halted"
    rig.resume()
    eventually(lambda: rig.value(sent) > halted + 3, within=60, what="calls are made again")
    rig.traffic(3, within=120)
    until_quiet(rig, within=150)
    judged(rig)
    # What was killed between publishing and noting it publishes the same act again: one id, two records.
    acted = rig.value("SELECT count(DISTINCT ce_id) FROM compliance.records WHERE ce_type = 'custody.operator-acted.v1'")
    assert acted == 4, "a halt, two people who agree to end it, and its end"
    assert up.end() == 0


def test_shadow_decides_and_journals_and_sends_nothing(make_rig: MakeRig) -> None:
    """In shadow there are decisions and commands that say what would have been sent, and the venue hears of none."""
    rig = accepting_rig(make_rig, seed=206, mode="shadow")
    up = rig.up()
    shadowed = "SELECT count(*) FROM commands.journal WHERE state = 'shadowed' AND reason = 'would be sent'"
    eventually(lambda: rig.value(shadowed) > 8, within=120, what="commands are journalled in shadow")
    found = audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn, shadow=[Span(begun_at=rig_start(rig))])
    assert not found.calls
    assert {line["verdict"] for line in rig.listed("decisions", "list")} >= {"ACCEPT"}
    assert rig.listed("status", expect=None)[0]["mode"] == "shadow"
    assert up.end() == 0


def rig_start(rig: Rig) -> Any:
    """Return when the database was prepared: before anything could have been sent."""
    return rig.value("SELECT min(updated_at) - interval '1 minute' FROM custodian.positions")


@pytest.mark.faults_long
def test_sigterm_in_the_middle_of_commands_leaves_nothing_behind(make_rig: MakeRig) -> None:
    """`up` is ended by SIGTERM three times while calls are slow: it drains in time, and the next one goes on where it stood."""
    rig = accepting_rig(make_rig, seed=207, faults=("accept_slow=0.5:1", "accept_applied_502=0.1"))
    sent = "SELECT count(*) FROM commands.attempts"
    for _ in range(3):
        up: Program = rig.up()
        before = rig.value(sent)
        eventually(lambda before=before: rig.value(sent) > before + 4, within=90, what="calls are made")  # type: ignore[misc]
        up.process.send_signal(signal.SIGTERM)
        assert up.end() == 0
    up = rig.up()
    rig.traffic(5, within=120)
    until_quiet(rig, within=150)
    judged(rig)
    assert not unsettled_without_reason(rig)
    assert up.end() == 0
