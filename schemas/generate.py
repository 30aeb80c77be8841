"""Writes `schemas/json/*.json` and `schemas/asyncapi.json` from the event classes: `make schemas`, or `--check` for the build.

JSON Schema 2020-12; AsyncAPI 3.0 with the Kafka bindings.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from schemas.accepting import (
    CommandCompleted,
    CommandIssued,
    ComplianceRead,
    DecisionMade,
    DecisionRequested,
    OperatorActed,
    PolicyActivated,
    RateRead,
)
from schemas.events import AlarmRaised, DeadLetter, Event, OrderSettled, OrderUpdated, QuoteReceived

FOLDER = Path(__file__).resolve().parent
EVENTS: dict[str, type[Event]] = {
    "order-updated.v1": OrderUpdated,
    "quote-received.v1": QuoteReceived,
    "compliance-read.v1": ComplianceRead,
    "rate-read.v1": RateRead,
    "decision-requested.v1": DecisionRequested,
    "decision-made.v1": DecisionMade,
    "command-issued.v1": CommandIssued,
    "command-completed.v1": CommandCompleted,
    "operator-acted.v1": OperatorActed,
    "policy-activated.v1": PolicyActivated,
    "order-settled.v1": OrderSettled,
    "alarm-raised.v1": AlarmRaised,
    "dead-letter.v1": DeadLetter,
}

_HEADERS = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_dataschema"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "description": "derived from the fact: the same fact seen again has the same id"},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string"},
        "ce_subject": {"type": "string", "description": "the intent id; the venue or coordinates where there is none"},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_dataschema": {"type": "string"},
        "ce_correlationid": {"type": "string"},
        "ce_causationid": {"type": "string"},
        "ce_signature": {
            "type": "string",
            "description": "of decision-made by an external engine: KEY_ID:BASE64, Ed25519 over "
            "'custody.decision-made.v1 CONTEXT_SHA256', a line feed and the value",
        },
        "traceparent": {"type": "string"},
        "content-type": {"const": "application/json"},
    },
}


def json_schema(name: str, event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema of one event."""
    schema = event.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"schemas/json/{name}.json", **_without_null(schema)}


def _without_null(node: Any) -> Any:
    """Drop "or null": an absent field is absent in our events."""
    match node:
        case dict():
            kept = {key: _without_null(value) for key, value in node.items() if not (key == "default" and value is None)}
            options = kept.pop("anyOf", None)
            if options is None:
                return kept
            options = [option for option in options if option != {"type": "null"}]
            return {**(options[0] if len(options) == 1 else {"anyOf": options}), **kept}
        case list():
            return [_without_null(part) for part in node]
        case _:
            return node


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document of the topics."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Custodian settlement pipeline",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in binary mode on Kafka; key: the intent id, or the venue id where there is none.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            name: {
                "address": f"custody.{name}",
                "description": (event.__doc__ or "").strip(),
                "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
                "bindings": {"kafka": {"topic": f"custody.{name}"}},
            }
            for name, event in EVENTS.items()
        },
        "operations": {f"publish-{name}": {"action": "send", "channel": {"$ref": f"#/channels/{name}"}} for name in EVENTS},
        "components": {
            "messages": {
                event.__name__: {
                    "name": event.__name__,
                    "contentType": "application/json",
                    "headers": _HEADERS,
                    "payload": {"$ref": f"json/{name}.json"},
                    "bindings": {"kafka": {"key": {"type": "string"}}},
                }
                for name, event in EVENTS.items()
            }
        },
    }


def files() -> dict[Path, str]:
    """Return every generated file with its text."""
    generated = {FOLDER / "json" / f"{name}.json": json_schema(name, event) for name, event in EVENTS.items()}
    generated[FOLDER / "asyncapi.json"] = asyncapi()
    return {path: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for path, content in generated.items()}


def main(arguments: list[str]) -> int:
    """Write the files, or with --check say which ones differ (exit code 1)."""
    stale = [path for path, text in files().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(FOLDER.parent)} is not what the event classes say: run `make schemas`\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(files()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
