"""Writes a batch of settlements into the books, inside a transaction that somebody else commits.

The key is venue, intent and hash: of one order that two venues of the settings show, one to the sender's custodian and one to the
receiver's, each has an entry for its leg.
Same key and same terms: nothing happens. Same key and other terms (our side is one of them), or another hash of an intent that is booked
at the venue: refused, and an alarm. Terms are the same when no value contradicts; what one of two statements leaves out (in practice the
rate) contradicts nothing, but a client who is named contradicts an entry that was booked for nobody. While the settlement processor has the
order's state it sends none of these (but once more what it emitted before clients were terms); once an old state is pruned, the books alone
say what is a duplicate.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from connectors.sinks.accounting_ledger.rows import BOOKED_TERMS, BeyondScale, Settlement, entry_of, settlement_of, terms_as_booked
from pipeline import metrics
from pipeline.domain.journal import UNATTRIBUTED, Account, JournalEntry
from pipeline.domain.money import Scales, plain
from pipeline.domain.orders import LEGS, contradictions
from pipeline.errors import PoisonRecordError, RetryableError
from pipeline.log.codec import stated_terms
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.notices import alarm
from pipeline.ports import Refusal, Transaction, Written
from pipeline.stores.statements import named_statements
from schemas.events import OrderSettled, Severity

Statements = Mapping[str, bytes]
SQL: Statements = named_statements("connectors.sinks.accounting_ledger")
SOURCE = "/sinks/ledger"

# fmt: off
_ENTRY_TYPES = [
    "uuid", "text", "int2", "text", "text", "text", "timestamptz", "timestamptz", "text", "int4", "int4", "int8", "text",
    "text", "text", "numeric", "text", "numeric", "numeric", "text", "text", "text", "text", "text", "bytea", "bytea", "timestamptz",
]
# fmt: on
_POSTING_TYPES = ["uuid", "int2", "int4", "text", "int2", "text", "numeric"]


@dataclass(frozen=True, slots=True)
class _Prior:
    """A settlement that is booked; its terms are put together only when they have to be compared."""

    terms_sha256: bytes
    side: str
    clients: tuple[str | None, str | None]
    stated: Callable[[], dict[str, str]]

    def contradicted_by(self, event: OrderSettled) -> dict[str, str]:
        """Return what a settlement of the same key says otherwise, as booked and as stated; nothing where it says the same."""
        # A digest of version 1 says nothing about the clients.
        if (event.side, bytes.fromhex(event.terms_sha256), _clients(event)) == (self.side, self.terms_sha256, self.clients):
            return {}
        booked, said = self.stated() | {"side": self.side}, stated_terms(event) | {"side": event.side}
        clash = contradictions(booked, said)
        return {f"booked.{name}": booked[name] for name in clash} | {f"other.{name}": said[name] for name in clash}


def _clients(event: OrderSettled) -> tuple[str | None, str | None]:
    return event.sender_party_id, event.receiver_party_id


@dataclass(slots=True)
class _Booked:
    """What is booked of an intent at a venue by transaction hash, reversed settlements included."""

    settlements: dict[str, _Prior] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)


Books = dict[tuple[str, str], _Booked]
"""By venue and intent."""


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
    _hold_to_the_key(transaction, booked, sql)
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


def _booked(transaction: Transaction, intents: Iterable[str], sql: Statements) -> Books:
    booked: Books = defaultdict(_Booked)
    wanted = list(intents)
    rows = transaction.execute(sql["settlements_of_intents"], (wanted,)).fetchall() if wanted else ()
    for intent, transaction_hash, terms_sha256, venue, is_reversed, *terms in rows:
        sender, receiver, side = terms[-3:]
        known = booked[venue, intent]
        known.settlements[transaction_hash] = _Prior(bytes(terms_sha256), side, (sender, receiver), partial(_stated_in_row, *terms))
        if not is_reversed:
            known.standing.add(transaction_hash)
    return booked


def _hold_to_the_key(transaction: Transaction, booked: Books, sql: Statements) -> None:
    """Wait while the key of older releases forbids what the batch comes to: a settlement of an order that another venue has booked, too."""
    keys = [(intent, transaction_hash) for (_, intent), known in booked.items() for transaction_hash in known.settlements]
    if len(set(keys)) < len(keys) and transaction.execute(sql["former_key_stands"]).fetchone() == (True,):
        intent = next(intent for (intent, _), times in Counter(keys).items() if times > 1)
        raise RetryableError(f"{intent} is booked at another venue; booking it at a second one waits for `custodian init`")


def _stated_in_row(*values: Any) -> dict[str, str]:
    return terms_as_booked(**dict(zip(BOOKED_TERMS, values, strict=True))).stated()


def _stated_by(event: OrderSettled) -> dict[str, str]:
    return {**dict.fromkeys((leg.client for leg in LEGS[event.side]), UNATTRIBUTED), **stated_terms(event)}


def _decide(settlement: Settlement, booked: Books, scales: Scales, now: datetime, plan: _Plan) -> None:
    event = settlement.event
    known = booked[event.venue, event.intent_id]
    prior = known.settlements.get(event.transaction_hash)
    clash = {} if prior is None else prior.contradicted_by(event)
    if prior is not None and not clash:
        plan.counts["duplicate"] += 1
    elif prior is not None:
        detail = {"booked_terms_sha256": prior.terms_sha256.hex(), "stated_terms_sha256": event.terms_sha256, **clash}
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
            stated = partial(_stated_by, event)
            digest = bytes.fromhex(event.terms_sha256)
            known.settlements[event.transaction_hash] = _Prior(digest, event.side, _clients(event), stated)
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
        record.epoch,
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
