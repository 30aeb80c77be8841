"""The topics: one per kind of event, all with the same number of partitions, keyed by intent id."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event in one major version; `name` is the topic's name without the prefix."""

    name: str

    @property
    def ce_type(self) -> str:
        """Return the CloudEvents type, the same under every topic prefix."""
        return f"custody.{self.name}"

    @property
    def dataschema(self) -> str:
        """Return the CloudEvents dataschema: the file in `schemas/json/`."""
        return f"schemas/json/{self.name}.json"

    def topic(self, prefix: str) -> str:
        """Return the Kafka topic under a prefix such as "custody."."""
        return prefix + self.name


ORDER_UPDATED = EventType("order-updated.v1")
QUOTE_RECEIVED = EventType("quote-received.v1")
DECISION_REQUESTED = EventType("decision-requested.v1")
DECISION_MADE = EventType("decision-made.v1")
COMMAND_ISSUED = EventType("command-issued.v1")
COMMAND_COMPLETED = EventType("command-completed.v1")
ORDER_SETTLED = EventType("order-settled.v1")
COMPLIANCE_READ = EventType("compliance-read.v1")
RATE_READ = EventType("rate-read.v1")
OPERATOR_ACTED = EventType("operator-acted.v1")
POLICY_ACTIVATED = EventType("policy-activated.v1")
ALARM_RAISED = EventType("alarm-raised.v1")
DEAD_LETTER = EventType("dead-letter.v1")

ALL = (
    ORDER_UPDATED,
    QUOTE_RECEIVED,
    DECISION_REQUESTED,
    DECISION_MADE,
    COMMAND_ISSUED,
    COMMAND_COMPLETED,
    ORDER_SETTLED,
    COMPLIANCE_READ,
    RATE_READ,
    OPERATOR_ACTED,
    POLICY_ACTIVATED,
    ALARM_RAISED,
    DEAD_LETTER,
)
"""Every topic that `custodian init` makes: the promise of the interface, those of later features included."""

BY_CE_TYPE = {kind.ce_type: kind for kind in ALL}
