"""What becomes of a referral on which people have agreed: the decision that answers it, and what it reserves.

    one refused           -> REJECT, by that person
    enough have approved  -> the limits are asked again, with what is accepted by now
                               one says REJECT, asks for more people than have approved, or the time is over -> REJECT, by the policy
                               one lacks what it would have to know -> looked again, and without an answer once the time is over
                               else -> ACCEPT, by those people, and reserved in the same transaction

While people think, others are accepted: what was shown to them may have been within a limit that it would pass now. Limits are the rules
that count what was accepted before; whatever else the policy looks at stands in the question and stays as it was shown. A limit whose word
is REFER asks for people, and people have said yes. What nobody knows is no reason to decline what they approved. Where somebody else's
engine decides, there are no limits of ours. Design, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.log.envelope import derive_id, time_text
from pipeline.policy.engine import DECIDED_BY, Engine, Outcome, told
from pipeline.policy.exposures import Exposures, order_of, signable
from pipeline.policy.facts import Facts, facts_of
from schemas.accepting import DecisionMade, DecisionRequested, RuleOutcome, Verdict

DECIDED_BY_MAX = 512
NOT_KEPT = RuleOutcome(
    name="built in: the question is whole",
    check="question_whole",
    verdict="REJECT",
    inputs={},
    explanation="The question holds what it was asked about. Here: it is not kept, so no limit can be asked.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A decision that was referred to people, and what they agreed on."""

    referred: DecisionMade
    verdict: Literal["approve", "refuse"]
    people: tuple[str, ...]
    """Who has said so: everybody who approved, or who refused."""


Unanswered = Literal["waits", "expired"]
"""Something that a limit has to know is missing, and may come still; or the time is over and it is missing."""


def answer(
    agreed: Agreed, request: DecisionRequested | None, engine: Engine | None, exposures: Exposures, now: Callable[[], datetime]
) -> DecisionMade | Unanswered:
    """Return the answer to a referral and, when it accepts, reserve; or why there is none.

    `exposures` belongs to an open transaction that the caller commits together with the answer; `now` is read once the limits are ours
    alone. `engine` is None where somebody else's decides; `request` is None where the question is not kept: then nothing is accepted.
    """
    referred = agreed.referred
    if agreed.verdict == "refuse":
        return _by_people(agreed, "REJECT", now())
    if engine is None:
        return _by_people(agreed, "ACCEPT", now())
    exposures.lock([referred.venue])
    at = now()
    if request is None:
        return _stopped(agreed, at).model_copy(update={"rules": (*referred.rules, NOT_KEPT)})
    asked = facts_of(request, {}, at)
    order = order_of(request)
    facts = asked.counted(exposures.read(referred.venue, referred.intent_id, engine.queries_of(asked), at, order))
    made = _asked_again(agreed, engine, facts)
    if isinstance(made, DecisionMade) and made.verdict == "ACCEPT":
        signed = signable(facts).get(referred.quote_id or "") if referred.question == "co_sign_quote" else None
        exposures.reserve(order, referred.question, made.decision_id, signed, at)
    return made


def _asked_again(agreed: Agreed, engine: Engine, facts: Facts) -> DecisionMade | Unanswered:
    """Return the answer that follows from the limits as they are now, with what they said in the place of what was shown."""
    outcomes = engine.limits(facts, agreed.referred.quote_id)
    limits = [_said(outcome, len(agreed.people)) for outcome in outcomes]
    against = [outcome for outcome, limit in zip(outcomes, limits, strict=True) if limit.verdict == "REJECT"]
    late = [outcome for outcome in against if outcome.rule.builtin and outcome.verdict == "WAIT"]  # it would have to be asked anew
    lacking = [outcome for outcome in against if outcome.found.says == "MISSING"]
    if lacking and len(late) + len(lacking) == len(against):
        return "expired" if late else "waits"
    stopped = bool(against)
    made = _stopped(agreed, facts.now) if stopped else _by_people(agreed, "ACCEPT", facts.now)
    return made.model_copy(
        update={
            "policy": engine.policy_name,
            "rules": _in_place(agreed.referred.rules, limits),
            "counters": dict(sorted(facts.counters.items())),
        }
    )


def _said(outcome: Outcome, approved: int) -> RuleOutcome:
    """Write down what a limit says of an order that people approved; REJECT where that stops it."""
    said = told(outcome)
    if outcome.verdict == "WAIT":  # an answer to people is yes or no
        return said.model_copy(update={"verdict": "REJECT"})
    if outcome.verdict == "REFER" and outcome.rule.approvers > approved:
        why = f"{said.explanation} It asks for {outcome.rule.approvers} people now, and {approved} approved."
        return said.model_copy(update={"verdict": "REJECT", "explanation": why})
    return said


def _in_place(shown: Sequence[RuleOutcome], limits: Sequence[RuleOutcome]) -> tuple[RuleOutcome, ...]:
    """Return the rules that people were shown with the limits as they are now; what was not among them comes last."""
    now = {(limit.name, limit.check): limit for limit in limits}
    kept = [now.pop((rule.name, rule.check), rule) for rule in shown]
    return (*kept, *now.values())


def _stopped(agreed: Agreed, at: datetime) -> DecisionMade:
    return _by_people(agreed, "REJECT", at).model_copy(update={"decided_by": DECIDED_BY})


def _by_people(agreed: Agreed, verdict: Verdict, at: datetime) -> DecisionMade:
    """Return an answer of people: the evidence of the referral stays, they take the place of the engine."""
    referred = agreed.referred
    return referred.model_copy(
        update={
            "decision_id": derive_id("decision", referred.request_id, "people", referred.decision_id),
            "verdict": verdict,
            "decided_by": ", ".join(agreed.people)[:DECIDED_BY_MAX],
            "decided_at": time_text(at),
            "approvers_needed": 0,
            "refers_to": referred.decision_id,
        }
    )
