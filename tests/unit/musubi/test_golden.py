"""The golden documents of the venue: what the parser makes of each is written down beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from connectors.venues.musubi.parse import parse_order, parse_quote
from schemas.events import Observation

GOLDEN = Path(__file__).parents[2] / "venues" / "musubi" / "golden"
DOCUMENTS = sorted(path for path in GOLDEN.glob("*.json") if not path.name.endswith(".expected.json"))
OBSERVED = Observation(origin="stream", observed_at="2025-03-15T09:00:19.000000Z")
OWN_PARTY = "CustodianB::5de09a1...c774"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_a_golden_document_is_read_as_written_down(document: Path) -> None:
    """Event id, completeness and every parsed field are as expected, and the document is kept verbatim."""
    body = document.read_bytes().rstrip(b"\n")
    if document.name.startswith("quote"):
        sighting = parse_quote(body, venue="tokyo", observed=OBSERVED)
    else:
        sighting = parse_order(body, venue="tokyo", own_party=OWN_PARTY, observed=OBSERVED)
    fields = sighting.event.model_dump(exclude_none=True, exclude={"observed", "document"})
    found = {"ce_id": sighting.ce_id, "complete": sighting.complete, "event": fields}
    expected = document.with_name(document.stem + ".expected.json")
    if os.environ.get("GOLDEN") == "write":
        expected.write_text(json.dumps(found, indent=2) + "\n")
    assert found == json.loads(expected.read_text())
    assert sighting.event.document.encode() == body


def test_there_are_golden_documents() -> None:
    """The folder of golden documents is where this test looks for it."""
    assert len(DOCUMENTS) >= 7
