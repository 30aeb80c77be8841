"""Laws of the workflow that hold for every history: whatever the venue shows, whoever answers, and wherever the worker dies.

A history is a list of acts drawn by chance. The world below plays venue, decision makers and executor, keeps its own books of what was
published, answered and completed, and knows nothing of the workflow's phases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.engines.step import run_events
from pipeline.log.envelope import Record
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import decode, workflow
from pipeline.processors.workflow.state import WorkflowState, from_json, to_json
from pipeline.testing.orders import VENUE, intent
from schemas.accepting import CommandCompleted, DecisionMade
from schemas.events import Event, OrderUpdated
from tests.unit.workflow.scene import Scene, at, completion, compliance, decision, hint, order, quote, rate

TERMINAL = ("SETTLED", "FAILED", "EXPIRED", "WITHDRAWN", "CANCELLED")
QUOTES = ("q1", "q2", "q3")
RATES = ("112", "112.0", "111.5", "121")  # the last one is over the maximum, unless the order has become smaller
OUTCOMES = ("succeeded", "refused", "expired", "unknown", "shadowed")

MISLEADING: tuple[dict[str, str], ...] = (
    {"request_id": "f" * 32},
    {"context_sha256": "0" * 64},
    {"question": "co_sign_quote"},
    {"question": "accept_proposal"},
    {"refers_to": "nothing that was ever referred"},
    {"quote_id": "q9"},
    {"verdict": "REJECT"},
    {"decision_id": "one id for everything"},
)
"""What is wrong with an ACCEPT of somebody who errs or means harm; a REJECT comes under the id of an ACCEPT."""

Act = tuple[Any, ...]


@st.composite
def acts(draw: st.DrawFn) -> Act:
    """Draw one thing that may happen."""
    kind = draw(
        st.sampled_from(
            ["order"] * 3 + ["hint"] * 2 + ["quote"] * 6 + ["compliance", "rate"] + ["decide"] * 8 + ["mislead"] * 3 + ["person"] * 2
            + ["complete"] * 6
            + ["time"] * 6 + ["wake"] * 3 + ["again"] * 2 + ["lose"] * 4
        )
    )  # fmt: skip
    pick, lost = draw(st.sampled_from([0, 0, 0, 0, 1, 1, 2, 5])), draw(st.sampled_from([False, False, False, True]))
    match kind:
        case "order":
            status = draw(st.sampled_from(["PENDING"] * 8 + ["QUOTED", "EXECUTING", *TERMINAL]))
            side = draw(st.sampled_from(["sender"] * 8 + ["both", "receiver", "none", None]))
            amount = draw(st.sampled_from(["100000"] * 6 + ["100000.0", "90000"]))
            return kind, lost, status, side, amount
        case "hint":
            return kind, lost, draw(st.sampled_from(["PENDING"] * 4 + ["QUOTED", "EXECUTING", *TERMINAL]))
        case "quote":
            valid = draw(st.sampled_from([10.0, 25.0, 30.0, 30.0, None]))
            fields: dict[str, Any] = draw(
                st.sampled_from(
                    [{}, {}, {}, {"source_amount": "11200000"}, {"target_amount": "7"}, {"status": "REJECTED"}, {"status": "ACCEPTED"}]
                )
            )
            return kind, lost, draw(st.sampled_from(QUOTES)), draw(st.sampled_from(RATES)), valid, fields
        case "decide":
            verdict = draw(st.sampled_from(["ACCEPT"] * 6 + ["REJECT", "REFER", "WAIT"]))
            return kind, lost, pick, verdict, draw(st.sampled_from((*QUOTES, None))), draw(st.sampled_from(["rules"] * 4 + ["other"]))
        case "mislead":
            return kind, lost, pick, draw(st.sampled_from(MISLEADING)), draw(st.sampled_from(QUOTES))
        case "person":
            return kind, lost, pick, draw(st.sampled_from(["ACCEPT", "ACCEPT", "REJECT"])), draw(st.sampled_from(QUOTES))
        case "complete":
            http = draw(st.sampled_from([None, 409, 409, 403, 200]))
            return kind, lost, pick, draw(st.sampled_from(OUTCOMES)), draw(st.integers(0, 2)), http
        case "time":
            return kind, lost, draw(st.sampled_from([0.2, 1.0, 3.0, 8.0, 30.0, 300.0, -2.0, -40.0]))
        case _:
            return kind, lost, pick


histories = st.lists(acts(), max_size=20)


@dataclass
class World:
    """Everything around one workflow, with books of its own."""

    scene: Scene = field(default_factory=Scene)
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Published, also by workers that died before the commit."""
    commands: list[dict[str, Any]] = field(default_factory=list)
    made: list[dict[str, Any]] = field(default_factory=list)
    """What was said by transactions that were committed, in their order; heard events stand between them."""
    heard: list[Event] = field(default_factory=list)
    answers: dict[str, DecisionMade] = field(default_factory=dict)
    unread: list[Event] = field(default_factory=list)
    """Events whose transaction was lost: they are read again, some time."""
    after_each: Callable[[World], None] = lambda _: None

    def seconds(self) -> float:
        """Return the seconds since the start."""
        return self.scene.clock.monotonic()

    def hears(self, event: Event, *, lost: bool = False) -> None:
        """Let the workflow read an event, with the worker dying between publishing and commit when `lost`."""
        if lost:
            self._publish(self.scene.restarted().hears(event))
            self.unread.append(event)
            return
        self.heard.append(event)
        self._commit(self.scene.hears(event))

    def wakes(self, *, lost: bool = False) -> None:
        """Wake what is due."""
        if lost:
            self._publish(self.scene.restarted().wakes())
        else:
            self._commit(self.scene.wakes())

    def _publish(self, said: list[dict[str, Any]]) -> None:
        self.requests += [one for one in said if one["_kind"] == "decision-requested"]
        self.commands += [one for one in said if one["_kind"] == "command-issued"]

    def _commit(self, said: list[dict[str, Any]]) -> None:
        self._publish(said)
        self.made += said
        self.after_each(self)

    def decide(self, request: dict[str, Any], verdict: str, quote_id: str | None, engine: str, *, lost: bool = False) -> None:
        """Answer a request."""
        named = quote_id if verdict == "ACCEPT" and request["question"] == "co_sign_quote" else None
        self._answer(decision(request, verdict, named, engine=engine), lost=lost)

    def person(self, referral: DecisionMade, verdict: str, quote_id: str) -> None:
        """Answer a referral."""
        request = next(one for one in self.requests if one["context_sha256"] == referral.context_sha256)
        named = quote_id if verdict == "ACCEPT" and referral.question == "co_sign_quote" else None
        self._answer(decision(request, verdict, named, engine="a person", refers_to=referral.decision_id), lost=False)

    def _answer(self, made: DecisionMade, *, lost: bool) -> None:
        self.answers[made.decision_id] = made
        self.hears(made, lost=lost)

    def does(self, act: Act) -> None:
        """Let one act happen; what there is nothing for does not."""
        kind, lost, *rest = act
        now = self.seconds()
        match kind:
            case "order":
                self.hears(order(rest[0], side=rest[1], seconds=now, target_amount=rest[2]), lost=lost)
            case "hint":
                self.hears(hint(rest[0], seconds=now), lost=lost)
            case "quote":
                valid = None if rest[2] is None else now + rest[2]
                self.hears(quote(rest[0], rest[1], seconds=now, valid=valid, **rest[3]), lost=lost)
            case "compliance":
                self.hears(compliance(seconds=now), lost=lost)
            case "rate":
                self.hears(rate(seconds=now), lost=lost)
            case "decide" if self.requests:
                self.decide(self.requests[-1 - rest[0] % len(self.requests)], rest[1], rest[2], rest[3], lost=lost)
            case "mislead" if self.requests:
                request = self.requests[-1 - rest[0] % len(self.requests)]
                named = rest[2] if request["question"] == "co_sign_quote" else None
                self.hears(decision(request, "ACCEPT", named).model_copy(update=rest[1]), lost=lost)
            case "person" if referrals := [made for made in self.answers.values() if made.verdict == "REFER"]:
                self.person(referrals[-1 - rest[0] % len(referrals)], rest[1], rest[2])
            case "complete" if self.commands:
                said = self.commands[-1 - rest[0] % len(self.commands)]
                self.hears(completion(said, rest[1], attempts=rest[2], http_status=rest[3]), lost=lost)
            case "time":
                self.scene.clock.pass_by(rest[0])
            case "wake":
                self.wakes(lost=lost)
            case "again" if self.heard:
                self.hears(self.heard[-1 - rest[0] % len(self.heard)])
            case "lose" if self.unread:
                self.hears(self.unread.pop(rest[0] % len(self.unread)))

    def state(self) -> WorkflowState:
        """Return the stored state."""
        return self.scene.state()


def lived(history: list[Act], after_each: Callable[[World], None] = lambda _: None) -> World:
    """Return a world after a history that begins with a proposal, as most do."""
    world = World(after_each=after_each)
    for act in history:
        world.does(act)
    for event in world.unread:
        world.hears(event)
    world.unread.clear()
    return world


def of_kind(world: World, kind: str) -> list[dict[str, Any]]:
    """Return what committed transactions said of one kind."""
    return [one for one in world.made if one["_kind"] == kind]


_ASKED: list[Act] = [("order", False, "PENDING", "sender", "100000"), ("time", False, 1.0), ("wake", False, 0)]
_QUOTED: list[Act] = [
    *_ASKED,
    ("decide", False, 0, "ACCEPT", None, "rules"),
    ("complete", False, 0, "succeeded", 1, None),
    ("quote", False, "q1", "112", 30.0, {}),
    ("quote", False, "q2", "111.5", 25.0, {}),
    ("quote", False, "q3", "121", 30.0, {}),
]
_CHOOSING: list[Act] = [*_QUOTED, ("time", False, 8.0), ("wake", False, 0)]
_CO_SIGNING: list[Act] = [*_CHOOSING, ("decide", False, 0, "ACCEPT", "q1", "rules")]
_LATE: list[Act] = [*_CHOOSING, ("time", False, 30.0)]
_IN_DOUBT: list[Act] = [*_CO_SIGNING, ("complete", False, 0, "unknown", 2, None), ("time", False, 3.0), ("wake", False, 0)]
_STAGES = [_ASKED, _QUOTED, _CHOOSING, _CO_SIGNING, _LATE, _IN_DOUBT]
proposals = st.builds(list[Act].__add__, st.sampled_from(_STAGES), histories)
"""Chance alone seldom gets far: most of these begin in the middle."""
quick = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(proposals)
def test_nothing_is_asked_twice(history: list[Act]) -> None:
    """No (question, round) is asked twice, no command and no alarm is issued twice, and rounds count up from 1 without a gap."""
    world = lived(history)
    for kind, name in (("decision-requested", "request_id"), ("command-issued", "command_id"), ("alarm-raised", "alarm_id")):
        assert all(count == 1 for count in Counter(one[name] for one in of_kind(world, kind)).values())
    for question in ("accept_proposal", "co_sign_quote"):
        rounds = [one["round"] for one in of_kind(world, "decision-requested") if one["question"] == question]
        assert rounds == list(range(1, len(rounds) + 1))


@quick
@example([*_ASKED, ("mislead", False, 0, {"quote_id": "q9"}, "q1")])  # chance finds it seldom
@given(proposals)
def test_no_command_without_an_accept_for_exactly_that(history: list[Act]) -> None:
    """Each command stands on an ACCEPT that was heard: of its question and quote, for a request that was made, with that request's context.

    A referral stands between them only when the ACCEPT refers to it.
    """
    world = lived(history)
    asked = {(one["request_id"], one["context_sha256"]): one for one in of_kind(world, "decision-requested")}
    heard = [event for event in world.heard if isinstance(event, DecisionMade)]
    for command in of_kind(world, "command-issued"):
        exactly = (command["decision_id"], "ACCEPT", command["kind"], command.get("quote_id"))
        known = [one for one in heard if (one.decision_id, one.verdict, one.question, one.quote_id) == exactly]
        made = next(one for one in known if (one.request_id, one.context_sha256) in asked)
        request = asked[made.request_id, made.context_sha256]
        assert (request["question"], request["intent_id"]) == (command["kind"], command["intent_id"])
        assert command["issued_at"] < command["not_after"] <= request["decide_by"]
        assert command["target_amount"] == request["context"]["target_amount"]
        if command["kind"] == "co_sign_quote":
            chosen = next(one for one in request["context"]["quotes"] if one["quote_id"] == command["quote_id"])
            assert chosen["agrees"] is True
            assert chosen["fx_rate"] == command["fx_rate"]
            assert Decimal(command["fx_rate"]) * Decimal(command["target_amount"]) <= Decimal(command["source_amount_max"])
            assert command["not_after"] < chosen["valid_until"]
        if made.refers_to is not None:
            assert any(one.decision_id == made.refers_to and one.verdict == "REFER" for one in heard)


_REFUSED_BY_A_LOST_WORKER: list[Act] = [
    *_IN_DOUBT,
    *[("order", False, "PENDING", "sender", "100000")] * 2,
    ("decide", True, 0, "ACCEPT", "q1", "rules"),
    ("complete", False, 0, "refused", 1, None),
    ("decide", False, 0, "ACCEPT", "q2", "rules"),
]


@quick
@example(_REFUSED_BY_A_LOST_WORKER)
@given(proposals)
def test_one_command_at_a_time_and_one_quote_at_most(history: list[Act]) -> None:
    """A command of a kind follows another only after that one's end; another quote only after a refusal, or when nothing was sent."""
    open_: dict[str, dict[str, Any]] = {}
    bound: set[str] = set()
    ended: set[str] = set()
    seen = 0

    def watch(world: World) -> None:
        nonlocal seen
        event = world.heard[-1] if world.heard else None
        if event is not None and type(event).__name__ == "CommandCompleted":
            for kind, command in list(open_.items()):
                if command["command_id"] == event.command_id:  # type: ignore[attr-defined]
                    del open_[kind]
            # Also of a command that a dying worker published: the executor has it. Its first end counts.
            if event.command_id not in ended:  # type: ignore[attr-defined]
                ended.add(event.command_id)  # type: ignore[attr-defined]
                _bind(bound, event)
        for command in (one for one in world.made[seen:] if one["_kind"] == "command-issued"):
            assert command["kind"] not in open_
            open_[command["kind"]] = command
            if command["kind"] == "co_sign_quote":
                assert bound <= {command["quote_id"]}
        seen = len(world.made)

    lived(history, watch)


@quick
@example([*_CHOOSING, ("quote", False, "q2", "111.5", 25.0, {"status": "ACCEPTED"}), ("decide", False, 0, "ACCEPT", "q1", "rules")])
@given(proposals)
def test_beside_a_chosen_quote_no_other_is_commanded(history: list[Act]) -> None:
    """When a co-signature is commanded, either its quote is one that the institution chose, or none of those shown by then is."""
    seen = 0

    def watch(world: World) -> None:
        nonlocal seen
        for command in (one for one in world.made[seen:] if one["_kind"] == "command-issued" and "quote_id" in one):
            chosen = {held.quote_id for held in world.state().quotes if held.status == "ACCEPTED"}
            assert not chosen or command["quote_id"] in chosen
        seen = len(world.made)

    lived(history, watch)


_CONFLICT: list[Act] = [
    *_ASKED,
    ("decide", False, 0, "ACCEPT", None, "rules"),
    ("complete", False, 0, "refused", 1, 409),
    ("time", False, 30.0),
    ("wake", False, 0),
]


@quick
@example([*_CONFLICT, ("decide", False, 0, "ACCEPT", None, "rules")])
@example([*_CONFLICT, ("decide", False, 0, "REFER", None, "rules"), ("person", False, 0, "ACCEPT", "q1")])
@given(st.builds(list[Act].__add__, st.sampled_from([_CONFLICT, _CO_SIGNING]), histories))
def test_what_the_venue_refused_goes_out_again_on_other_facts_or_by_people(history: list[Act]) -> None:
    """No second command for a thing that was refused, unless the order says something else by then, or a person has approved it."""
    refused: list[dict[str, Any]] = []
    ended: set[str] = set()
    seen = 0

    def watch(world: World) -> None:
        nonlocal seen
        event = world.heard[-1] if world.heard else None
        if isinstance(event, CommandCompleted) and event.command_id not in ended:
            ended.add(event.command_id)
            if event.outcome == "refused" and event.http_status is not None:
                refused.append(next(one for one in world.commands if one["command_id"] == event.command_id))
        for command in (one for one in world.made[seen:] if one["_kind"] == "command-issued"):
            same = [one for one in refused if (one["kind"], one.get("quote_id")) == (command["kind"], command.get("quote_id"))]
            made = next(one for one in world.heard if isinstance(one, DecisionMade) and one.decision_id == command["decision_id"])
            assert made.refers_to is not None or all(_terms(one) != _terms(command) for one in same)
        seen = len(world.made)

    lived(history, watch)


def _terms(command: dict[str, Any]) -> Decimal:
    """Return what of the order changes in these histories, by value."""
    return Decimal(command["target_amount"])


def _bind(bound: set[str], event: Any) -> None:
    """Note which quote may have been co-signed: only a refusal, or that nothing was sent, frees the others."""
    if event.quote_id is None:
        return
    sent = event.attempts > 0
    if event.outcome in ("succeeded", "shadowed", "unknown") or (event.outcome == "expired" and sent):
        bound.add(event.quote_id)
    elif event.outcome == "refused" and (sent or event.http_status is not None):
        bound.discard(event.quote_id)


@quick
@given(proposals)
def test_no_due_time_is_left_behind(history: list[Act]) -> None:
    """Whenever something was heard or woken, the next wake-up is in the future, so no worker runs in circles."""

    def watch(world: World) -> None:
        due = world.scene.engine.due_at
        assert due is None or due > world.scene.now

    lived(history, watch)


@quick
@given(histories, st.sampled_from(TERMINAL))
def test_a_history_that_ends_at_the_venue_ends_here(history: list[Act], status: str) -> None:
    """After a terminal status, or one that nobody knows, the intent has ended and waits for nothing; a later SETTLED is never hidden."""
    world = lived(history)
    world.hears(order(status, seconds=world.seconds()))
    assert world.state().phase == "ended"
    assert world.scene.engine.due_at is None
    said = len(of_kind(world, "decision-requested")) + len(of_kind(world, "command-issued"))
    world.hears(hint("SETTLED", seconds=world.seconds()))
    assert world.state().status == "SETTLED"
    for request in world.requests[-3:]:
        world.decide(request, "ACCEPT", "q1", "late")
    world.scene.clock.pass_by(400)
    world.wakes()
    assert len(of_kind(world, "decision-requested")) + len(of_kind(world, "command-issued")) == said


@quick
@given(proposals, st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=4))
def test_the_work_comes_to_rest_though_the_venue_never_shows_an_end(history: list[Act], outcomes: list[str]) -> None:
    """When every command ends somehow and time goes by, the work waits for nothing any more and neither asks nor commands."""
    world = lived(history)
    ended = {event.command_id for event in world.heard if isinstance(event, CommandCompleted)}
    world.scene.clock.pass_by(1000)  # past whatever the history has set the clock back by
    for turn in range(20):
        world.wakes()
        for command in [one for one in world.commands if one["command_id"] not in ended]:
            ended.add(command["command_id"])
            world.hears(completion(command, outcomes[turn % len(outcomes)]))
        world.scene.clock.pass_by(400)
    assert world.scene.engine.due_at is None, world.state().phase
    said = len(world.made)
    world.scene.clock.pass_by(86_400)
    world.wakes()
    assert len(world.made) == said


HARMLESS = ("quote", "wake", "again", "lose")
"""Acts that neither answer nor end anything, nor bring evidence."""


@quick
@given(histories.map(lambda acts: [act for act in acts if act[0] in HARMLESS]), st.sampled_from([0.0, 0.3, 30.0, 290.0]))
def test_nothing_is_declined_for_good_for_want_of_evidence(history: list[Act], late: float) -> None:
    """Whatever is shown meanwhile: a proposal that an engine rejected without its snapshot is asked about again with it, once."""
    world = lived([*_ASKED, ("decide", False, 0, "REJECT", None, "rules"), *history])
    assert world.state().phase == "declined"
    world.scene.clock.pass_by(late)
    before = len(world.requests)
    world.hears(compliance(seconds=world.seconds()))
    for act in [("time", False, 1.0), ("wake", False, 0)]:  # so long the rate is waited for
        world.does(act)
    (again,) = world.requests[before:]
    assert again["context"]["compliance"]["kyc_status"] == "KYC_VERIFIED"
    world.decide(again, "REJECT", None, "rules")
    for act in [*history, ("compliance", False, 0), ("time", False, 8.0), ("wake", False, 0)]:
        world.does(act)
    assert len(world.requests) == before + 1
    assert world.state().phase == "declined"


@quick
@given(histories.map(lambda acts: [act for act in acts if act[0] in ("compliance", "rate", "wake", "again", "lose")]), st.booleans())
def test_nothing_waits_for_ever_for_what_was_only_decided_in_shadow(history: list[Act], quoted: bool) -> None:
    """In live the proposal is asked about again, unless there are quotes; then they are. An accept in live is one command of live."""
    world = World(scene=Scene(WorkflowRules(mode="shadow")))
    for act in [*_ASKED, ("decide", False, 0, "ACCEPT", None, "rules"), ("complete", False, 0, "shadowed", 0, None), *history]:
        world.does(act)
    if quoted:
        world.does(("quote", False, "q1", "112", 200.0, {}))
    assert world.state().phase == "quoting"
    world.scene = Scene(clock=world.scene.clock, states=world.scene.engine.states)
    said = [*world.scene.at(world.seconds() + 1), *world.scene.at(world.seconds() + 10)]
    (asked,) = [one for one in said if one["_kind"] == "decision-requested"]
    assert asked["question"] == ("co_sign_quote" if quoted else "accept_proposal")
    (command,) = world.scene.hears(decision(asked, "ACCEPT", "q1" if quoted else None))
    assert command["mode"] == "live"


@quick
@given(histories)
def test_the_status_is_that_of_the_highest_rank_shown(history: list[Act]) -> None:
    """Whatever else happens, the status is the furthest one that was shown, and the first of those unless SETTLED came after it."""
    world = lived(history)
    ranks = {"PENDING": 0, "QUOTED": 1, "EXECUTING": 2}
    current: str | None = None
    for event in world.heard:
        if isinstance(event, OrderUpdated):
            shown, held = ranks.get(event.status, 3), -1 if current is None else ranks.get(current, 3)
            gives_way = current in ("WITHDRAWN", "CANCELLED") and event.status != "WITHDRAWN"
            if shown > held or (shown == held == 3 and (event.status == "SETTLED" or gives_way)):
                current = event.status
    assert world.state().status == current


@quick
@given(histories, st.sampled_from(["receiver", "none"]))
def test_what_is_not_ours_to_send_is_only_followed(history: list[Act], side: str) -> None:
    """An order that never had us as sender's custodian is never asked about and never commanded, and raises no alarm about quotes."""
    theirs = [(*act[:3], side, *act[4:]) if act[0] == "order" else act for act in history]
    world = lived(theirs)
    assert {one["_kind"] for one in world.made} <= {"alarm-raised"}
    assert not any(one["kind"] in ("quote_disagrees", "cost_guard_broken") for one in world.made)


@quick
@example([*_LATE, ("mislead", False, 0, {"refers_to": "nothing that was ever referred"}, "q1")])
@given(proposals)
def test_repetitions_of_what_is_shown_and_answered_change_nothing(history: list[Act]) -> None:
    """Hearing every event a second time at once says nothing new and leaves the state as it is."""
    world = World()
    for act in history:
        before = len(world.heard)
        world.does(act)
        for event in world.heard[before:]:
            held, said = world.scene.engine.states.copy(), len(world.made)
            world.hears(event)
            assert world.scene.engine.states == held
            assert len(world.made) == said


@quick
@given(proposals)
def test_a_batch_says_what_single_records_say(history: list[Act]) -> None:
    """Records read in one transaction lead to the same outputs and states as one by one: what is in memory is what is stored."""
    world = lived([act for act in history if act[0] not in ("time", "wake")])
    records = _records(world.heard)
    clock = world.scene.clock
    processor = workflow(world.scene.rules)
    one_by_one = Scene(clock=clock)
    single = [out.envelope.id for one in records for out in one_by_one.engine.run([one])]
    batch = run_events(processor, records, [decode(one) for one in records], lambda _: None, clock.now())
    assert [out.envelope.id for out in batch.outputs] == single
    assert {key: kept.text for key, kept in batch.states.items()} == one_by_one.engine.states
    for text in one_by_one.engine.states.values():
        assert to_json(from_json(text)) == text


def _records(events: list[Event]) -> list[Record]:
    scene = Scene()
    return [scene.record(event) for event in events]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_wherever_the_worker_dies_what_should_be_accepted_is(data: Any) -> None:
    """With honest neighbours, any order of arrival between topics and deaths between publishing and commit: accepted and co-signed, once.

    The decision maker answers each distinct record of a request once, the executor ends each command once; nobody repeats himself.
    """
    world = World()
    shows: list[Event] = [order(), rate(), compliance(), quote("q1", "112", seconds=0, valid=100), quote("q2", "111", seconds=0, valid=100)]
    pending: list[Event] = data.draw(st.permutations(shows))
    answered: set[tuple[str, str]] = set()
    ended: set[str] = set()
    for _ in range(60):
        if pending and data.draw(st.integers(0, 3)):
            place: int = data.draw(st.integers(0, len(pending) - 1))
            event = pending.pop(place)
            world.hears(event, lost=data.draw(st.integers(0, 2)) == 0)
            pending += world.unread
            world.unread.clear()
        else:
            world.scene.clock.pass_by(0.5)
            world.wakes(lost=data.draw(st.integers(0, 2)) == 0)
        for request in world.requests:
            if (request["request_id"], request["context_sha256"]) not in answered:
                answered.add((request["request_id"], request["context_sha256"]))
                best = min(request["context"]["quotes"], key=lambda one: one["fx_rate"], default={"quote_id": None})
                pending.append(decision(request, "ACCEPT", best["quote_id"]))
        for command in world.commands:
            if command["command_id"] not in ended:
                ended.add(command["command_id"])
                pending.append(completion(command))
    for _ in range(40):
        for event in pending:
            world.hears(event)
        pending.clear()
        world.scene.clock.pass_by(0.5)
        world.wakes()
        for request in world.requests:
            if (request["request_id"], request["context_sha256"]) not in answered:
                answered.add((request["request_id"], request["context_sha256"]))
                best = min(request["context"]["quotes"], key=lambda one: one["fx_rate"], default={"quote_id": None})
                pending.append(decision(request, "ACCEPT", best["quote_id"]))
        for command in world.commands:
            if command["command_id"] not in ended:
                ended.add(command["command_id"])
                pending.append(completion(command))
    assert world.state().phase == "underway", world.state()
    assert {command["quote_id"] for command in world.commands if command["kind"] == "co_sign_quote"} <= {"q1", "q2"}
    assert not [one for one in world.made if one["_kind"] == "alarm-raised"]


def test_the_digest_of_a_context_is_that_of_its_bytes() -> None:
    """Whoever reads a request can check the digest: it is over the context as it stands in the record."""
    import hashlib

    scene = Scene()
    scene.hears(order(), rate(), compliance())
    value = scene.said[-1].value
    start = value.index(b'"context":') + len(b'"context":')
    end = value.index(b',"context_sha256"')
    said = scene.said[-1].value[end:].split(b'"')[3].decode()
    assert hashlib.sha256(value[start:end]).hexdigest() == said
    assert f"{VENUE}/{intent(1)}" in scene.engine.states
    assert at(0).startswith("2025")
