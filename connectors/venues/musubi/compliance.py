"""Musubi's compliance snapshot to the facts that rules ask for: pure, and lenient about a shape that no page states (A-26).

Promises: the document is kept verbatim with its SHA-256; groups and fields are found in either case, with the order wrapped or not; what is
not text, or no time where a time belongs, counts as not stated, so that a rule finds it missing; a document that states none of the facts,
states one twice with different values, or speaks of another order is refused with PoisonRecordError.
Source: Musubi contract 4.7 and A-26.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from connectors.venues.musubi.parse import DOCUMENT_SIZE_MAX, read_time
from connectors.venues.musubi.payloads import TEXT_LENGTH_MAX
from pipeline.domain import identifiers
from pipeline.errors import PoisonRecordError
from pipeline.log import strict_json
from pipeline.log.identities import compliance_read_id
from pipeline.ports import Sighting
from schemas.accepting import ComplianceFacts, ComplianceRead
from schemas.events import Observation

_ORDER_GROUPS = ("fxorder", "order")
_COMPLIANCE_GROUPS = ("compliance", "complianceinfo")
_VASPS = {"originating_vasp_code": ("sender", "senderinfo"), "beneficiary_vasp_code": ("receiver", "receiverinfo")}
_TIMES = frozenset({"kyc_expires_at", "sanctions_screened_at", "pep_checked_at"})
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Folded = Mapping[str, Any]
"""A JSON object by its keys in lower case without underscores: `kycStatus`, `kyc_status` and `KYCStatus` are one."""


def parse_compliance(body: bytes, *, venue: str, observed: Observation, intent_id: str | None = None) -> Sighting:
    """Return the snapshot that `body` holds; `intent_id` is that of the path it was read from. Raise PoisonRecordError."""
    document = _folded(strict_json.loads(body, size_max=DOCUMENT_SIZE_MAX))
    document = _group(document, ("data",)) or document
    order = _group(document, _ORDER_GROUPS) or document
    compliance = _group(order, _COMPLIANCE_GROUPS) or _group(document, _COMPLIANCE_GROUPS)
    about = _intent(order.get("intentid"), intent_id)
    facts, canonical = _facts(_stated(order, compliance))
    if not facts:
        raise PoisonRecordError("a compliance snapshot that states none of the facts that rules ask for")
    event = ComplianceRead.model_validate(
        {
            **facts,
            "venue": venue,
            "intent_id": about,
            "observed": observed,
            "document": body.decode(),
            "document_sha256": hashlib.sha256(body).hexdigest(),
        }
    )
    return Sighting(ce_id=compliance_read_id(venue, about, canonical), event=event, complete=True)


def _intent(stated: object, asked: str | None) -> str:
    if stated is None and asked is not None:
        return asked
    found = identifiers.intent_id(stated)
    if asked is not None and found != asked:
        raise PoisonRecordError(f"a compliance snapshot of {found} where that of {asked} was asked for")
    return found


def _stated(order: Folded, compliance: Folded | None) -> dict[str, Any]:
    """Return what is stated about each fact, of whatever kind it is: in the compliance group, else beside it; codes by their side."""
    stated: dict[str, Any] = {}
    for name in ComplianceFacts.model_fields:
        places = [_vasp_code(order, name)] if name in _VASPS else []
        places += [group.get(_fold(name)) for group in (compliance, order) if group is not None]
        value = next((value for value in places if value not in (None, "")), None)
        if value is not None:
            stated[name] = value
    return stated


def _vasp_code(order: Folded, name: str) -> object:
    side = _group(order, _VASPS[name])
    if side is None:
        return None
    vasp = side.get(_fold(name.removesuffix("_code")))
    if not isinstance(vasp, dict):
        return side.get(_fold(name))
    folded = _folded(vasp)
    return folded.get("code", folded.get("vaspcode"))


def _facts(stated: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the facts that can be read, and the same in canonical spelling for their digest."""
    facts: dict[str, str] = {}
    canonical: dict[str, str] = {}
    for name, value in stated.items():
        if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX or not value.isprintable():
            continue
        if name not in _TIMES:
            facts[name] = canonical[name] = value
            continue
        try:
            # A day is taken at its beginning: an end that comes early and a check that is older than it was are the safe mistakes.
            facts[name], canonical[name] = read_time(f"{value}T00:00:00Z" if _DAY.fullmatch(value) else value, name)
        except PoisonRecordError:
            continue
    return facts, canonical


def _group(folded: Folded, names: Iterable[str]) -> Folded | None:
    found = next((folded[name] for name in names if isinstance(folded.get(name), dict)), None)
    return None if found is None else _folded(found)


def _folded(value: object) -> Folded:
    if not isinstance(value, dict):
        raise PoisonRecordError("a compliance snapshot that is no JSON object")
    folded: dict[str, Any] = {}
    for spelled, inner in value.items():
        name = _fold(spelled)
        if folded.get(name) is not None and inner is not None and folded[name] != inner:
            raise PoisonRecordError(f"{spelled[:60]} is spelled in two ways with different values")
        if inner is not None or name not in folded:
            folded[name] = inner
    return folded


def _fold(name: str) -> str:
    return name.replace("_", "").lower()
