"""Checks on who and what takes part: pairs, parties and jurisdictions that are allowed or denied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from pipeline.policy.check import BOTH, CO_SIGN, Case, Check, Compiled, Found, Pairs, Params, Texts, judged, missing
from schemas.accepting import ComplianceFacts, DecisionContext, Question


class PairList(Params):
    """A list of pairs."""

    pairs: Pairs = Field(description='written SOURCE/TARGET, such as ["JPYSC0/USDCx"]')


class PartyList(Params):
    """A list of parties."""

    parties: Texts = Field(description='whole party ids, such as ["SenderInstitution::209fa2cb341"]')


class JurisdictionList(Params):
    """A list of jurisdictions."""

    codes: Texts = Field(description='ISO 3166 codes as the venue writes them, such as ["JP", "KR"]')
    of: Literal["sender", "receiver", "both"] = Field(default="both", description="whose jurisdiction has to be in the list")


Look = Callable[[Case], str | None]


def _pair(case: Case) -> str | None:
    return case.facts.pair


def _sender(case: Case) -> str | None:
    return case.facts.sender


def _receiver(case: Case) -> str | None:
    return case.facts.receiver


def _receiver_custodian(case: Case) -> str | None:
    return case.facts.request.context.receiver_custodian_party_id


def _market_maker(case: Case) -> str | None:
    return case.quote.stated.market_maker_party_id if case.quote else None


def _listed(name: str, look: Look, names: frozenset[str], *, allowed: bool, about: Literal["order", "quote"]) -> Compiled:
    def evaluate(case: Case) -> Found:
        found = look(case)
        inputs = {"quote_id": case.quote.id} if case.quote else {}
        if found is None:
            return missing(f"the {name}", inputs)
        inputs[name] = found
        return judged((found in names) is allowed, inputs, found)

    shown = ", ".join(sorted(names))
    return Compiled(evaluate=evaluate, about=about, limit=shown if allowed else f"none of {shown}")


def _party_check(kind: str, name: str, look: Look, *, allowed: bool) -> Check[PartyList]:
    quotes = name == "market_maker"

    def compiled(params: PartyList, _: Question) -> Compiled:
        return _listed(name, look, frozenset(params.parties), allowed=allowed, about="quote" if quotes else "order")

    spoken = name.replace("_", " ")
    return Check(
        name=f"{kind}_{'allowed' if allowed else 'denied'}",
        sentence=f"The {spoken} is {'one' if allowed else 'none'} of those listed.",
        params=PartyList,
        compile=compiled,
        questions=CO_SIGN if quotes else BOTH,
        example={"parties": ["Example::209fa2cb341"]},
    )


def _pair_check(*, allowed: bool) -> Check[PairList]:
    def compiled(params: PairList, _: Question) -> Compiled:
        return _listed("pair", _pair, frozenset(params.pairs), allowed=allowed, about="order")

    return Check(
        name="pairs_allowed" if allowed else "pairs_denied",
        sentence=f"The pair of currencies is {'one' if allowed else 'none'} of those listed.",
        params=PairList,
        compile=compiled,
        example={"pairs": ["JPYSC0/USDCx"]},
    )


Stated = tuple[tuple[str | None, str | None], ...]
STATEMENTS_KEPT = 4096
"""Of jurisdictions there are few, and what a rule finds depends on nothing else."""


def _stated_by(sides: Sequence[str]) -> Callable[[DecisionContext, ComplianceFacts], Stated]:
    """Return how to look up what order and snapshot say of each side."""
    if tuple(sides) == ("sender",):
        return lambda order, snapshot: ((order.jurisdiction_sender, snapshot.jurisdiction_sender),)
    if tuple(sides) == ("receiver",):
        return lambda order, snapshot: ((order.jurisdiction_receiver, snapshot.jurisdiction_receiver),)
    return lambda order, snapshot: (
        (order.jurisdiction_sender, snapshot.jurisdiction_sender),
        (order.jurisdiction_receiver, snapshot.jurisdiction_receiver),
    )


def _jurisdictions(params: JurisdictionList, *, allowed: bool) -> Compiled:
    codes = frozenset(params.codes)
    sides = ("sender", "receiver") if params.of == "both" else (params.of,)
    names = tuple(f"jurisdiction_{side}" for side in sides)
    stated_by = _stated_by(sides)

    @lru_cache(maxsize=STATEMENTS_KEPT)
    def found(*stated: tuple[str | None, str | None]) -> Found:
        inputs: dict[str, str] = {}
        held = True
        # The order and the compliance snapshot both may say it; where both do, both have to hold.
        for name, (ordered, attested) in zip(names, stated, strict=True):
            one, other = ordered or attested, attested or ordered
            if one is None or other is None:
                return missing(name, inputs)
            inputs[name] = one if one == other else f"{one} (order), {other} (attested)"
            held = held and (one in codes) is allowed and (other in codes) is allowed
        return judged(held, inputs, " to ".join(inputs.values()))

    def evaluate(case: Case) -> Found:
        return found(*stated_by(case.facts.request.context, case.facts.compliance))

    shown = ", ".join(sorted(codes))
    return Compiled(evaluate=evaluate, limit=shown if allowed else f"none of {shown}")


CHECKS: tuple[Check[Any], ...] = (
    _pair_check(allowed=True),
    _pair_check(allowed=False),
    *(
        _party_check(kind, name, look, allowed=allowed)
        for kind, name, look in (
            ("senders", "sender", _sender),
            ("receivers", "receiver", _receiver),
            ("receiver_custodians", "receiver_custodian", _receiver_custodian),
            ("market_makers", "market_maker", _market_maker),
        )
        for allowed in (True, False)
    ),
    Check(
        name="jurisdictions_allowed",
        sentence="The jurisdictions of sender and receiver are among those listed.",
        params=JurisdictionList,
        compile=lambda params, _: _jurisdictions(params, allowed=True),
        example={"codes": ["JP", "KR"]},
    ),
    Check(
        name="jurisdictions_denied",
        sentence="The jurisdictions of sender and receiver are none of those listed.",
        params=JurisdictionList,
        compile=lambda params, _: _jurisdictions(params, allowed=False),
        example={"codes": ["KP"]},
    ),
)
