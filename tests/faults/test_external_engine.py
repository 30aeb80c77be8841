"""The built-in risk engine switched off: somebody else answers what the whole pipeline asks, well or badly.

The first test runs the example of README as a foreign process. In the second the test itself is the engine, and answers late, twice,
against itself and with what nobody can read: nothing is sent on that, each of it can be seen, and the partitions go on.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.accepting_auditor import History, Witness, audit_accepting
from tests.auditor import Audit, audit, produce, until_quiet
from tests.faults.test_accepting import WORLD, accepting_rig
from tests.integration.test_external_risk_engine import external_engine
from tests.rig import WITHOUT_RISK, Program, Rig
from tests.services import KafkaRoom
from tests.signing import private_pem, public_pem, signature
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
EXTERNAL = '[risk]\nengine = "external"\nengine_keys = ["desk=desk.pub"]\n'
SMALL, LARGE = {"target_amount": "1000"}, {"target_amount": "900000"}
"""On both sides of what the example accepts by itself."""


def external_rig(make: MakeRig, *, seed: int, lifetime: float) -> tuple[Rig, Program]:
    """Run everything but the role risk on a calm venue; orders that a test begins live for `lifetime` seconds, quotes for half of that."""
    rig = accepting_rig(
        make,
        seed=seed,
        rate=0,
        more=EXTERNAL,
        roles=WITHOUT_RISK,
        world={**WORLD, "order_lifetime": lifetime * 10, "quote_validity": lifetime * 5},
    )
    (rig.folder / "desk.pub").write_bytes(public_pem())
    up = rig.up()
    assert "risk" not in up.pids()
    rig.connected(within=60)
    return rig, up


def propose(rig: Rig, *orders: Mapping[str, Any]) -> list[str]:
    """Let the venue begin orders that need us."""
    intents: list[str] = rig.venue_post("orders", orders=[{"side": "sender", **order} for order in orders])["intents"]
    return intents


def told(rig: Rig, kind: str) -> list[tuple[int, dict[str, Any], dict[str, str]]]:
    """Return partition, value and headers of every record of a kind that is archived and can be read."""
    rows = rig.rows(
        'SELECT partition, body, headers FROM compliance.records WHERE topic = %s ORDER BY partition, "offset"', (rig.topic(kind),)
    )
    found = []
    for partition, body, headers in rows:
        try:
            found.append((partition, json.loads(bytes(body)), headers))
        except ValueError:
            continue
    return found


def judged(rig: Rig, *, witness: Witness, alarms: tuple[str, ...] = (), dead_letters: bool = False) -> tuple[History, Audit]:
    """Judge every accept call by what was decided on the topic, and books and archive, once the venue has ended."""
    until_quiet(rig, within=60)
    decisions = [value for _, value, _ in told(rig, "decision-made.v1") if {"decision_id", "verdict", "decided_at"} <= value.keys()]
    history = audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn, decisions=decisions, seen=witness.seen)
    return history, audit(rig, alarms=alarms, dead_letters=dead_letters)


def approve(rig: Rig, intent: str) -> None:
    """Approve what waits for people about an intent, as a person at the command line does."""
    waiting = eventually(
        lambda: [one for one in rig.listed("decisions", "list", "--pending") if one["intent_id"] == intent],
        within=30,
        what="a referral waits",
    )[0]
    bound = ("--shown", waiting["referral"]["shown_sha256"])
    rig.custodian("decisions", "approve", waiting["decision_id"], *bound, by="first person")


def test_the_example_in_place_of_the_built_in_engine(make_rig: MakeRig, kafka: KafkaRoom) -> None:
    """Orders settle by a foreign program's answers, what it refers waits for a person, and what nobody approves is not sent."""
    rig, up = external_rig(make_rig, seed=221, lifetime=120)
    (rig.folder / "desk.key").write_bytes(private_pem())
    with external_engine(kafka, rig.folder / "desk.key"), Witness(rig.venue.base_url, rig.dsn, decisions=False) as witness:
        *small, approved, left = propose(rig, *[SMALL] * 4, LARGE, LARGE)
        approve(rig, approved)
        eventually(lambda: len(rig.settled_at_venue()) == len(small), within=60, what="the small orders settle")
        approve(rig, approved)
        eventually(lambda: len(rig.settled_at_venue()) == len(small) + 1, within=60, what="what a person approved settles")
        assert rig.venue_post("cancel", intent_id=left)["cancelled"]
        history, _ = judged(rig, witness=witness)
    assert Counter(call.intent_id for call in history.calls) == dict.fromkeys((*small, approved), 2)
    assert {one["decided_by"] for one in rig.listed("decisions", "list")} == {"my-risk-engine", rig.login("first person")}
    assert rig.value("SELECT count(*) FROM risk.decisions") == 0, "the built-in engine decided nothing"
    assert up.end() == 0
    assert not up.deaths()


# --- an engine that a test plays ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as the engine has it: where it stood, what it says, and its correlation id."""

    partition: int
    request: Mapping[str, Any]
    correlation_id: str

    @property
    def quote_id(self) -> str:
        """Return the first quote that it lists."""
        return str(self.request["context"]["quotes"][0]["quote_id"])


class Played:
    """An engine of the test's own; what it says goes where an engine writes, signed where it has a key."""

    def __init__(self, rig: Rig, *, key: str | None = "desk") -> None:
        self.rig, self.key = rig, key
        self.said = 0

    def asked(self, intent: str, question: str = "accept_proposal", *, after: int = 0) -> Asked:
        """Wait for the first question about an intent of a later round than `after`."""
        return eventually(lambda: self.heard(intent, question, after=after), within=60, what=f"{question} is asked about {intent}")[0]

    def heard(self, intent: str, question: str, *, after: int) -> list[Asked]:
        """Return the questions about an intent of later rounds than `after`, as they were asked."""
        return [
            Asked(partition=partition, request=value, correlation_id=headers_of(headers)["ce_correlationid"])
            for partition, value, headers in told(self.rig, "decision-requested.v1")
            if (value["intent_id"], value["question"]) == (intent, question) and value["round"] > after
        ]

    def answer(self, asked: Asked, verdict: str = "ACCEPT", *, key: str | None = None, **changed: Any) -> str:
        """Answer a question, under another key and with other fields where told; return the decision's id."""
        self.said += 1
        fields = {name: asked.request[name] for name in ("request_id", "venue", "intent_id", "question", "context_sha256")}
        fields |= {
            "decision_id": f"played-{self.said}",
            "verdict": verdict,
            "decided_by": "played",
            "approvers_needed": int(verdict == "REFER"),
        }
        fields |= {
            "decided_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "policy": {"name": "played", "version": 1, "sha256": "0" * 64},
        }
        if asked.request["question"] == "co_sign_quote" and verdict in ("ACCEPT", "REFER"):
            fields["quote_id"] = asked.quote_id
        fields = {name: value for name, value in {**fields, **changed}.items() if value is not None}
        value = json.dumps(fields).encode()
        said = None if self.key is None else signature(value, fields["context_sha256"], key=self.key)
        self.write(asked, value, ce_id=f"{fields['decision_id']} {self.said}", key=key, said=said)
        return str(fields["decision_id"])

    def write(self, asked: Asked, value: bytes, *, ce_id: str, key: str | None = None, said: str | None = None) -> None:
        """Write any value as an answer to a question, with a signature if there is one."""
        intent = asked.request["intent_id"]
        headers = {"ce_specversion": "1.0", "ce_source": "/played", "ce_subject": intent, "ce_type": "custody.decision-made.v1"}
        headers |= {"ce_id": hashlib.sha256(ce_id.encode()).hexdigest()[:32], "ce_time": "2026-01-01T00:00:00Z"}
        headers |= {"ce_correlationid": asked.correlation_id} | ({} if said is None else {"ce_signature": said})
        produce(
            self.rig,
            "decision-made.v1",
            asked.partition,
            value,
            key=(key or intent).encode(),
            headers={name: text.encode() for name, text in headers.items()},
        )


def headers_of(stored: Any) -> dict[str, str]:
    """Return archived headers by name."""
    pairs = stored.items() if isinstance(stored, dict) else stored
    return {str(name): str(value) for name, value in pairs}


BROKEN = (
    b'{"decision_id": ',
    b'{"decision_id": "x", "verdict": "ACCEPT"}',
    b'{"decision_id": NaN}',
    b"\xff\xfe\x00",
    b"",
)
"""What no reader takes for an answer."""
SILENT = ("unknown_request", "other_context", "other_question", "no_referral", "rejected_first", "same_id", "wrong_key", "unsigned")
"""Proposals about which the engine never says anything that counts as an ACCEPT."""
SETTLING = ("twice", "contradicted", "misspelled", "not_offered", "unnamed", "over_guard")
"""Proposals about which it says something wrong, and in the end what is right."""
NOBODYS = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
COUNTED = (
    "decision_repeated",
    "decision_of_other_context",
    "decision_late",
    "decision_contradicted",
    "decision_malformed",
    "dead_lettered",
)


def play_proposals(engine: Played, intents: Mapping[str, str]) -> None:
    """Answer the first question about each proposal, badly and, where it is to settle, well."""
    asked = {name: engine.asked(intent) for name, intent in intents.items()}
    for name in SETTLING:
        for number, value in enumerate(BROKEN):
            engine.write(asked[name], value, ce_id=f"broken {name} {number}")
    engine.answer(asked["unknown_request"], request_id="0" * 32)
    engine.answer(asked["other_context"], context_sha256="0" * 64)
    engine.answer(asked["other_question"], question="co_sign_quote", quote_id=NOBODYS)
    engine.answer(asked["no_referral"], refers_to="nobody asked a person")
    for key in (None, "stranger"):
        Played(engine.rig, key=key).answer(asked["unsigned"], decision_id=f"by {key}")
    engine.answer(asked["rejected_first"], "REJECT")
    engine.answer(asked["rejected_first"], "ACCEPT")
    said = engine.answer(asked["same_id"], "REJECT")
    engine.answer(asked["same_id"], "ACCEPT", decision_id=said)
    engine.answer(asked["wrong_key"], key=NOBODYS)
    engine.answer(asked["misspelled"], "accept")
    for name in (*SETTLING, "late"):
        said = engine.answer(asked[name])
        if name == "twice":
            engine.answer(asked[name], decision_id=said)
            engine.answer(asked[name])
        if name == "contradicted":
            engine.answer(asked[name], "REJECT")


def settled_in_the_end(engine: Played, intents: Mapping[str, str], answered: Counter[str]) -> bool:
    """Answer every round in which a quote to co-sign is asked for, `answered` by name; tell whether all that is to settle has settled."""
    for name in SETTLING:
        for asked in engine.heard(intents[name], "co_sign_quote", after=answered[name]):
            play_quotes(engine, name, asked)
            answered[name] = asked.request["round"]
    return len(engine.rig.settled_at_venue()) == len(SETTLING)


def play_quotes(engine: Played, name: str, asked: Asked) -> None:
    """Answer which quote to co-sign, badly and well."""
    if name == "not_offered":
        engine.answer(asked, quote_id=NOBODYS)
    if name == "unnamed":
        engine.answer(asked, quote_id=None)
    if name == "over_guard":
        *dear, cheap = sorted(asked.request["context"]["quotes"], key=lambda quote: Decimal(quote["fx_rate"]), reverse=True)
        for quote in (*dear, cheap):
            engine.answer(asked, quote_id=quote["quote_id"])
    else:
        engine.answer(asked)
    if name == "twice":
        engine.answer(asked)
    if name == "contradicted":
        engine.answer(asked, "REJECT")


def late_in_the_end(engine: Played, intent: str, answered: Counter[str]) -> bool:
    """Answer every round about the quote of an intent once its time to decide is over; tell whether one was heard as late."""
    for asked in engine.heard(intent, "co_sign_quote", after=answered["late"]):
        if datetime.now(UTC) > datetime.fromisoformat(asked.request["decide_by"]) and quoting(engine.rig, intent):
            engine.answer(asked)
            answered["late"] = asked.request["round"]
    return answered["late"] > 0 and any(
        (alarm["kind"], alarm["subject"]) == ("decision_late", intent) for alarm in engine.rig.listed("alarms", "list")
    )


def quoting(rig: Rig, intent: str) -> bool:
    """Tell whether an accepted proposal takes quotes."""
    return bool(
        rig.value("SELECT count(*) FROM custodian.states WHERE state ->> 'intent_id' = %s AND state ->> 'phase' = 'quoting'", (intent,))
    )


def test_what_a_bad_engine_says_does_no_harm_and_can_be_seen(make_rig: MakeRig) -> None:
    """Late, repeated, contradicting, malformed and misdirected answers send nothing, each leaves a trace, and good answers still count."""
    rig, up = external_rig(make_rig, seed=222, lifetime=300)
    engine = Played(rig)
    guarded = {"source_amount_max": "113000", "quotes": 0, **SMALL}
    orders = {name: {**SMALL, "quotes": 1} for name in (*SILENT, *SETTLING)} | {"over_guard": guarded, "late": {**SMALL, "quotes": 0}}
    with Witness(rig.venue.base_url, rig.dsn, decisions=False) as witness:
        intents = dict(zip(orders, propose(rig, *orders.values()), strict=True))
        play_proposals(engine, intents)
        for name, quotes in {"over_guard": ("120", "112"), "late": ("112",)}.items():
            eventually(lambda intent=intents[name]: quoting(rig, intent), within=60, what="quotes are waited for")  # type: ignore[misc]
            for rate in quotes:
                rig.venue_post("quotes", intent_id=intents[name], fx_rate=rate, valid_seconds=12 if name == "late" else 300)
        answered: Counter[str] = Counter()
        # Where the venue shows something new meanwhile, the question is asked again, and the answer to the first counts no more.
        eventually(lambda: settled_in_the_end(engine, intents, answered), within=60, what="what was accepted settles")
        eventually(lambda: late_in_the_end(engine, intents["late"], answered), within=60, what="what is said too late is an alarm")
        for name in (*SILENT, "late"):
            assert rig.venue_post("cancel", intent_id=intents[name])["cancelled"]
        kinds = (
            "decision_malformed",
            "decision_contradicted",
            "decision_late",
            "decision_unapproved",
            "decision_forged",
            "decision_missing",
            "cost_guard_broken",
        )
        history, found = judged(rig, witness=witness, alarms=kinds, dead_letters=True)
    check_calls(history, intents)
    check_traces(engine, found, intents)
    assert up.end() == 0
    assert not up.deaths()


def check_calls(history: History, intents: Mapping[str, str]) -> None:
    """Check that just the good answers had calls, one of each kind."""
    calls = Counter((call.intent_id, call.kind) for call in history.calls)
    expected = [(intents[name], kind) for name in SETTLING for kind in ("accept_proposal", "co_sign_quote")]
    assert calls == Counter([*expected, (intents["late"], "accept_proposal")])


def check_traces(engine: Played, found: Audit, intents: Mapping[str, str]) -> None:
    """Check that every bad answer is an alarm, a dead letter, a count or a line of the decisions."""
    rig = engine.rig
    raised = {(alarm["kind"], alarm["subject"]) for alarm in rig.listed("alarms", "list")}
    malformed = ("unknown_request", "other_question", "not_offered", "unnamed", "over_guard")
    assert {subject for kind, subject in raised if kind == "decision_malformed"} == {intents[name] for name in malformed}
    contradicted = {subject for kind, subject in raised if kind == "decision_contradicted"}
    assert contradicted == {intents["rejected_first"], intents["contradicted"]}
    assert {("decision_late", intents["late"]), ("decision_missing", intents["late"])} <= raised
    assert ("decision_unapproved", intents["no_referral"]) in raised
    assert {subject for kind, subject in raised if kind == "decision_forged"} == {intents["no_referral"], intents["unsigned"]}
    letters = Counter(letter["reason"] for letter in found.dead_letters.values())
    assert letters.total() >= len(SETTLING) * len(BROKEN) + 3, letters
    assert any("said something else" in reason for reason in letters), letters
    assert any("the record's key is not its intent id" in reason for reason in letters), letters
    listed = Counter(one["intent_id"] for one in rig.listed("decisions", "list"))
    assert listed[intents["other_context"]] == 1
    assert listed[intents["twice"]] == 2 + 2 * len(engine.heard(intents["twice"], "co_sign_quote", after=0))
    counts = rig.metrics("workflow")
    seen = {name: counts.get(f'custodian_records_total{{outcome="{name}",role="workflow"}}', 0) for name in COUNTED}
    assert all(seen.values()), seen
