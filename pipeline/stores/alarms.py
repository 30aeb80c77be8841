"""How many alarms wait for a person, for showing."""

from __future__ import annotations

from pipeline.log.topics import ALARM_RAISED
from pipeline.stores.postgres import Connection

_CRITICAL = b'"severity":"critical"'
"""As our own events say it: compact JSON."""


def count(connection: Connection, topic: str, *, critical: bool = False) -> int:
    """Return how many different alarms the archive holds that nobody has acknowledged, or of those how many are critical.

    `topic` is the whole name of the alarms' topic.
    """
    row = connection.execute(
        """
        SELECT count(DISTINCT r.ce_id) FROM compliance.records r
         WHERE r.ce_type = %s AND r.topic = %s
           AND r.ce_id ~ '^[0-9a-f]{32}$' -- our own: anybody can write into the topic
           AND (NOT %s OR position(%s::bytea IN r.body) > 0)
           AND NOT EXISTS (SELECT FROM custodian.acts a WHERE a.action = 'acknowledge' AND a.subject = r.ce_id)
        """,
        (ALARM_RAISED.ce_type, topic, critical, _CRITICAL),
    ).fetchone()
    return int(row[0]) if row else 0
