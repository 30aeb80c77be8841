"""Times and durations as options of commands."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from pipeline.domain.moments import bounded

LONGEST = timedelta(days=36_500)
"""A hundred years: longer than anything is kept, and inside the calendar on both sides of today."""


class Time(click.ParamType):
    """An RFC 3339 time, or a date that stands for its first moment in UTC; one beyond every moment stands for the nearer end."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a time; fail with what to write."""
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-04-01 or 2026-04-01T09:00:00Z", param, ctx)
        return bounded(at.replace(tzinfo=UTC) if at.tzinfo is None else at)


class Duration(click.ParamType):
    """A duration as in the settings: 250ms, 30s, 5m; hours and days too: 12h, 90d."""

    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the duration; fail with a usage error."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", value, re.ASCII)
        if not found:
            self.fail(f"{value!r} is no duration; write 10s, 5m or 90d", param, ctx)
        seconds = float(found[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]
        if seconds > LONGEST.total_seconds():
            self.fail(f"{value!r} is too long; write {LONGEST.days}d at most", param, ctx)
        return timedelta(seconds=seconds)
