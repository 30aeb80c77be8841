"""How a worker ends for which error."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    NotCoordinatorForGroupError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

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
from pipeline.settings import Kafka


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
    said = engine.in_our_words(OffsetOutOfRangeError({TopicPartition("orders", 3): 17}), Kafka())
    assert isinstance(said, TopicTruncatedError)
    assert "orders[3]" in str(said)
    other = ValueError("x")
    assert engine.in_our_words(other, Kafka()) is other


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TopicAuthorizationFailedError("orders"), "may not Read the topic orders"),
        (GroupAuthorizationFailedError("custody.risk"), "may not Read the group custody.risk"),
    ],
)
def test_what_kafka_denies_is_a_setting_that_names_login_and_grant(error: KafkaError, said: str, wrapped: bool) -> None:
    """Also where aiokafka hides it behind a fault of its coordination: a restart would not mend it."""
    met: KafkaError = error
    if wrapped:
        met = KafkaError("Unexpected error during coordination")
        met.__cause__ = error
    kafka = Kafka.model_validate({"roles": {"risk": {"client": {"sasl.username": "custodian-risk"}}}}).of_role("risk")
    found = engine.in_our_words(met, kafka)
    assert engine.verdict(found) == (engine.EXIT_SETTINGS, None)
    assert f"kafka.roles.risk.client: the login custodian-risk {said}" in str(found)
    assert "custodian init --print-acls" in str(found)
