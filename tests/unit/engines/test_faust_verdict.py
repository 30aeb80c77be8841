"""How a worker ends for which error."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, NotCoordinatorForGroupError, OffsetOutOfRangeError, TopicAuthorizationFailedError

from pipeline.engines import faust as engine
from pipeline.errors import (
    FatalError,
    PositionHoleError,
    ServiceAwayError,
    SettingsError,
    StuckError,
    TopicRepartitionedError,
    TopicReplacedError,
    TopicTruncatedError,
)


@pytest.mark.parametrize(
    ("error", "code", "alarm"),
    [
        (PositionHoleError("x"), engine.EXIT_HOLE, "position_hole"),
        (TopicReplacedError("x"), engine.EXIT_TOPIC_REPLACED, "topic_replaced"),
        (TopicTruncatedError("x"), engine.EXIT_TOPIC_TRUNCATED, "topic_truncated"),
        (TopicRepartitionedError("x"), engine.EXIT_TOPIC_REPARTITIONED, "topic_repartitioned"),
        (StuckError("x"), engine.EXIT_STUCK, None),
        (SettingsError("x"), engine.EXIT_SETTINGS, None),
        (ServiceAwayError("x"), engine.EXIT_AWAY, None),
        (KafkaConnectionError("x"), engine.EXIT_AWAY, None),
        (NotCoordinatorForGroupError("x"), engine.EXIT_AWAY, None),
        (TopicAuthorizationFailedError("x"), engine.EXIT_CRASH, None),
        (FatalError("x"), engine.EXIT_CRASH, None),
        (ValueError("x"), engine.EXIT_CRASH, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_kind_of_error_has_its_exit_code(error: Exception, code: int, alarm: str | None) -> None:
    """Holes and topics that are not as before are alarmed; what passes by itself ends with EXIT_AWAY, what does not with EXIT_CRASH."""
    assert engine.verdict(error) == (code, alarm)


def test_an_offset_out_of_range_is_a_truncated_topic() -> None:
    """What aiokafka says of a position that Kafka does not have names the partition in our words; any other error stays as it is."""
    said = engine.in_our_words(OffsetOutOfRangeError({TopicPartition("orders", 3): 17}))
    assert isinstance(said, TopicTruncatedError)
    assert "orders[3]" in str(said)
    other = ValueError("x")
    assert engine.in_our_words(other) is other
