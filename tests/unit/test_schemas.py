"""The published contract: generated files are up to date, examples validate or not as they say, class and schema agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipeline.errors import PoisonRecordError
from pipeline.log import codec, topics
from schemas import generate

EXAMPLES = {path.stem: json.loads(path.read_text()) for path in sorted((generate.FOLDER / "examples").glob("*.json"))}
VALID = [(name, value) for name, example in EXAMPLES.items() for value in example["valid"]]
INVALID = [(name, entry["why"], entry["value"]) for name, example in EXAMPLES.items() for entry in example["invalid"]]


def _schema(name: str) -> Draft202012Validator:
    path: Path = generate.FOLDER / "json" / f"{name}.json"
    return Draft202012Validator(json.loads(path.read_text()))


def test_generated_files_are_what_the_classes_say() -> None:
    """Every committed schema equals what would be generated now."""
    assert generate.main(["--check"]) == 0


def test_every_kind_of_event_has_examples_a_class_and_a_topic() -> None:
    """Schemas, examples, codec and topics name the same kinds of events."""
    assert set(EXAMPLES) == set(generate.EVENTS) == {kind.name for kind in codec.CLASSES}
    assert {kind.name for kind in codec.CLASSES} <= {kind.name for kind in topics.ALL}


@pytest.mark.parametrize(("name", "value"), VALID)
def test_valid_examples_validate_and_survive_the_codec(name: str, value: dict[str, Any]) -> None:
    """A valid example satisfies schema and class, and encodes to what it was."""
    _schema(name).validate(value)
    event = codec.decode(json.dumps(value).encode(), generate.EVENTS[name])
    again = json.loads(codec.encode(event))
    assert codec.decode(codec.encode(event), generate.EVENTS[name]) == event
    assert value.items() <= again.items()


@pytest.mark.parametrize(("name", "why", "value"), INVALID)
def test_invalid_examples_are_refused_by_schema_and_class(name: str, why: str, value: dict[str, Any]) -> None:
    """An invalid example is refused by the schema and by the class."""
    assert not _schema(name).is_valid(value), why
    with pytest.raises(PoisonRecordError):
        codec.decode(json.dumps(value).encode(), generate.EVENTS[name])


def test_asyncapi_names_every_event_and_points_at_existing_schemas() -> None:
    """The AsyncAPI document has one channel per event, each with a schema file that exists."""
    document = json.loads((generate.FOLDER / "asyncapi.json").read_text())
    assert set(document["channels"]) == set(generate.EVENTS)
    for described in document["components"]["messages"].values():
        assert (generate.FOLDER / described["payload"]["$ref"]).is_file()
