"""Which answers are believed: the one function that everybody asks who acts on a record of `decision-made`.

Anybody who may write into the topic can write any answer, so an answer is believed by what stands behind it and not by what it says:

    built-in engine   the same decision, field by field, committed in risk.decisions before it was published
    external engine   a signature by one of the keys of the settings, over the answer's bytes and the question's digest
    people            the same answer, field by field, stored with the referral that it names, with as many counted approvals as it needs;
                      and the referral is of a decision that an engine has made so, and that is what was shown

The workflow, the sink of decisions and the gate before a call ask here; so does a replay. What is not believed is dead-lettered and has no
effect, so the real answer, before or after it, counts as if the other had never been.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline.decisions.ports import Heard
from pipeline.decisions.shown import approvers_needed, shows
from pipeline.errors import PoisonRecordError
from pipeline.log import signatures, topics
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import Record
from pipeline.log.signatures import PublicKeys
from pipeline.ports import Transaction
from pipeline.stores.statements import named_statements
from schemas.accepting import DecisionMade

_SQL = named_statements("pipeline.stores", "belief.sql")
_MADE = topics.DECISION_MADE.ce_type.encode()

Doubts = Callable[[Any, Sequence[Record]], Sequence[str | None]]
"""Says of each record of a batch why it is not believed, in the open transaction; None where it is, or is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whose answers are believed, beside those of people: the built-in engine's, or those signed by one of `keys` where there are any."""

    keys: PublicKeys | None = None
    answers_referrals: bool = False
    """An external engine may answer a referral in people's place."""


BUILT_IN = Trust()


def doubts(transaction: Transaction, trust: Trust, heard: Sequence[Heard]) -> list[str | None]:
    """Say of each answer why it is not believed; None where it is."""
    of_people = [one.decision.decision_id for one in heard if one.decision.refers_to is not None]
    of_engine = [one.decision.decision_id for one in heard if one.decision.refers_to is None] if trust.keys is None else []
    answered = {row[0]: _Referral(tuple(row[1:9]), *row[9:]) for row in _found(transaction, "of_people", of_people)}
    committed = {row[0]: row[1] for row in _found(transaction, "committed", of_engine)}
    return [_doubt(trust, one, answered, committed) for one in heard]


def doubts_by(trust: Trust) -> Doubts:
    """Return the function for records as they stand in Kafka."""

    def doubts_of(transaction: Transaction, records: Sequence[Record]) -> list[str | None]:
        heard = {number: one for number, record in enumerate(records) if (one := _heard(record)) is not None}
        found: list[str | None] = [None] * len(records)
        if heard:
            for number, doubt in zip(heard, doubts(transaction, trust, list(heard.values())), strict=True):
                found[number] = doubt
        return found

    return doubts_of


def _found(transaction: Transaction, name: str, ids: Sequence[str]) -> Sequence[Sequence[Any]]:
    rows: Sequence[Sequence[Any]] = transaction.execute(_SQL[name], {"ids": list(ids)}).fetchall() if ids else ()
    return rows


def _heard(record: Record) -> Heard | None:
    """Return the answer that somebody could take a record for, by whichever of its headers; None when nobody can read one."""
    if ("ce_type", _MADE) not in record.headers:
        return None
    try:
        decision = decode(record.value, DecisionMade)
    except PoisonRecordError:
        return None
    return Heard(decision=decision, ce_id=None, value=record.value, signature=signatures.signature_of(record.headers))


class _Referral(NamedTuple):
    """A referral that has an answer, and what it is of."""

    said: tuple[str | None, ...]
    answer: str | None
    decision: str
    approvers_needed: int
    shown: str
    shown_sha256: str
    committed: str | None
    """The decision that the built-in engine has committed under its id."""
    signed: bytes | None
    signature: str | None
    """An external engine's."""
    context: str | None


def _doubt(trust: Trust, one: Heard, answered: Mapping[str, _Referral], committed: Mapping[str, str]) -> str | None:
    decision = one.decision
    if decision.refers_to is not None:
        referral = answered.get(decision.decision_id)
        if referral is not None and referral.said == _said(decision) and (referral.answer is None or _is(referral.answer, one)):
            try:  # releases before kept no answer beside the referral
                return _doubt_of_referral(trust, referral)
            except (PoisonRecordError, ValueError) as error:
                return f"the referral {decision.refers_to} cannot be read: {error}"
        if trust.keys is None or not trust.answers_referrals:
            return f"the referral {decision.refers_to} was not answered so by the people that it needs"
    if trust.keys is not None:
        return signatures.fault(one.signature, one.value, decision.context_sha256, trust.keys)
    text = committed.get(decision.decision_id)
    if text is None:
        return "the engine has committed no such decision"
    return None if _is(text, one) else "the engine has committed another decision under this id"


def _doubt_of_referral(trust: Trust, referral: _Referral) -> str | None:
    """Say why what people answered is not what an engine referred to them; None where it is."""
    decision = decode(referral.decision.encode(), DecisionMade)
    if referral.committed is None or encode(decode(referral.committed.encode(), DecisionMade)) != encode(decision):
        signed = None if referral.signed is None else bytes(referral.signed)
        if trust.keys is None or signed is None or encode(decode(signed, DecisionMade)) != encode(decision):
            return f"no engine has made the decision {decision.decision_id} that was referred"
        fault = signatures.fault(referral.signature, signed, decision.context_sha256, trust.keys)
        if fault is not None:
            return f"the decision {decision.decision_id} that was referred: {fault}"
    of = (decision.decision_id, *_said(decision)[1:-1], decision.verdict, approvers_needed(decision))
    if of != (*referral.said[:-1], "REFER", referral.approvers_needed):
        return f"the referral {decision.decision_id} is not what its decision says"
    shown = hashlib.sha256(referral.shown.encode()).hexdigest() == referral.shown_sha256
    return None if shown and shows(referral.shown, referral.decision, referral.context) else "people were shown something else"


def _is(text: str, one: Heard) -> bool:
    return text.encode() == one.value or encode(decode(text.encode(), DecisionMade)) == encode(one.decision)


def _said(decision: DecisionMade) -> tuple[str | None, ...]:
    about = (decision.request_id, decision.context_sha256, decision.venue, decision.intent_id, decision.question, decision.quote_id)
    return (decision.refers_to, *about, decision.verdict)
