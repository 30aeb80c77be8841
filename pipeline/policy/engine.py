"""A policy applied to a question: every rule is asked, also after the first failure, and the verdict follows from all of them.

    any REJECT -> REJECT, else any REFER -> REFER, else any WAIT -> WAIT, else ACCEPT

* A rule that is violated says its `otherwise`. One whose input is missing or stale says WAIT while that may still come (the question's
  `evidence_until`), then REFER, and never REJECT: what nobody knows is no reason to decline. A rule about another venue, pair or currency
  says NOT_APPLICABLE. When no rule of the policy applies to a question, the answer is REFER.
* Beside the policy, and not to be switched off: the question is whole and not answered too late, the order is still open, we are the
  sender's custodian, the venue has not refused the same on the same facts, the books can hold what comes of it; for quotes: still valid,
  agreeing with the order, cost guard held. What was refused, and what the books cannot hold, is in the record where it speaks against.
* To co-sign, one quote is chosen: the lowest required source amount among the quotes that no rule rejects. Its rules make the verdict; all
  competing quotes, and what refused them, stand in the outcome of the choice. A cheapest quote that has to be referred is referred, never
  passed over for a dearer one. Where the institution has chosen, that quote is the one, whatever its rules make of it: never another.

`decide` is a function of policy, question, counters and time, and of nothing else. Interface, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Literal, NamedTuple

import orjson

from pipeline.domain.money import Scales
from pipeline.log.codec import decode
from pipeline.log.envelope import derive_id, time_text
from pipeline.policy.check import Case, Compiled, Found, Says, judged, missing, no_query, not_applicable
from pipeline.policy.checks.books import order_can_be_booked, quote_can_be_booked
from pipeline.policy.checks.quotes import BestExecution, choose, cost_guard_held, picked, quote_agrees, quote_valid
from pipeline.policy.counters import ACCEPTED_AS, BEFORE, ENDED, CounterQuery
from pipeline.policy.exact import span_text
from pipeline.policy.facts import Facts, Quote, facts_of, instant
from pipeline.policy.file import Policy, Rule
from schemas.accepting import DecisionMade, DecisionRequested, PolicyName, Question, RuleOutcome, Verdict

DECIDED_BY = "risk"
"""Who decides where no person does."""

Word = Literal["PASS", "REJECT", "REFER", "WAIT", "NOT_APPLICABLE"]
_HOLDS: frozenset[Word] = frozenset({"PASS", "NOT_APPLICABLE"})


class Asked(NamedTuple):
    """A rule ready to be asked; `builtin` ones do not count as rules of the policy."""

    name: str
    check: str
    sentence: str
    compiled: Compiled
    otherwise: Word
    approvers: int
    venue: str | None
    pair: str | None
    builtin: bool


Words = Mapping[Says, Word]
Ready = tuple[Asked, Callable[[Case], Found], tuple[Words, Words]]
"""A rule, how it is asked, and what it says by what it found, when inputs are not waited for any more and while they are: taken apart once,
for a policy is asked often."""


class Outcome(NamedTuple):
    """What a rule said about a case."""

    rule: Asked
    verdict: Word
    found: Found


class Judgement(NamedTuple):
    """The answer to a question, before it is written down."""

    verdict: Verdict
    quote_id: str | None
    approvers: int
    outcomes: Sequence[Outcome]


class Decision(NamedTuple):
    """A decision with its record: the bytes that `encode` gives for the `DecisionMade` that it is."""

    decision_id: str
    verdict: Verdict
    quote_id: str | None
    value: bytes


class Engine:
    """A policy compiled once and applied often."""

    def __init__(self, policy: Policy, scales: Scales | None = None, *, as_before: bool = False) -> None:
        """Compile a policy; it was checked when it was read.

        `scales` are those that the ledger books with. `as_before`: as releases before applied it, see `of`.
        """
        self.policy, self._scales, self._as_before = policy, scales, as_before
        self._bookable = _bookable(order_can_be_booked(scales or Scales())), _bookable(quote_can_be_booked(scales or Scales()))
        self._name = {"name": policy.name, "version": policy.version, "sha256": policy.sha256}
        self._choice = _CHOICE
        self._params = _PARAMS
        rules: dict[tuple[Question, str], list[Ready]] = {}
        for rule in policy.rules:
            if isinstance(rule.params, BestExecution):
                self._choice, self._params = _asked(rule, rule.compiled), rule.params
            else:
                compiled = rule.compiled.before if as_before and rule.compiled.before is not None else rule.compiled
                rules.setdefault((rule.question, compiled.about), []).append(_ready(_asked(rule, compiled)))
        self._order = {
            "accept_proposal": (*_BUILT_IN_ORDER, *rules.get(("accept_proposal", "order"), ())),
            "co_sign_quote": (*_BUILT_IN_ORDER, *rules.get(("co_sign_quote", "order"), ())),
        }
        self._quote = tuple(rules.get(("co_sign_quote", "quote"), ()))
        self._quotes = tuple(rules.get(("co_sign_quote", "quotes"), ()))
        self._ageing = {
            question: tuple(_ready(_asked(rule, rule.compiled)) for rule in policy.rules if rule.question == question and rule.check.ages)
            for question in self._order
        }
        self._counting = {question: _counting(asked) for question, asked in self._order.items()}
        self._counting_quote = _counting(self._quote)
        self.policy_name = PolicyName(name=policy.name, version=policy.version, sha256=policy.sha256)

    @cached_property
    def before(self) -> Engine:
        """Return the same policy as releases before applied it, when every limit counted at the venue of the question."""
        return self if self._as_before else Engine(self.policy, self._scales, as_before=True)

    def of(self, counters: Mapping[str, str]) -> Engine:
        """Return the engine that reads recorded counters: this one, or the one of releases before where they wrote them."""
        return self.before if any(key.startswith(BEFORE) for key in counters) else self

    def queries(self, request: DecisionRequested, now: datetime) -> tuple[CounterQuery, ...]:
        """Return the counters that the policy needs for a question, each once, in the order of the rules."""
        return self.queries_of(facts_of(request, {}, now, ""))

    def queries_of(self, facts: Facts) -> tuple[CounterQuery, ...]:
        """Return the counters that the policy needs for a question that was read already."""
        found: dict[str, CounterQuery] = {}
        for rules, cases in (
            (self._counting[facts.question], [Case(facts)]),
            (self._counting_quote, [Case(facts, quote) for quote in facts.quotes] if self._counting_quote else ()),
        ):
            for rule, _, _ in rules:
                for case in cases:
                    if _elsewhere(rule, facts) is None and (query := rule.compiled.query(case)) is not None:
                        found[query.key] = query
        return tuple(found.values())

    def limits(self, facts: Facts, quote_id: str | None) -> list[Outcome]:
        """Ask only what time and other orders change: the built-in rules about the order, and every rule that counts what was accepted.

        Of the quotes only `quote_id` is looked at.
        """
        outcomes = _asked_all((*_BUILT_IN_ORDER, *_accepted(facts), *self._counting[facts.question]), Case(facts))
        for quote in facts.quotes:
            if quote.id == quote_id:
                outcomes += _asked_all(self._counting_quote, Case(facts, quote))
        return outcomes

    def lapsed(self, request: DecisionRequested, decision: DecisionMade, now: datetime) -> tuple[str, ...]:
        """Name the rules on hours, rates and screenings that do not hold now, but for those that did not when it was decided.

        What had failed then was decided on as it was, by people. A rule that is new since then has to hold as well.
        """
        facts = facts_of(request, decision.counters, now, request.context_sha256)
        failed = {rule.name for rule in decision.rules if rule.verdict not in _HOLDS}
        quote = next((quote for quote in facts.quotes if quote.id == decision.quote_id), None)
        outcomes = _asked_all(self._ageing[facts.question], Case(facts, quote))
        return tuple(rule.name for rule, verdict, _ in outcomes if verdict not in _HOLDS and rule.name not in failed)

    def judge(self, facts: Facts) -> Judgement:
        """Ask every rule and conclude."""
        if facts.question == "accept_proposal":
            outcomes = self._of_order(facts)
            return self._conclude(facts, outcomes, None)
        return self._co_sign(facts)

    def decide(self, request: DecisionRequested, counters: Mapping[str, str], now: datetime) -> DecisionMade:
        """Answer a question with the evidence; the same question, counters and time give the same bytes."""
        return decode(self.answer(facts_of(request, counters, now)).value, DecisionMade)

    def answer(self, facts: Facts) -> Decision:
        """Answer a question that was read already, straight into the bytes of its record."""
        return self.written(facts, self.judge(facts))

    def written(self, facts: Facts, judgement: Judgement) -> Decision:
        """Write down what was judged, straight into the bytes of its record.

        The fields stand in the order of `DecisionMade` and absent ones are absent, as `encode` writes them; building the models and
        checking them would take as long as all the rules. That the bytes are the same is held by a test.
        """
        request = facts.request
        decision_id = derive_id("decision", request.request_id, DECIDED_BY, self.policy.sha256, request.context_sha256)
        made: dict[str, Any] = {
            "decision_id": decision_id,
            "request_id": request.request_id,
            "venue": request.venue,
            "intent_id": request.intent_id,
            "question": facts.question,
        }
        if judgement.quote_id is not None:
            made["quote_id"] = judgement.quote_id
        made |= {
            "verdict": judgement.verdict,
            "policy": self._name,
            "decided_by": DECIDED_BY,
            "decided_at": time_text(facts.now),
            "rules": [_written(outcome) for outcome in judgement.outcomes],
            "counters": dict(sorted(facts.counters.items())),
            "context_sha256": request.context_sha256,
            "approvers_needed": judgement.approvers,
        }
        return Decision(decision_id, judgement.verdict, judgement.quote_id, orjson.dumps(made))

    def _of_order(self, facts: Facts) -> list[Outcome]:
        """Ask the rules about the order."""
        case = Case(facts)
        refused = _asked_all(_BUILT_IN_REFUSED, case) if facts.request.context.refusals else []
        refused += _asked_all(_accepted(facts), case)
        return refused + _against(self._bookable[0], case) + _asked_all(self._order[facts.question], case)

    def _co_sign(self, facts: Facts) -> Judgement:
        outcomes = self._of_order(facts)
        of_quote: list[list[Outcome]] = []
        acceptable: list[Quote] = []
        standing: list[Quote] = []
        builtin = (*_BUILT_IN_QUOTE, *_BUILT_IN_NAMED) if facts.request.context.refusals else _BUILT_IN_QUOTE
        for quote in facts.quotes:
            case = _new(Case, (facts, quote, (), ()))
            said = _asked_all(builtin, case)
            if _holds(said):
                acceptable.append(quote)
            said += _against(self._bookable[1], case) + _asked_all(self._quote, case)
            if not _rejected(said):
                standing.append(quote)
            of_quote.append(said)
        case = Case(facts, None, acceptable, standing)
        outcomes += _asked_all(self._quotes, case)
        choice, params = self._choice, self._params
        if _elsewhere(choice, facts) is not None:  # a choice for another venue or pair chooses nothing here
            outcomes += _asked_all((_ready(choice),), case)
            choice, params = _CHOICE, _PARAMS
        best, equal = choose(standing, params)
        theirs = picked(facts.quotes, facts.now)
        chosen = theirs[0] if theirs and any(quote is theirs[0] for quote in standing) else None if theirs else best
        shown = next(iter(theirs), best) or choose(facts.quotes, params)[0] or next(iter(facts.quotes), None)
        if shown is not None:
            outcomes += next(said for quote, said in zip(facts.quotes, of_quote, strict=True) if quote is shown)
        outcomes.append(_chosen(choice, facts, of_quote, chosen, _doubt(theirs, chosen, best, equal, params)))
        return self._conclude(facts, outcomes, None if shown is None else shown.id)

    def _conclude(self, facts: Facts, outcomes: list[Outcome], quote_id: str | None) -> Judgement:
        # Without any quote the rules about quotes were not asked; that there are some is enough.
        unasked = facts.question == "co_sign_quote" and not facts.quotes and bool(self._quote)
        if not unasked and all(verdict == "NOT_APPLICABLE" or rule.builtin for rule, verdict, _ in outcomes):
            outcomes.append(Outcome(_DEFAULT, "REFER", Found("FAIL", {"question": facts.question}, "no rule")))
        words = {verdict for _, verdict, _ in outcomes}
        if "REJECT" in words:
            return Judgement("REJECT", quote_id, 0, outcomes)
        if "REFER" in words:
            approvers = max(outcome.rule.approvers for outcome in outcomes if outcome.verdict == "REFER")
            return Judgement("REFER", quote_id, approvers, outcomes)
        if "WAIT" in words:
            return Judgement("WAIT", None, 0, outcomes)
        return Judgement("ACCEPT", quote_id, 0, outcomes)

    @cached_property
    def rule_names(self) -> tuple[str, ...]:
        """Return the names of the policy's rules in their order, each once."""
        return tuple(dict.fromkeys(rule.name for rule in self.policy.rules))


def _asked(rule: Rule, compiled: Compiled) -> Asked:
    return Asked(
        rule.name,
        rule.check.name,
        rule.check.sentence if rule.why is None else f"{rule.check.sentence} {rule.why}",
        compiled,
        rule.otherwise,
        rule.approvers,
        rule.params.venue,
        rule.params.pair,
        False,
    )


def _ready(rule: Asked) -> Ready:
    otherwise, evaluate = rule.otherwise, rule.compiled.evaluate
    words: dict[Says, Word] = {"PASS": "PASS", "NOT_APPLICABLE": "NOT_APPLICABLE", "WAIT": "WAIT", "FAIL": otherwise, "MISSING": "REFER"}
    if rule.builtin:  # these look at the order and its quotes alone, and what is unreadable there does not become readable
        words["MISSING"] = otherwise
        both: tuple[Words, Words] = (words, words)
    else:
        both = (words, {**words, "MISSING": "WAIT"})
    return rule, evaluate if rule.venue is None and rule.pair is None else partial(_asked_here, rule), both


def _counting(rules: Sequence[Ready]) -> tuple[Ready, ...]:
    """Return the rules that need a counter."""
    return tuple(ready for ready in rules if ready[0].compiled.query is not no_query)


def _elsewhere(rule: Asked, facts: Facts) -> str | None:
    """Return why a rule is about something else, if it is."""
    if rule.venue is not None and rule.venue != facts.venue:
        return f"the venue is {facts.venue}"
    if rule.pair is not None and rule.pair != facts.pair:
        return f"the pair is {facts.pair}"
    return None


_new = tuple.__new__  # see pipeline.policy.check


def _asked_all(rules: Sequence[Ready], case: Case) -> list[Outcome]:
    """Ask rules about a case, one after the other."""
    patient = case.facts.patient
    return [_new(Outcome, (rule, words[patient][(found := evaluate(case))[0]], found)) for rule, evaluate, words in rules]


def _against(rules: Sequence[Ready], case: Case) -> list[Outcome]:
    """Ask rules of which only what speaks against is recorded: what a former release decided comes out the same to the byte."""
    return [outcome for outcome in _asked_all(rules, case) if outcome.verdict != "PASS"]


def _asked_here(rule: Asked, case: Case) -> Found:
    facts = case.facts
    elsewhere = _elsewhere(rule, facts)
    return rule.compiled.evaluate(case) if elsewhere is None else not_applicable(elsewhere, {"venue": facts.venue, "pair": facts.pair})


def _holds(outcomes: Sequence[Outcome]) -> bool:
    return _HOLDS.issuperset([verdict for _, verdict, _ in outcomes])


def _doubt(theirs: Sequence[Quote], chosen: Quote | None, best: Quote | None, equal: int, params: BestExecution) -> str:
    """Say why no quote is chosen, or a person chooses; `theirs` are those that the institution has chosen, `best` is the cheapest."""
    if chosen is None:
        return f"{'the quote that the institution has chosen' if theirs else 'every quote'} is refused by a rule"
    if len(theirs) > 1:
        return f"the venue shows {len(theirs)} quotes as chosen; nobody guesses between them"
    if theirs:
        dearer = best is not None and best.required is not None and (theirs[0].required is None or theirs[0].required > best.required)
        return "the institution has chosen a quote that is not the cheapest" if dearer and not params.follow_selection else ""
    return f"{equal} quotes are equal; nobody guesses between them" if equal > 1 else ""


def _chosen(rule: Asked, facts: Facts, of_quote: Sequence[Sequence[Outcome]], chosen: Quote | None, doubt: str) -> Outcome:
    """Say what came of the choice, with all competing quotes."""

    def inputs() -> dict[str, str]:
        return {f"quote {quote.id}": _competitor(quote, said, quote is chosen) for quote, said in zip(facts.quotes, of_quote, strict=True)}

    if not facts.quotes:
        return Outcome(rule, "WAIT", Found("WAIT", inputs, "0", "there is no quote yet"))
    if chosen is None:
        return Outcome(rule, "REJECT", Found("FAIL", inputs, None, doubt))
    if doubt:
        return Outcome(rule, rule.otherwise, Found("FAIL", inputs, chosen.required_text, doubt))
    return Outcome(rule, "PASS", Found("PASS", inputs, chosen.required_text, ""))


def _rejected(outcomes: Sequence[Outcome]) -> bool:
    return "REJECT" in [verdict for _, verdict, _ in outcomes]


def _competitor(quote: Quote, outcomes: Sequence[Outcome], chosen: bool) -> str:
    """Describe a competing quote: what it costs, whose it is, how long it is valid, and what refused it."""
    stated = quote.stated
    maker = stated.market_maker_party_id or "unnamed"
    text = f"source {quote.required_text or 'unknown'}, rate {stated.fx_rate}, by {maker}, until {stated.valid_until}"
    against = [
        f"{verdict} by {rule.name} (observed {found.observed_text() or 'nothing'}, limit {rule.compiled.limit})"
        for rule, verdict, found in outcomes
        if verdict in ("REJECT", "REFER")
    ]
    return "; ".join([text, *against, *(["chosen"] if chosen else [])])


def told(outcome: Outcome) -> RuleOutcome:
    """Return an outcome as a decision tells it."""
    return RuleOutcome.model_validate(_written(outcome))


def _written(outcome: Outcome) -> dict[str, Any]:
    """Write an outcome as the fields of `RuleOutcome`, in their order, absent ones absent."""
    rule, verdict, found = outcome
    _, inputs, observed, note = found
    written: dict[str, Any] = {
        "name": rule.name,
        "check": rule.check,
        "verdict": verdict,
        "inputs": inputs if type(inputs) is dict else found.inputs_written(),
    }
    limit = rule.compiled.limit
    if limit is not None:
        written["limit"] = limit
    if observed is not None:
        written["observed"] = observed if type(observed) is str else found.observed_text()
    written["explanation"] = f"{rule.sentence} Here: {note}." if note else rule.sentence
    return written


def _whole(case: Case) -> Found:
    request = case.facts.request
    context = request.context
    inputs = {"target_amount": context.target_amount, "context_sha256": request.context_sha256}
    if (context.venue, context.intent_id) != (request.venue, request.intent_id):
        return Found("FAIL", inputs, f"{context.venue} {context.intent_id}", "the context is about another order")
    if case.facts.digest != request.context_sha256:
        return Found("FAIL", inputs, None, "the context is not the one that the digest was made of")
    if case.facts.target is None:
        return missing("the target amount", inputs)
    return judged(True, inputs, None)


def _in_time(case: Case) -> Found:
    now, stated = case.facts.now, case.facts.request.decide_by
    decide_by, inputs = instant(stated), {"decide_by": stated}
    if decide_by is None:
        return missing("decide_by", inputs)
    if decide_by <= now:
        return Found("WAIT", inputs, lambda: _left(decide_by, now), "an accept would come too late; it has to be asked anew")
    return judged(True, inputs, lambda: _left(decide_by, now))


def _left(end: datetime, now: datetime) -> str:
    return f"{span_text(end - now)} left"


def _open(case: Case) -> Found:
    facts = case.facts
    ended = facts.counters.get(ENDED)
    if ended is not None:
        return Found("FAIL", {"status": ended}, ended, "the venue shows the order as ended")
    now, expires_at = facts.now, facts.expires_at
    if expires_at is None:
        # Absent is absent, and says nothing; present and unreadable is a missing input.
        stated = facts.request.context.expires_at
        return not_applicable("the order has no expiry") if stated is None else missing("expires_at", {"expires_at": stated})
    return judged(expires_at > now, {"expires_at": facts.request.context.expires_at or ""}, lambda: _left(expires_at, now))


def _ours(case: Case) -> Found:
    side = case.facts.request.context.side
    return judged(side in ("sender", "both"), {"side": side}, side)


def _not_refused(case: Case) -> Found:
    refusals = case.facts.request.context.refusals or ()
    again = [refusal for refusal in refusals if refusal.unchanged]
    inputs = {
        f"refused at {refusal.refused_at}": " ".join(filter(None, (str(refusal.http_status), refusal.reason))) for refusal in refusals
    }
    return judged(
        not again, inputs, f"{len(again)} of {len(refusals)} on the same facts", "the same yes would meet the same no" if again else ""
    )


def _not_named_before(case: Case) -> Found:
    assert case.quote is not None
    quote_id = case.quote.id
    return judged(quote_id not in [refusal.quote_id for refusal in case.facts.request.context.refusals or ()], {"quote_id": quote_id}, None)


def _accepted(facts: Facts) -> Sequence[Ready]:
    """Return what is asked of an order only where it speaks against: what a former release decided comes out the same to the byte."""
    return _BUILT_IN_ACCEPTED if ACCEPTED_AS in facts.counters else ()


def _accepted_so(case: Case) -> Found:
    other = case.facts.counters[ACCEPTED_AS]
    return Found("FAIL", {"accepted as": other}, other, "it counts already, and as another")


def _guard_text(case: Case) -> Found:
    if case.facts.request.context.source_amount_max is not None and case.facts.source_max is None:
        return missing("source_amount_max", {"source_amount_max": case.facts.request.context.source_amount_max})
    return cost_guard_held(case)


def _built_in(name: str, check: str, sentence: str, compiled: Compiled, otherwise: Word = "REJECT") -> Asked:
    return Asked(f"built in: {name}", check, sentence, compiled, otherwise, 1, None, None, True)


def _bookable(evaluate: Callable[[Case], Found]) -> Sequence[Ready]:
    sentence = "The ledger can book what comes of it: its currencies are known, and no amount has more decimals than its currency."
    compiled = Compiled(evaluate=evaluate, limit="the scales of the settings")
    return (_ready(_built_in("the books can hold it", "bookable", sentence, compiled, "REFER")),)


_BUILT_IN_ORDER = tuple(
    map(
        _ready,
        (
            _built_in(
                "the question is whole", "question_whole", "The question holds what it was asked about.", Compiled(evaluate=_whole), "REFER"
            ),
            _built_in(
                "asked in time", "in_time", "An accept would still have an effect.", Compiled(evaluate=_in_time, limit="before decide_by")
            ),
            _built_in(
                "order still open", "order_open", "The order has not ended or expired.", Compiled(evaluate=_open, limit="before expires_at")
            ),
            _built_in(
                "we are the sender's custodian",
                "sender_custodian",
                "Only the sender's custodian may accept.",
                Compiled(evaluate=_ours, limit="sender or both"),
            ),
        ),
    )
)
_BUILT_IN_REFUSED = (
    _ready(
        _built_in(
            "not refused before",
            "not_refused",
            "What the venue has refused is asked of it again once order or quotes have changed, or when people say so.",
            Compiled(evaluate=_not_refused, limit="changed since"),
            "REFER",
        )
    ),
)
_BUILT_IN_ACCEPTED = (
    _ready(
        _built_in(
            "accepted as the same",
            "accepted_as",
            "An order that is accepted has the pair and the parties that it was accepted with.",
            Compiled(evaluate=_accepted_so, limit="the same pair and parties"),
            "REFER",
        )
    ),
)
_BUILT_IN_QUOTE = tuple(
    map(
        _ready,
        (
            _built_in(
                "quote still valid",
                "quote_valid",
                "The quote is valid and open.",
                Compiled(evaluate=quote_valid, limit="before valid_until"),
            ),
            _built_in(
                "quote agrees with the order",
                "quote_agrees",
                "What the quote states agrees with the order: source amount = target amount x rate.",
                Compiled(evaluate=quote_agrees, limit="target amount x rate"),
            ),
            _built_in(
                "cost guard",
                "cost_guard",
                "What the sender pays by the quote is at most the order's maximum.",
                Compiled(evaluate=_guard_text, limit="source_amount_max"),
            ),
        ),
    )
)
_BUILT_IN_NAMED = (
    _ready(
        _built_in(
            "quote not refused",
            "quote_not_refused",
            "A quote whose co-signature the venue has refused is never named again.",
            Compiled(evaluate=_not_named_before),
        )
    ),
)
_CHOICE = _built_in(
    "lowest source amount",
    "best_execution",
    "The quote with the lowest source amount is chosen; between equal ones a person chooses.",
    Compiled(evaluate=lambda _: not_applicable("asked by the engine"), limit="lowest source amount"),
    "REFER",
)
_PARAMS = BestExecution()
_DEFAULT = _built_in(
    "default deny",
    "default_deny",
    "Where no rule of the policy applies, a person decides.",
    Compiled(evaluate=lambda _: not_applicable("asked by the engine"), limit="at least one rule"),
    "REFER",
)
