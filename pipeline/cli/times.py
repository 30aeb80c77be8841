"""Times as options of commands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click


class Time(click.ParamType):
    """An RFC 3339 time, or a date that stands for its first moment in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a time; fail with what to write."""
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-04-01 or 2026-04-01T09:00:00Z", param, ctx)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at
