"""What the Kafka client's thread says when it has no turn, as an operator reads it."""

from __future__ import annotations

import logging

import pytest

from pipeline.engines import _faust_transport


def test_a_busy_machine_is_named_as_such_and_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """The library's complaint about its keepalive becomes a warning that names the machine; other lines stay as they are."""
    log = logging.getLogger(_faust_transport.__name__)
    with caplog.at_level(logging.INFO, logger=log.name):
        log.error("[^--%s]: Thread keepalive is not responding...", "StoredPositionThread")
        log.error("something else")
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert told[0][0] == "WARNING"
    assert "this machine is too busy" in told[0][1]
    assert told[1] == ("ERROR", "something else")
