"""What is said of a database that is not prepared, or of an older release."""

from __future__ import annotations

import psycopg
import pytest

from pipeline.errors import FatalError
from pipeline.stores.postgres import classify


@pytest.mark.parametrize("error", [psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction])
def test_a_statement_of_ours_is_not_shown(error: type[psycopg.Error]) -> None:
    """What is missing, and what to do, in one line: our own SQL says nothing to who reads it."""
    found = classify(
        error('"custodian.people" does not exist\nLINE 1: SELECT login FROM custodian.people\n          ^'), "reading for a command"
    )
    assert isinstance(found, FatalError)
    assert str(found) == ('the database is not prepared for reading for a command: "custodian.people" does not exist; run `custodian init`')
