"""The check on when: hours, days of the week and holidays in a named time zone."""

from __future__ import annotations

import difflib
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from pipeline.policy.check import Case, Check, Compiled, Found, Params, judged
from schemas.accepting import Question

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(str(value), sorted(available_timezones()), n=1)
        raise ValueError(f'write a time zone such as "{near[0] if near else "Asia/Tokyo"}"') from None


def _time(value: object) -> time:
    try:
        if isinstance(value, str) and len(value) == 5:
            return datetime.strptime(value, "%H:%M").replace(tzinfo=UTC).time()
    except ValueError:
        pass
    raise ValueError('write a time of day in quotes such as "09:00"')


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError('write a date such as "2026-01-01"') from None


class Hours(Params):
    """The parameters of `business_hours`."""

    timezone: Annotated[ZoneInfo, BeforeValidator(_zone)] = Field(description='such as "Asia/Tokyo"')
    days: tuple[Day, ...] = Field(default=DAYS, strict=False, min_length=1)
    opens: Annotated[time, BeforeValidator(_time)] = Field(default=time(0, 0), description='from this time on, such as "09:00"')
    closes: Annotated[time, BeforeValidator(_time)] | None = Field(default=None, description="before this time; left out: until midnight")
    holidays: tuple[Annotated[date, BeforeValidator(_date)], ...] = Field(default=(), strict=False, description="dates with no business")

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @model_validator(mode="after")
    def _some_time(self) -> Hours:
        if self.closes is not None and self.closes <= self.opens:
            raise ValueError("closes is not after opens; write a later time of the same day, or leave closes out for midnight")
        return self


def _minute(of: time) -> int:
    return of.hour * 60 + of.minute


def _hours(params: Hours, _: Question) -> Compiled:
    days = frozenset(DAYS.index(day) for day in params.days)
    opens, closes, zone, key = params.opens, params.closes, params.timezone, params.timezone.key
    holidays = frozenset(day.toordinal() for day in params.holidays)
    # Opening times are whole minutes: counted from midnight, they are numbers.
    opens_minute, closes_minute = _minute(opens), 24 * 60 if closes is None else _minute(closes)

    def evaluate(case: Case) -> Found:
        local = case.facts.now.astimezone(zone)
        date_number = local.toordinal()
        day = (date_number - 1) % 7  # the first day of all was a Monday

        def text() -> str:
            return f"{DAYS[day]} {local.isoformat(' ')[:19]}"

        def inputs() -> dict[str, str]:
            return {"decided_at": text(), "timezone": key}

        if date_number in holidays:
            return judged(False, inputs, text, "a holiday")
        if day not in days:
            return judged(False, inputs, text, "not a business day")
        return judged(opens_minute <= local.hour * 60 + local.minute < closes_minute, inputs, text)

    until = "24:00" if closes is None else f"{closes:%H:%M}"
    limit = f"{', '.join(params.days)} {opens:%H:%M} to {until} {params.timezone.key}"
    return Compiled(evaluate=evaluate, limit=f"{limit}, {len(holidays)} holidays" if holidays else limit)


CHECKS: tuple[Check[Any], ...] = (
    Check(
        name="business_hours",
        sentence="It is within the hours, on one of the days and on no holiday, in the named time zone.",
        ages=True,
        params=Hours,
        compile=_hours,
        example={
            "timezone": "Asia/Tokyo",
            "days": ["mon", "tue", "wed", "thu", "fri"],
            "opens": "09:00",
            "closes": "17:00",
            "holidays": ["2026-01-01"],
        },
    ),
)
