"""Writes a batch of settlements into the books, inside a transaction that somebody else commits.

Same key and same terms: nothing happens. Same key and other terms, or another hash of an intent that is booked: refused, and an alarm.
Terms are the same when no value contradicts; what one of two statements leaves out (in practice the rate) contradicts nothing. While the
settlement processor has the order's state it sends none of these; once an old state is pruned, the books alone say what is a duplicate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from connectors.sinks.accounting_ledger.rows import BOOKED_TERMS, BeyondScale, Settlement, entry_of, settlement_of, terms_as_booked
from pipeline import metrics
from pipeline.domain.journal import Account, JournalEntry
from pipeline.domain.money import Scales, plain
from pipeline.domain.orders import contradictions
from pipeline.errors import PoisonRecordError
from pipeline.log.codec import stated_terms
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.notices import alarm
from pipeline.ports import Refusal, Transaction, Written
from pipeline.stores.statements import named_statements
from schemas.events import Severity

Statements = Mapping[str, bytes]
SQL: Statements = named_statements("connectors.sinks.accounting_ledger")
SOURCE = "/sinks/ledger"

# fmt: off
_ENTRY_TYPES = [
    "uuid", "text", "int2", "text", "text", "text", "timestamptz", "timestamptz", "text", "int4", "int8", "text",
    "text", "text", "numeric", "text", "numeric", "numeric", "text", "text", "text", "text", "text", "bytea", "bytea", "timestamptz",
]
# fmt: on
_POSTING_TYPES = ["uuid", "int2", "int4", "text", "int2", "text", "numeric"]


@dataclass(frozen=True, slots=True)
class _Prior:
    """A settlement that is booked; its terms are put together only when they have to be compared."""

    terms_sha256: bytes
    venue: str
    stated: Callable[[], dict[str, str]]

    def is_told_by(self, settlement: Settlement) -> bool:
        """Tell whether a settlement of the same key says the same: the same digest, or no value that contradicts."""
        if settlement.event.venue != self.venue:
            return False
        if bytes.fromhex(settlement.event.terms_sha256) == self.terms_sha256:
            return True
        return not contradictions(self.stated(), stated_terms(settlement.event))


@dataclass(slots=True)
class _Booked:
    """What is booked of an intent by transaction hash, reversed settlements included."""

    settlements: dict[str, _Prior] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Plan:
    """What a batch comes to."""

    entries: list[tuple[Settlement, JournalEntry]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    raised: list[Outgoing] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def write(transaction: Transaction, records: Sequence[Record], now: datetime, scales: Scales, sql: Statements = SQL) -> Written:
    """Book what is new, refuse what contradicts the books or cannot be read; `sql` are the statements on other books than the live ones."""
    plan = _Plan()
    settlements = _read(records, plan)
    booked = _booked(transaction, {settlement.event.intent_id for settlement in settlements}, sql)
    for settlement in settlements:
        _decide(settlement, booked, scales, now, plan)
    if plan.entries:
        _book(transaction, plan.entries, now, scales, sql)
    return Written(refused=plan.refused, raised=plan.raised, counts=dict(plan.counts), after_commit=_observation(plan.entries))


def _read(records: Sequence[Record], plan: _Plan) -> list[Settlement]:
    settlements = []
    for record in records:
        try:
            settlements.append(settlement_of(record))
        except PoisonRecordError as error:
            plan.refused.append(Refusal(record=record, reason=error.reason))
    return settlements


def _booked(transaction: Transaction, intents: Iterable[str], sql: Statements) -> dict[str, _Booked]:
    booked: dict[str, _Booked] = {intent: _Booked() for intent in intents}
    rows = transaction.execute(sql["settlements_of_intents"], (list(booked),)).fetchall() if booked else ()
    for intent, transaction_hash, terms_sha256, venue, is_reversed, *terms in rows:
        booked[intent].settlements[transaction_hash] = _Prior(bytes(terms_sha256), venue, partial(_stated_in_row, *terms))
        if not is_reversed:
            booked[intent].standing.add(transaction_hash)
    return booked


def _stated_in_row(*values: Any) -> dict[str, str]:
    return terms_as_booked(**dict(zip(BOOKED_TERMS, values, strict=True))).stated()


def _decide(settlement: Settlement, booked: Mapping[str, _Booked], scales: Scales, now: datetime, plan: _Plan) -> None:
    event = settlement.event
    known = booked[event.intent_id]
    prior = known.settlements.get(event.transaction_hash)
    if prior is not None and prior.is_told_by(settlement):
        plan.counts["duplicate"] += 1
    elif prior is not None:
        detail = {"booked_terms_sha256": prior.terms_sha256.hex(), "booked_venue": prior.venue, "stated_terms_sha256": event.terms_sha256}
        _refuse(plan, settlement, now, "settlement_conflict", "critical", detail, "the same settlement is booked with other terms")
    elif known.standing:
        detail = {"booked_transaction_hash": min(known.standing)}
        _refuse(plan, settlement, now, "double_settlement", "critical", detail, "the intent is booked with another transaction hash")
    else:
        entry = entry_of(settlement, scales)
        if isinstance(entry, BeyondScale):
            detail = {"currency": entry.currency, "amount": plain(entry.amount), "scale": str(entry.scale)}
            reason = (
                f"{plain(entry.amount)} {entry.currency} has more than {entry.scale} decimals; "
                f"correct currencies.{entry.currency}.scale and requeue, if that is what the currency has"
            )
            _refuse(plan, settlement, now, "amount_beyond_scale", "critical", detail, reason)
        else:
            stated = partial(stated_terms, event)
            known.settlements[event.transaction_hash] = _Prior(bytes.fromhex(event.terms_sha256), event.venue, stated)
            known.standing.add(event.transaction_hash)
            plan.entries.append((settlement, entry))
            plan.counts["booked"] += 1


def _refuse(plan: _Plan, settlement: Settlement, now: datetime, kind: str, severity: Severity, detail: dict[str, str], reason: str) -> None:
    event = settlement.event
    plan.refused.append(Refusal(record=settlement.record, reason=f"{kind}: {reason}", venue=event.venue))
    plan.raised.append(
        alarm(
            kind=kind,
            severity=severity,
            venue=event.venue,
            subject=event.intent_id,
            detail={"transaction_hash": event.transaction_hash, **detail},
            now=now,
            source=SOURCE,
            causation_id=settlement.ce_id,
            identity=(event.transaction_hash, event.terms_sha256),
        )
    )


def _book(
    transaction: Transaction, entries: Sequence[tuple[Settlement, JournalEntry]], now: datetime, scales: Scales, sql: Statements
) -> None:
    accounts = {posting.account: None for _, entry in entries for posting in entry.postings}
    currencies = sorted({account.currency for account in accounts})
    scale_of = {currency: scales.of(currency) for currency in currencies}
    transaction.execute(sql["make_currencies"], (currencies, list(scale_of.values())))
    numbers = _account_numbers(transaction, list(accounts), scale_of, sql)
    with transaction.cursor() as cursor:
        with cursor.copy(sql["copy_entries"]) as copy:
            copy.set_types(_ENTRY_TYPES)
            for settlement, entry in entries:
                copy.write_row(_entry_row(settlement, entry, now))
        with cursor.copy(sql["copy_postings"]) as copy:
            copy.set_types(_POSTING_TYPES)
            for _, entry in entries:
                for number, posting in enumerate(entry.postings, start=1):
                    account = posting.account
                    copy.write_row(
                        (
                            entry.entry_id,
                            number,
                            numbers[account],
                            account.currency,
                            scale_of[account.currency],
                            posting.side,
                            posting.units,
                        )
                    )


def _entry_row(settlement: Settlement, entry: JournalEntry, now: datetime) -> tuple[Any, ...]:
    event, record = settlement.event, settlement.record
    return (
        entry.entry_id,
        entry.kind,
        len(entry.postings),
        entry.venue,
        entry.intent_id,
        entry.transaction_hash,
        entry.occurred_at,
        now,
        record.topic,
        record.partition,
        record.offset,
        settlement.ce_id,
        event.side,
        event.source_currency,
        settlement.source_amount,
        event.target_currency,
        settlement.target_amount,
        settlement.fx_rate,
        event.sender_custodian_party_id,
        event.receiver_custodian_party_id,
        event.sender_party_id,
        event.receiver_party_id,
        event.market_maker_party_id,
        bytes.fromhex(event.terms_sha256),
        bytes.fromhex(event.document_sha256),
        settlement.observed_at,
    )


def _account_numbers(
    transaction: Transaction, accounts: Sequence[Account], scale_of: Mapping[str, int], sql: Statements
) -> dict[Account, int]:
    names, scales = [account.name for account in accounts], [scale_of[account.currency] for account in accounts]
    columns = (
        names,
        [account.role for account in accounts],
        [account.venue for account in accounts],
        [account.party for account in accounts],
        [account.currency for account in accounts],
        scales,
    )
    transaction.execute(sql["make_accounts"], columns)
    found = dict(transaction.execute(sql["account_ids"], (names, scales)).fetchall())
    return {account: found[name] for account, name in zip(accounts, names, strict=True)}


def _observation(entries: Sequence[tuple[Settlement, JournalEntry]]) -> Callable[[datetime], None]:
    def observe(committed_at: datetime) -> None:
        for settlement, _ in entries:
            metrics.FRAME_TO_BOOKING_SECONDS.observe(max(0.0, (committed_at - settlement.observed_at).total_seconds()))

    return observe
