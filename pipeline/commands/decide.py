"""Which step comes next for a command: pure, out of the journal's row, the venue's record and the venue's clock.

    no call yet        ready()     fit to send -> Send; the venue shows the wanted result -> Close; anything else -> Close
    a call is open     resolve()   shown as done -> Close; cannot take effect any more -> Close; may be repeated -> Send; else Wait
    an answer came     answered()  2xx -> Close; 409 or 400 -> Ask the record, then refused(); other refusal -> Close; not done -> Wait

What `ready` looks at, in this order, is the enum `Reason`. An open call is never repeated blindly: only after the record was read, at most
CALLS_MAX calls in all, and inside the command's time. Source: design 4.6; Musubi contract 6.2, A-08 to A-11, A-14, A-17, A-24, A-25.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from pipeline.commands.command import CALLS_MAX, Claim, Decided, Ending, Order, OutcomeName
from pipeline.domain import lifecycle, quotes
from pipeline.domain.accepting import (
    ACCEPT_PROPOSAL,
    CO_SIGN_QUOTE,
    Answered,
    Look,
    NotDone,
    OrderSeen,
    OutcomeOpen,
    QuoteSeen,
    SnapshotSeen,
    VenueTime,
)
from pipeline.domain.moments import bounded
from pipeline.log.envelope import parse_time
from schemas.accepting import QuoteFacts

PATIENCE_MAX = timedelta(seconds=12)
PATIENCE_SHARE = 8
"""Only quotes show that a proposal is accepted, and they come about 8 s later (contract 1.7): so long an accept whose outcome is open
is not repeated; where little time is left, a share of it."""
SETTLING = 2
"""Readings that have to show PENDING before a co-signature is repeated: an applied call shows at once, a late one within the pause."""
READ_ON = timedelta(seconds=30)
"""How long an open outcome is read after the command's time is over."""
LOOK_PAUSE_MIN, LOOK_PAUSE_MAX = 0.25, 3.0
NOT_DONE_PAUSE_MIN, NOT_DONE_PAUSE_MAX = 0.25, 5.0
NO_QUOTE = "NO_QUOTE"


class Reason(StrEnum):
    """Why a command is not sent, in the order in which it is checked."""

    SHADOW = "shadow"
    HALTED = "halted"
    NOT_ALLOWED = "not_allowed"
    SUPERSEDED = "superseded"
    ORDER_GONE = "order_gone"
    NOT_SENDER = "not_sender"
    ORDER_ADVANCED = "order_advanced"
    TERMS_CHANGED = "terms_changed"
    QUOTES_CHANGED = "quotes_changed"
    EVIDENCE_CHANGED = "evidence_changed"
    STALE = "stale"
    ALREADY_ACCEPTED = "already_accepted"
    CLOCK_UNRESOLVED = "clock_unresolved"
    TOO_LATE = "too_late"
    ORDER_EXPIRED = "order_expired"
    QUOTE_GONE = "quote_gone"
    QUOTE_CHANGED = "quote_changed"
    QUOTE_CLOSED = "quote_closed"
    QUOTE_PASSED_OVER = "quote_passed_over"
    QUOTE_EXPIRED = "quote_expired"
    QUOTE_DISAGREES = "quote_disagrees"
    COST_GUARD_BROKEN = "cost_guard_broken"


LATE = frozenset({Reason.TOO_LATE, Reason.ORDER_EXPIRED, Reason.QUOTE_EXPIRED})
SHOWN = "the venue's record shows it"


@dataclass(frozen=True, slots=True)
class Send:
    """Make the call now."""

    quote_valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """The command has ended."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class Wait:
    """Read the record again, in so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AskRecord:
    """Read the record before the refusal is taken as it stands."""

    answer: Answered


Step = Send | Close | Wait


def unfit(order: Order, look: Look, time: VenueTime) -> Reason | None:
    """Return the first reason not to send, None when there is none."""
    seen = look.order
    if seen is None:
        return Reason.ORDER_GONE
    if seen.side not in ("sender", "both"):
        return Reason.NOT_SENDER
    if seen.status != lifecycle.PENDING:
        return Reason.ORDER_ADVANCED
    if not _same_terms(order, seen):
        return Reason.TERMS_CHANGED
    if order.kind == ACCEPT_PROPOSAL and look.quotes:
        return Reason.ALREADY_ACCEPTED
    if not time.resolved:
        return Reason.CLOCK_UNRESOLVED
    if time.latest >= order.not_after:
        return Reason.TOO_LATE
    if seen.expires_at is not None and time.latest >= seen.expires_at:
        return Reason.ORDER_EXPIRED
    return _unfit_quote(order, look, look.quote(order.quote_id), time) if order.kind == CO_SIGN_QUOTE else None


def _unfit_quote(order: Order, look: Look, quote: QuoteSeen | None, time: VenueTime) -> Reason | None:
    if quote is None:
        return Reason.QUOTE_GONE
    if quote.fx_rate != order.fx_rate:
        return Reason.QUOTE_CHANGED
    if quotes.is_closed(quote.status):
        return Reason.QUOTE_CLOSED
    if quotes.is_passed_over(quote.status, [other.status for other in look.quotes]):
        return Reason.QUOTE_PASSED_OVER
    if time.latest >= quote.valid_until:
        return Reason.QUOTE_EXPIRED
    stated = quote.source_amount
    if not quotes.agrees(order.target_amount, quote.fx_rate, source_amount=stated, target_amount=quote.target_amount):
        return Reason.QUOTE_DISAGREES
    if not quotes.keeps_maximum(order.target_amount, quote.fx_rate, source_amount=stated, source_amount_max=order.source_amount_max):
        return Reason.COST_GUARD_BROKEN
    return None


def _same_terms(order: Order, seen: OrderSeen) -> bool:
    decided = (order.source_currency, order.target_currency, order.target_amount, order.source_amount_max)
    return decided == (seen.source_currency, seen.target_currency, seen.target_amount, seen.source_amount_max)


def unlike(order: Order, decided: Decided) -> str | None:
    """Say in what a command is not what the decision that it names allows; None where it is just that.

    Every term is compared: a command is a record of a topic, and only the decision's facts are bound by a digest.
    """
    decision, context = decided.decision, decided.request.context
    quote = next((quote for quote in context.quotes if quote.quote_id == order.quote_id), None)
    said = {
        "verdict": ("ACCEPT", decision.verdict),
        "venue": (order.venue, decision.venue, context.venue),
        "order": (order.intent_id, decision.intent_id, context.intent_id),
        "question": (order.kind, decision.question),
        "quote": (order.quote_id, decision.quote_id),
        "rate": (order.fx_rate, None if quote is None else Decimal(quote.fx_rate)),
        "source currency": (order.source_currency, context.source_currency),
        "target currency": (order.target_currency, context.target_currency),
        "target amount": (order.target_amount, Decimal(context.target_amount)),
        "cost bound": (order.source_amount_max, None if context.source_amount_max is None else Decimal(context.source_amount_max)),
    }
    found = [name for name, values in said.items() if len(set(values)) > 1]
    if order.not_after > parse_time(decided.request.decide_by, "decide_by"):
        found.append("deadline")
    return f"the decision {order.decision_id} has another {', '.join(found)}" if found else None


WHO = (
    "sender_party_id",
    "receiver_party_id",
    "sender_custodian_party_id",
    "receiver_custodian_party_id",
    "jurisdiction_sender",
    "jurisdiction_receiver",
)


def other_parties(decided: Decided, seen: OrderSeen | None) -> str | None:
    """Name the parties and jurisdictions that the record shows otherwise than the decision saw them; None where it shows none so."""
    pairs = [(name, getattr(decided.request.context, name), getattr(seen, name, None)) for name in WHO]
    return ", ".join(name for name, before, now in pairs if None not in (before, now) and before != now) or None


def other_evidence(decided: Decided, seen: SnapshotSeen) -> str | None:
    """Name the facts of the compliance snapshot that the venue states otherwise than the decision saw them; None where all are alike.

    A decision without a snapshot rests on there being none: one that the venue shows is news to it, one that is away is not.
    """
    facts = decided.request.context.compliance
    before = {} if facts is None else facts.model_dump(exclude_none=True)
    changed = sorted(name for name in before.keys() | seen.facts.keys() if before.get(name) != seen.facts.get(name))
    if not changed:
        return None
    return "the venue shows no snapshot" if not seen.facts else ", ".join(changed) if before else "the venue shows a snapshot"


def other_quotes(order: Order, decided: Decided, look: Look, time: VenueTime, *, margin: timedelta) -> str | None:
    """Name the quotes that the venue lists otherwise than the decision saw them, or that are better and were not seen; None without any.

    What is over by its time is no difference. `margin`: so long before its end a quote is no longer asked about.
    """
    known = {quote.quote_id: quote for quote in decided.request.context.quotes}
    changed = [quote_id for quote_id, quote in known.items() if not _as_decided(quote, look.quote(quote_id), time)]
    refused = {refusal.quote_id for refusal in decided.request.context.refusals or ()}
    asked_at = parse_time(decided.request.requested_at, "requested_at")
    missed = [
        quote.quote_id
        for quote in look.quotes
        if quote.quote_id not in known.keys() | refused and quote.valid_until - margin > asked_at and _is_better(order, quote, time)
    ]
    named = ([f"other terms of {', '.join(changed)}"] if changed else []) + ([f"not decided on {', '.join(missed)}"] if missed else [])
    return "; ".join(named) or None


def _as_decided(before: QuoteFacts, now: QuoteSeen | None, time: VenueTime) -> bool:
    """Tell whether a quote is listed as it was decided on; that it has been chosen since is for `QUOTE_PASSED_OVER`."""
    valid_until = parse_time(before.valid_until, "valid_until")
    if now is None:
        return time.latest >= valid_until
    stated = ((before.source_amount, now.source_amount), (before.target_amount, now.target_amount), (before.fx_rate, now.fx_rate))
    same = now.valid_until == valid_until and all((None if text is None else Decimal(text)) == value for text, value in stated)
    unchosen = quotes.is_chosen(before.status) and not quotes.is_chosen(now.status)
    closed = quotes.is_closed(now.status) and time.latest < now.valid_until
    return same and not unchosen and not closed


def _is_better(order: Order, quote: QuoteSeen, time: VenueTime) -> bool:
    """Tell whether a quote could have been co-signed for less."""
    assert order.fx_rate is not None  # of a co-signature
    free = not quotes.is_closed(quote.status) and time.latest < quote.valid_until and quote.fx_rate < order.fx_rate
    return free and quotes.agrees(order.target_amount, quote.fx_rate, source_amount=quote.source_amount, target_amount=quote.target_amount)


def ready(order: Order, look: Look, time: VenueTime) -> Step:
    """Decide on a command of which no call can have had an effect."""
    if look.unreadable is not None:
        return Wait(LOOK_PAUSE_MAX)
    shown = _shown(order, look, None)
    if shown is True:
        return Close(Ending(outcome="succeeded", reason=SHOWN))
    reason = unfit(order, look, time)
    if reason is not None:
        return Close(not_sent(reason, look))
    quote = look.quote(order.quote_id)
    return Send(None if quote is None else quote.valid_until)


def not_sent(reason: Reason, look: Look | None = None) -> Ending:
    """Return the ending of a command that is not sent for `reason`."""
    outcome: OutcomeName = "expired" if reason in LATE else "refused"
    seen = look.order if look is not None else None
    detail = f": {seen.status}" if reason is Reason.ORDER_ADVANCED and seen is not None else ""
    return Ending(outcome=outcome, reason=f"{reason}{detail}")


def would(order: Order, look: Look, time: VenueTime) -> Ending:
    """Return the ending in shadow: what would have been done."""
    match ready(order, look, time):
        case Send():
            said = "would be sent"
        case Close(ending=ending):
            said = f"would not be sent: {ending.reason}"
        case Wait():
            said = "would wait for a readable record"
    return Ending(outcome="shadowed", reason=said)


def in_time(order: Order, quote_valid_until: datetime | None, time: VenueTime) -> Reason | None:
    """Return why a call must not leave at this very moment: what was waited for since the record was read may have taken long."""
    if not time.resolved:
        return Reason.CLOCK_UNRESOLVED
    if time.latest >= order.not_after:
        return Reason.TOO_LATE
    return Reason.QUOTE_EXPIRED if quote_valid_until is not None and time.latest >= quote_valid_until else None


def _shown(order: Order, look: Look, valid_until: datetime | None) -> bool | None:
    """Tell whether the record shows the wanted result; None while it shows neither that nor the contrary."""
    seen = look.order
    if seen is None:
        return None
    if order.kind == ACCEPT_PROPOSAL:
        beyond = seen.status in (lifecycle.QUOTED, lifecycle.EXECUTING, lifecycle.SETTLED) or seen.fx_rate is not None
        return True if beyond or look.quotes or seen.failure_reason == NO_QUOTE else None
    if seen.fx_rate is None or seen.status == lifecycle.PENDING:
        return None
    return _is_ours(order, seen, look.quote(order.quote_id), valid_until)


def _is_ours(order: Order, seen: OrderSeen, quote: QuoteSeen | None, valid_until: datetime | None) -> bool:
    """Tell whether the rate on the order is that of our quote: an order does not name its quote, so everything stated has to agree."""
    valid_until = quote.valid_until if quote is not None else valid_until
    pairs = (
        (seen.fx_rate, order.fx_rate),
        (seen.market_maker_party_id, None if quote is None else quote.market_maker_party_id),
        (seen.quote_valid_until, valid_until),
    )
    return all(one == other for one, other in pairs if one is not None and other is not None)


def resolve(claim: Claim, look: Look, time: VenueTime) -> Step:
    """Decide on a command of which a call may have had an effect, after the record was read."""
    order, seen = claim.order, look.order
    wait = _wait_or_give_up(claim, look, time)
    if look.unreadable is not None:
        return wait
    if seen is None:
        return Close(Ending(outcome="refused", reason=Reason.ORDER_GONE))
    shown = _shown(order, look, claim.quote_valid_until)
    if shown is not None:
        return Close(
            Ending(outcome="succeeded", reason=SHOWN) if shown else Ending(outcome="refused", reason="another quote was co-signed")
        )
    if seen.status in (lifecycle.FAILED, lifecycle.EXPIRED):
        return Close(Ending(outcome="expired", reason=f"the order ended {seen.status}"))
    if seen.status != lifecycle.PENDING:
        return wait
    if order.kind == CO_SIGN_QUOTE and _lapsed(claim, look, time):
        return Close(Ending(outcome="expired", reason="the quote lapsed while the order was PENDING"))
    return Send(claim.quote_valid_until) if _may_repeat(claim, look, time) else wait


def _lapsed(claim: Claim, look: Look, time: VenueTime) -> bool:
    """Tell whether the quote had lapsed for certain when PENDING was read: a co-signature that comes later is refused by the venue."""
    quote = look.quote(claim.order.quote_id)
    valid_until = quote.valid_until if quote is not None else claim.quote_valid_until
    return valid_until is not None and time.resolved and time.earliest >= valid_until


def _may_repeat(claim: Claim, look: Look, time: VenueTime) -> bool:
    if claim.calls_open >= CALLS_MAX or unfit(claim.order, look, time) is not None:
        return False
    if claim.order.kind == CO_SIGN_QUOTE:
        return claim.looks + 1 >= SETTLING
    return claim.last_call_at is None or look.at >= claim.last_call_at + patience(claim.order)


def patience(order: Order) -> timedelta:
    """Return how long an accept with an open outcome is read before it may be repeated."""
    return min(PATIENCE_MAX, max(order.not_after - order.issued_at, timedelta(0)) / PATIENCE_SHARE)


def _wait_or_give_up(claim: Claim, look: Look, time: VenueTime) -> Wait | Close:
    if time.earliest > _read_until(claim):
        said = "unreadable" if look.unreadable is not None else "gone" if look.order is None else look.order.status
        return Close(Ending(outcome="unknown", reason=f"{claim.calls_open} calls, and the record does not tell: {said}"))
    return Wait(look_pause(claim.looks))


def _read_until(claim: Claim) -> datetime:
    ends = [claim.order.not_after, claim.quote_valid_until, claim.last_call_at and claim.last_call_at + patience(claim.order)]
    # A journal of before may hold the last moment of the calendar.
    return bounded(max(at for at in ends if at is not None)) + READ_ON


def out_of_reach(claim: Claim, time: VenueTime) -> Ending | None:
    """Return the ending of a command whose record cannot be read and whose time is over; None while it is not."""
    if claim.calls_open == 0:
        return Ending(outcome="expired", reason=Reason.TOO_LATE) if time.latest >= claim.order.not_after else None
    if time.earliest > _read_until(claim):
        return Ending(outcome="unknown", reason=f"{claim.calls_open} calls, and the record cannot be read")
    return None


def answered(claim: Claim, answer: Answered | OutcomeOpen | NotDone) -> Close | Wait | AskRecord:
    """Decide on what a call was answered; an open outcome is read at once."""
    match answer:
        case OutcomeOpen():
            return Wait(0.0)
        case NotDone():
            return Wait(answer.retry_after if answer.retry_after is not None else not_done_pause(claim.attempts))
        case Answered(done=True):
            return Close(_ending(answer, "succeeded", "the venue says so"))
        case Answered() if answer.http_status in (400, 409):
            return AskRecord(answer)
        case Answered():
            return Close(_ending(answer, "refused", "the venue refuses"))


def refused(claim: Claim, answer: Answered, look: Look | None) -> Ending:
    """Return the ending after a 409 (or 400, A-25): refused, unless the record shows the wanted result (contract 6.2, A-09)."""
    if look is not None and _shown(claim.order, look, claim.quote_valid_until) is True:
        return _ending(answer, "succeeded", SHOWN)
    return _ending(answer, "refused", "the venue refuses")


def _ending(answer: Answered, outcome: OutcomeName, reason: str) -> Ending:
    return Ending(outcome=outcome, reason=reason, http_status=answer.http_status, error_code=answer.error_code, response=answer.response)


def look_pause(looks: int) -> float:
    """Return the seconds until the record is read again."""
    return float(min(LOOK_PAUSE_MIN * 2 ** min(looks, 10), LOOK_PAUSE_MAX))


def not_done_pause(attempts: int) -> float:
    """Return the seconds until a call that had no effect is made again, where the venue does not say."""
    return float(min(NOT_DONE_PAUSE_MIN * 2 ** min(max(attempts - 1, 0), 10), NOT_DONE_PAUSE_MAX))
