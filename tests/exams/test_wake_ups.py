"""Due times on real services: what waits is woken once, by whoever has its partition, whatever dies on the way."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import timedelta

import pytest

from pipeline.clock import SystemClock
from pipeline.kafka import EventProducer
from pipeline.log import topics
from pipeline.log.envelope import time_text
from pipeline.testing.orders import intent, outgoing
from tests.exams.workflow_room import WorkflowRoom
from tests.unit.workflow.scene import order
from tests.waiting import eventually

pytestmark = pytest.mark.faults

INTENTS = 60


def test_what_became_due_while_nobody_ran_is_asked_once(workflow_room: WorkflowRoom) -> None:
    """Proposals wait for evidence when their worker is killed; the next one is killed between publishing and commit; two more go on.

    Each proposal is asked about under one id, by one committed transaction; only the killed transaction's questions are there twice.
    """
    now = SystemClock().now()
    intents = {intent(number, workflow_room.topic_prefix) for number in range(INTENTS)}
    shown = order(created_at=time_text(now), expires_at=time_text(now + timedelta(minutes=5)))
    EventProducer(workflow_room.kafka).publish([outgoing(shown.model_copy(update={"intent_id": one})) for one in intents])

    first = workflow_room.worker(WORKER_PROCESSOR="workflow", WORKER_EVIDENCE_WAIT="8")
    eventually(lambda: workflow_room.positions() == workflow_room.ends(), within=60, what="the proposals are read")
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert {phase for phase, _ in workflow_room.waiting()} == {"gathering"}

    eventually(lambda: workflow_room.waiting() == {("gathering", True): INTENTS}, within=30, what="everything is due")
    killed = workflow_room.worker(WORKER_PROCESSOR="workflow", CUSTODIAN_FAILPOINT="workflow.after_produce:1")
    assert killed.wait(within=60) == -signal.SIGKILL
    assert workflow_room.waiting() == {("gathering", True): INTENTS}
    twice = {headers["ce_subject"] for headers, _ in workflow_room.read(topics.DECISION_REQUESTED)}
    assert twice

    others = [workflow_room.worker(WORKER_PROCESSOR="workflow") for _ in range(2)]
    eventually(lambda: workflow_room.waiting() == {("asking_accept", False): INTENTS}, within=60, what="everything is asked about")
    assert [worker.end() for worker in others] == [0, 0]

    asked = workflow_room.read(topics.DECISION_REQUESTED)
    assert Counter(value["intent_id"] for _, value in asked) == {one: 1 + (one in twice) for one in intents}
    assert len({headers["ce_id"] for headers, _ in asked}) == INTENTS
    assert {value["round"] for _, value in asked} == {1}
    assert not workflow_room.read(topics.DEAD_LETTER)
