"""What the venue writes: REST objects, list envelopes, SSE payloads (contract sections 3.2, 4.1, 4.5, 4.7, 5.3).

Shapes that the contract leaves open follow the switches; a `Look` says how one document is dressed, so that a stream can
mix all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import orjson

from connectors.simulators.musubi.orders import Order, Quote, iso, plain
from connectors.simulators.musubi.switches import Switches

Document = dict[str, Any]

# Fields that a reader of the record can do without; the record never omits the terms of the exchange.
OPTIONAL_IN_RECORD = frozenset(
    {"kyc_aml_ref", "jurisdiction_sender", "jurisdiction_receiver", "intent_signature", "quote_submitted_at"}
    | {"quote_valid_until", "market_maker_party_id", "quote_accepted_at"}
)
# What "null instead of absent" shows.
LATER_FIELDS = (
    "fx_rate",
    "source_amount_actual",
    "source_amount_max",
    "market_maker_party_id",
    "quote_submitted_at",
    "quote_accepted_at",
    "quote_valid_until",
    "settled_at",
    "transaction_hash",
    "failure_reason",
)
EXTRA = {"settlement_window_id": "w-1", "x_routing": {"lane": 3, "labels": ["a", "b"]}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a document is dressed: case, shape, nulls for what does not apply, extras, share of optionals left out."""

    camel: bool = True
    shape: str = "bare"
    nulls: bool = False
    extras: bool = False
    left_out: frozenset[str] = frozenset()


def look_of(switches: Switches) -> Look:
    """Return how the switches dress a stream's document."""
    return Look(
        camel=switches["A-01"] == "camelCase",
        shape=switches["A-02"],
        nulls=switches["A-37"] == "null",
        extras=switches["A-38"] == "injected",
    )


def drawn_look(rng: Random) -> Look:
    """Draw a look: any case, any shape, with and without nulls, extras and optional fields."""
    optional = ("updated_at", "fx_rate", "settled_at", "transaction_hash", "failure_reason")
    return Look(
        camel=rng.random() < 0.5,
        shape=rng.choice(("bare", "minimal", "wrapped", "full")),
        nulls=rng.random() < 0.3,
        extras=rng.random() < 0.5,
        left_out=frozenset(name for name in optional if rng.random() < 0.25),
    )


_CAMEL: dict[str, str] = {}


def camel(name: str) -> str:
    """Write a snake_case name in camelCase."""
    written = _CAMEL.get(name)
    if written is None:
        head, *tail = name.split("_")
        written = _CAMEL.setdefault(name, head + "".join(part.capitalize() for part in tail))
    return written


def dressed(fields: Mapping[str, Any], look: Look) -> Document:
    """Dress snake_case fields; None means "does not apply"."""
    document = {name: value for name, value in fields.items() if name not in look.left_out and (value is not None or look.nulls)}
    if look.extras:
        document.update(EXTRA)
    if look.camel:
        document = {camel(name): value for name, value in document.items()}
    return document


def _moment(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def order_fields(order: Order) -> Document:
    """Return all fields of an order's record in the contract's order, None where they do not apply yet."""
    maximum, actual = order.source_amount_max, order.source_amount_actual
    return {
        "intent_id": order.intent_id,
        "status": order.status,
        "sender_party_id": order.sender_party_id,
        "sender_custodian_party_id": order.sender_custodian_party_id,
        "receiver_party_id": order.receiver_party_id,
        "receiver_custodian_party_id": order.receiver_custodian_party_id,
        "market_maker_party_id": order.market_maker_party_id,
        "source_currency": order.source_currency,
        "target_currency": order.target_currency,
        "target_amount": plain(order.target_amount),
        "source_amount_max": None if maximum is None else plain(maximum),
        "fx_rate": None if order.fx_rate is None else format(order.fx_rate, "f"),
        "source_amount_actual": None if actual is None else plain(actual),
        "created_at": iso(order.created_at),
        "expires_at": iso(order.expires_at),
        "quote_submitted_at": _moment(order.quote_submitted_at),
        "quote_valid_until": _moment(order.quote_valid_until),
        "quote_accepted_at": _moment(order.quote_accepted_at),
        "settled_at": _moment(order.settled_at),
        "transaction_hash": order.transaction_hash,
        "failure_reason": order.failure_reason,
        "jurisdiction_sender": order.jurisdiction_sender,
        "jurisdiction_receiver": order.jurisdiction_receiver,
        "kyc_aml_ref": order.kyc_aml_ref,
        "intent_signature": order.intent_signature,
    }


def record_look(switches: Switches) -> Look:
    """Return how the switches dress a REST object: always snake_case (contract section 3.6)."""
    return Look(camel=False, nulls=switches["A-37"] == "null", extras=switches["A-38"] == "injected")


def drawn_record_look(rng: Random) -> Look:
    """Draw a look for a REST object; the terms of the exchange are never left out."""
    left_out = frozenset(name for name in sorted(OPTIONAL_IN_RECORD) if rng.random() < 0.25)
    return Look(camel=False, nulls=rng.random() < 0.4, extras=rng.random() < 0.5, left_out=left_out)


def order_record(order: Order, look: Look) -> Document:
    """Return an order as `GET /orders/{intent_id}` shows it."""
    return dressed(order_fields(order), look)


def order_updated(order: Order, look: Look) -> bytes:
    """Return the payload of `order_updated` (A-01, A-02)."""
    if look.shape == "full":
        fields = order_fields(order) | {"updated_at": iso(order.updated_at)}
        return orjson.dumps(dressed(fields, look))
    fields = {"intent_id": order.intent_id, "status": order.status}
    if look.shape == "minimal":
        return orjson.dumps(dressed(fields, replace(look, extras=False)))
    rate = None if order.fx_rate is None else format(order.fx_rate, "f")
    fields |= {
        "updated_at": iso(order.updated_at),
        "fx_rate": rate if order.status in ("QUOTED", "SETTLED") else None,
        "transaction_hash": order.transaction_hash,
        "settled_at": _moment(order.settled_at),
        "failure_reason": order.failure_reason,
    }
    document = dressed(fields, look)
    return orjson.dumps({"data": document} if look.shape == "wrapped" else document)


def quote_received(quote: Quote, look: Look, *, minimal: bool) -> bytes:
    """Return the payload of `quote_received` (A-03)."""
    fields: Document = {"intent_id": quote.intent_id}
    if not minimal:
        fields |= {
            "quote_id": quote.quote_id,
            "fx_rate": format(quote.fx_rate, "f"),
            "valid_until": iso(quote.valid_until),
        }
    document = dressed(fields, look)
    return orjson.dumps({"data": document} if look.shape == "wrapped" else document)


def quote_record(quote: Quote, order: Order, *, now: datetime, switches: Switches, selected: Quote | None = None) -> Document:
    """Return a quote as the quotes list shows it, with its state at `now`, and which one the institution has chosen if A-10 shows that.

    Contract section 4.5, A-08.
    """
    taken = order.quote_accepted_at is not None
    won = taken and quote.market_maker_party_id == order.market_maker_party_id
    won = won and quote.submitted_at == order.quote_submitted_at
    closed = "EXPIRED" if now >= quote.valid_until or order.status != "PENDING" else "OPEN"
    won = won or (quote == selected and closed == "OPEN" and switches["A-10"] == "selected_shown")
    state = "ACCEPTED" if won else "REJECTED" if taken else closed
    legacy = switches["A-08"] == "legacy_target" and quote.flaw != "target"
    fields: Document = {
        "quote_id": quote.quote_id,
        "intent_id": quote.intent_id,
        "market_maker_party_id": quote.market_maker_party_id,
        "fx_rate": format(quote.fx_rate, "f"),
        "source_amount": plain(quote.source_amount),
        "target_amount": plain(quote.source_amount if legacy else quote.target_amount),
        "valid_until": iso(quote.valid_until),
        "submitted_at": iso(quote.submitted_at),
        "status": state,
    }
    if switches["A-08"] == "without_market_maker":
        del fields["market_maker_party_id"]
    return dressed(fields, record_look(switches))


def compliance_record(order: Order) -> Document:
    """Return the compliance snapshot (contract section 4.7, A-26); legal entities only, no persons."""

    def side(role: str, party_id: str, vasp: str, code: str) -> Document:
        return {
            "party": party_id,
            role: {"legalPerson": {"name": party_id.partition("::")[0]}},
            f"{'originating' if role == 'originator' else 'beneficiary'}VASP": {"name": vasp, "code": code},
            "crossBorderConsent": True,
        }

    midnight = order.created_at.replace(hour=0, minute=0, second=0, microsecond=0)
    snapshot: Document = {
        "intentId": order.intent_id,
        "status": order.status,
        "createdAt": iso(order.created_at),
        "expiresAt": iso(order.expires_at),
        "sender": side("originator", order.sender_party_id, "Nihon Custody Co.", "JP-VASP-0001"),
        "receiver": side("beneficiary", order.receiver_party_id, "Hanguk Digital Asset Services", "KR-VASP-0001"),
        "sourceAsset": {"currency": order.source_currency, "sourceAmountMax": _text(order.source_amount_max)},
        "targetAsset": {"currency": order.target_currency, "targetAmount": plain(order.target_amount)},
        "compliance": {
            "kycStatus": "KYC_VERIFIED",
            "kycProvider": "Persona",
            "kycExpiresAt": iso(midnight + timedelta(days=365)),
            "sanctionsStatus": "SANCTIONS_CLEARED",
            "sanctionsProvider": "Chainalysis",
            "sanctionsListVersion": f"OFAC-{midnight - timedelta(days=1):%Y-%m-%d}",
            "sanctionsFreshnessWindow": "24h",
            "riskRating": "LOW",
            "pepStatus": "NOT_PEP",
            "pepCheckedAt": iso(midnight - timedelta(days=30)),
            "jurisdictionSender": order.jurisdiction_sender,
            "jurisdictionReceiver": order.jurisdiction_receiver,
            "purposeCode": "GDDS",
        },
        "settlementInfo": {"transactionHash": order.transaction_hash, "settledAt": _moment(order.settled_at)},
    }
    reached = order.status in ("EXECUTING", "SETTLED")
    rule = [{"type": "TravelRuleAttestation", "intentId": order.intent_id, "provider": "CODE"}] if reached else []
    return {"fx_order": snapshot, "attestations": rule}


def _text(amount: Any) -> str | None:
    return None if amount is None else plain(amount)


def frame(event: str, payload: bytes, *, event_id: int | None = None) -> bytes:
    """Return one SSE frame; the payload must hold no line break."""
    head = b"" if event_id is None else b"id: %d\n" % event_id
    return b"%sevent: %s\ndata: %s\n\n" % (head, event.encode(), payload)


def heartbeat(now: datetime, kind: str) -> bytes:
    """Return a heartbeat (A-04)."""
    forms: dict[str, Callable[[], bytes]] = {
        "comment": lambda: b": heartbeat\n\n",
        "empty": lambda: b"event: heartbeat\ndata:\n\n",
    }
    return forms.get(kind, lambda: frame("heartbeat", orjson.dumps({"timestamp": iso(now)})))()
