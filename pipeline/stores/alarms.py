"""How many alarms wait for a person, for showing and for the metrics; and that a person has looked at one."""

from __future__ import annotations

from collections import Counter

from pipeline.log.topics import ALARM_RAISED
from pipeline.stores.people import allowed
from pipeline.stores.postgres import Connection


def open_by_severity(connection: Connection, topic: str) -> Counter[str]:
    """Return how many different alarms the archive holds that nobody has acknowledged, by severity.

    `topic` is the whole name of the alarms' topic. A severity is read as our own events say it, in compact JSON; else it counts as info.
    """
    rows = connection.execute(
        """
        SELECT min(CASE WHEN position('"severity":"critical"'::bytea IN r.body) > 0 THEN '1 critical'
                        WHEN position('"severity":"warning"'::bytea IN r.body) > 0 THEN '2 warning' ELSE '3 info' END) AS worst
          FROM compliance.records r
         WHERE r.ce_type = %s AND r.topic = %s
           AND r.ce_id ~ '^[0-9a-f]{32}$' -- our own: anybody can write into the topic
           AND NOT EXISTS (SELECT FROM custodian.acts a WHERE a.action = 'acknowledge' AND a.subject = r.ce_id)
         GROUP BY r.ce_id
        """,
        (ALARM_RAISED.ce_type, topic),
    )
    return Counter(worst[2:] for (worst,) in rows)


def acknowledge(connection: Connection, alarm_id: str, *, by: str, reason: str) -> tuple[bool, str]:
    """Say that an archived alarm was looked at, as this connection's login; return whether that is new, and who said it first.

    Raise SettingsError for a login that may not, ValueError for an alarm that the archive does not hold.
    """
    with allowed("to acknowledge"):
        row = connection.execute("SELECT people.acknowledge(%s, %s, %s)", (alarm_id, by, reason)).fetchone()
    assert row is not None
    return row[0]["outcome"] == "acknowledged", row[0]["acknowledged_by"]
