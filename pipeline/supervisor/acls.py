"""Who may do what in Kafka: what each role reads and writes, and nothing else, as grants for a broker that denies what nobody granted.

`access` is the whole of it: what a processor reads and writes it says itself, for the others it stands here. A principal is the
`sasl.username` that a role connects with, by its section `[kafka.roles.X.client]` or else by `kafka.client`. Nobody may delete or alter a
topic, and only `init` may make one, or put the groups of those who read it to its beginning. Source: infra/decisions/0021.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pipeline.kafka import Grant, helper_groups
from pipeline.log import topics
from pipeline.log.topics import EventType
from pipeline.settings import Kafka, Settings
from pipeline.supervisor.preparation import CONSUMERS
from pipeline.topology import PROCESSORS
from pipeline.wiring import PROGRAMS, consumers_of

NOTICES = frozenset({topics.ALARM_RAISED, topics.DEAD_LETTER})
"""What every role may say."""
OUTBOX = frozenset(
    {
        topics.DECISION_MADE,
        topics.OPERATOR_ACTED,
        topics.POLICY_ACTIVATED,
        topics.ORDER_UPDATED,
        topics.QUOTE_RECEIVED,
        topics.COMPLIANCE_READ,
        topics.ORDER_SETTLED,
        topics.ALARM_RAISED,
    }
)
"""What travels by the outbox: answers of people, acts, policies, orders read again, settlements emitted again. A command of a person
publishes it, and the role `commands` what a command has left."""
_WRITES: Mapping[str, frozenset[EventType]] = {
    "ingest": frozenset({topics.ORDER_UPDATED, topics.QUOTE_RECEIVED, topics.COMPLIANCE_READ, topics.RATE_READ}),
    "commands": OUTBOX | {topics.COMMAND_COMPLETED},
    "ledger": frozenset(),
    "archive": frozenset(),
}
"""What roles write that are no processors, beside notices."""
_PUT_BACK = frozenset({topics.ORDER_UPDATED, topics.QUOTE_RECEIVED, topics.COMPLIANCE_READ, topics.RATE_READ, topics.ORDER_SETTLED})
"""What `dead-letters requeue` reads and writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one role may do; what it may read or write it may describe."""

    reads: frozenset[EventType] = frozenset()
    writes: frozenset[EventType] = frozenset()
    groups: tuple[str, ...] = ()
    """Which consumer groups it joins, without the prefix."""
    looks: bool = True
    """It may describe every topic and group of ours: how far others have come, and what Kafka knows that the database does not."""
    makes: bool = False
    """It may make topics and see their settings."""
    checks: bool = False
    """It may see the settings of topics."""


def access(settings: Settings) -> Mapping[str, Access]:
    """Return what each role may do; `risk` is the engine of somebody else where the settings say that there is one."""
    found = {role: _of_program(role, settings) for role in PROGRAMS}
    if settings.risk.engine == "external":
        found["risk"] = Access(
            reads=frozenset({topics.DECISION_REQUESTED}), writes=frozenset({topics.DECISION_MADE}), groups=("engine",), looks=False
        )
    # `positions renew` says for every group how far it has come in a topic that was made anew, which takes reading both.
    found["init"] = Access(reads=frozenset(topics.ALL), groups=(*CONSUMERS,), makes=True, checks=True)
    found["cli"] = Access(reads=_PUT_BACK, writes=OUTBOX | _PUT_BACK, checks=True)
    return found


def _of_program(role: str, settings: Settings) -> Access:
    consumers = consumers_of(role)
    writes = frozenset(PROCESSORS[role](settings).emits) if role in PROCESSORS else _WRITES[role]
    reads = {kind for consumer in consumers for kind in CONSUMERS[consumer]}
    # Halts come back from the acts when the database has gone back, whoever is the first to see it.
    return Access(reads=frozenset(reads | {topics.OPERATOR_ACTED}), writes=writes | NOTICES, groups=consumers)


def principal(kafka: Kafka, role: str) -> str:
    """Return whom Kafka takes a role for; a certificate's name is not known here, so `custodian-ROLE` stands for it."""
    return f"User:{kafka.of_role(role).client.get('sasl.username', f'custodian-{role}')}"


def grants(settings: Settings) -> Iterator[Grant]:
    """Yield what each login has to be allowed, all roles with the same login in one."""
    kafka = settings.kafka
    operations: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for role, may in access(settings).items():
        who = principal(kafka, role)
        for kind in topics.ALL:
            operations[who, "topic", kind.topic(kafka.topic_prefix)] |= _on_topic(kind, may)
        for group in _groups(kafka):
            if may.looks:
                operations[who, "group", group].add("Describe")
        for name in may.groups:
            operations[who, "group", f"{kafka.topic_prefix}{name}"].add("Read")
    alike: defaultdict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (who, resource, name), allowed in operations.items():
        if allowed:
            alike[who, resource, tuple(sorted(_needed(allowed)))].append(name)
    for (who, resource, together), names in alike.items():
        yield Grant(principal=who, resource="topic" if resource == "topic" else "group", names=tuple(names), operations=together)


def _groups(kafka: Kafka) -> Collection[str]:
    return (*(f"{kafka.topic_prefix}{consumer}" for consumer in CONSUMERS), *helper_groups(kafka))


def _on_topic(kind: EventType, may: Access) -> set[str]:
    return {
        operation
        for operation, allowed in {
            "Create": may.makes,
            "Describe": may.looks,
            "DescribeConfigs": may.checks,
            "Read": kind in may.reads,
            "Write": kind in may.writes,
        }.items()
        if allowed
    }


def _needed(allowed: Collection[str]) -> set[str]:
    """Leave out what Kafka derives: who may read or write may describe."""
    return {*allowed} - ({"Describe"} if {"Read", "Write"} & {*allowed} else set())
