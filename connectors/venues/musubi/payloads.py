"""What Musubi's documents look like, as models that read foreign values.

Field names are those of the REST documents (snake_case); `SPELLINGS` tells which of them a document means, in either case (A-01).
Every field but the intent id is optional here: what a kind of event needs is for `parse` to say (A-02, A-03, A-37).
Source: Musubi contract 4.1, 4.5, 5.3.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

TEXT_LENGTH_MAX = 512
Text = Annotated[str, Field(max_length=TEXT_LENGTH_MAX)]


class Payload(BaseModel):
    """Strict about types, tolerant of fields that nobody knows (A-38)."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class OrderPayload(Payload):
    """An order, or the hint that one changed."""

    intent_id: Text
    status: Text
    transaction_hash: Text | None = None
    source_currency: Text | None = None
    target_currency: Text | None = None
    target_amount: Text | None = None
    source_amount_actual: Text | None = None
    source_amount_max: Text | None = None
    fx_rate: Text | None = None
    settled_at: Text | None = None
    created_at: Text | None = None
    expires_at: Text | None = None
    quote_submitted_at: Text | None = None
    quote_accepted_at: Text | None = None
    quote_valid_until: Text | None = None
    sender_custodian_party_id: Text | None = None
    receiver_custodian_party_id: Text | None = None
    sender_party_id: Text | None = None
    receiver_party_id: Text | None = None
    market_maker_party_id: Text | None = None
    failure_reason: Text | None = None
    kyc_aml_ref: Text | None = None
    jurisdiction_sender: Text | None = None
    jurisdiction_receiver: Text | None = None


class QuotePayload(Payload):
    """A quote, or the hint that there is one."""

    intent_id: Text
    quote_id: Text | None = None
    fx_rate: Text | None = None
    source_amount: Text | None = None
    target_amount: Text | None = None
    valid_until: Text | None = None
    submitted_at: Text | None = None
    market_maker_party_id: Text | None = None
    status: Text | None = None


class WhoamiPayload(Payload):
    """Who the venue takes us for; the schema version is looked at before anything else."""

    party_id: Text | None = None
    operator_party_id: Text | None = None
    role: Text | None = None
    participant_id: str | None = None
    schema_version: Text | None = None


# A term (everything that is not named below) that cannot be read makes the document unreadable. A remark that cannot be read is left out,
# the event says so, and the document keeps it: no booking and no decision depends on it. The clients are terms by what they say, but what
# is wrong with one must not keep assets that moved out of the books: the settlement is booked for nobody, with an alarm.
ORDER_REMARKS = frozenset(
    {
        "failure_reason",
        "kyc_aml_ref",
        "jurisdiction_sender",
        "jurisdiction_receiver",
        "sender_party_id",
        "receiver_party_id",
        "market_maker_party_id",
        "quote_submitted_at",
        "quote_accepted_at",
        "quote_valid_until",
    }
)
# What a proposal is decided on, and nothing else: of an order that is past that these are remarks. Of a PENDING one they are terms, since
# an order must not seem to have no maximum, or no end, because nobody can read it.
PROPOSAL_TERMS = frozenset({"source_amount_max", "expires_at", "created_at"})
QUOTE_REMARKS = frozenset({"market_maker_party_id", "status", "submitted_at"})


def camel(name: str) -> str:
    """Return the camelCase spelling of a snake_case name."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def spellings(model: type[BaseModel]) -> dict[str, str]:
    """Return every accepted spelling of the fields of a model, and the name that each means."""
    return {spelled: name for name in model.model_fields for spelled in (name, camel(name))}


ORDER_SPELLINGS = spellings(OrderPayload)
QUOTE_SPELLINGS = spellings(QuotePayload)
WHOAMI_SPELLINGS = spellings(WhoamiPayload)
