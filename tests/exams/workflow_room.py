"""A room whose workers run the workflow, on all of its topics."""

from __future__ import annotations

from collections import Counter

import psycopg

from pipeline.kafka import TopicAdmin, TopicState
from pipeline.log import topics
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.stores import migrations, positions
from tests.exams.room import PARTITIONS, Room
from tests.waiting import eventually


class WorkflowRoom(Room):
    """The topics and positions of the workflow."""

    def prepare(self) -> None:
        """Make the topics, the tables and the positions."""
        admin, kinds = TopicAdmin(self.kafka), workflow(WorkflowRules()).consumes
        admin.ensure_topics(list({*topics.ALL, *kinds}))
        names = [kind.topic(self.topic_prefix) for kind in kinds]
        described: dict[str, TopicState] = {}

        def shown() -> bool:
            described.update(admin.describe(names))
            return described.keys() >= set(names)

        eventually(shown, within=30, what=f"Kafka shows the topics {', '.join(names)}")
        rows = [(name, number, described[name].topic_id) for name in names for number in range(PARTITIONS)]
        with psycopg.connect(self.dsn) as connection:
            migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
            positions.prepare(connection, "workflow", rows)

    def positions(self) -> dict[int, int]:
        """Return the stored positions in the topic of orders."""
        with psycopg.connect(self.dsn) as connection:
            rows = connection.execute(
                "SELECT partition, next_offset FROM custodian.positions WHERE consumer = 'workflow' AND topic = %s", (self.topic,)
            ).fetchall()
        return dict(rows)

    def waiting(self) -> Counter[tuple[str, bool]]:
        """Count the states by phase, and by whether their time has come."""
        with psycopg.connect(self.dsn) as connection:
            rows = connection.execute(
                "SELECT state ->> 'phase', wake_at <= clock_timestamp(), count(*) FROM custodian.states "
                "WHERE processor = 'workflow' GROUP BY 1, 2"
            ).fetchall()
        return Counter({(phase, bool(due)): count for phase, due, count in rows})

    def phases(self) -> dict[str, str]:
        """Return the phase of each intent."""
        with psycopg.connect(self.dsn) as connection:
            rows = connection.execute(
                "SELECT split_part(key, '/', 2), state ->> 'phase' FROM custodian.states WHERE processor = 'workflow'"
            ).fetchall()
        return dict(rows)

    def is_handled(self, topic: str) -> bool:
        """Tell whether all of a topic of the workflow has been handled."""
        with psycopg.connect(self.dsn) as connection:
            rows = connection.execute(
                "SELECT partition, next_offset FROM custodian.positions WHERE consumer = 'workflow' AND topic = %s", (topic,)
            ).fetchall()
        return dict(rows) == self.ends(topic)
