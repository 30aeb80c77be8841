"""How many alarms wait for a person, for showing."""

from __future__ import annotations

from pipeline.log.topics import ALARM_RAISED
from pipeline.stores.postgres import Connection


def count(connection: Connection, topic: str) -> int:
    """Return how many different alarms the archive holds that nobody has acknowledged; `topic` is the whole name of the alarms' topic."""
    row = connection.execute(
        """
        SELECT count(DISTINCT r.ce_id) FROM compliance.records r
         WHERE r.ce_type = %s AND r.topic = %s
           AND r.ce_id ~ '^[0-9a-f]{32}$' -- our own: anybody can write into the topic
           AND NOT EXISTS (SELECT FROM custodian.acts a WHERE a.action = 'acknowledge' AND a.subject = r.ce_id)
        """,
        (ALARM_RAISED.ce_type, topic),
    ).fetchone()
    return int(row[0]) if row else 0


def count_critical(connection: Connection, topic: str) -> int:
    """Return how many of them are critical."""
    row = connection.execute(
        """
        SELECT count(DISTINCT ce_id) FROM compliance.records WHERE topic = %s AND position(%s::bytea IN body) > 0
        """,
        (topic, b'"severity":"critical"'),
    ).fetchone()
    return int(row[0]) if row else 0
