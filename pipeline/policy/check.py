"""What a check is: a name, typed parameters, one sentence, and a function that makes a rule out of parameters.

A check is compiled once per rule; what comes out is called for every question. It says PASS, FAIL, MISSING (an input that it needs is not
there or stale), NOT_APPLICABLE or WAIT; the rule's `otherwise` turns FAIL into REJECT or REFER, and MISSING becomes WAIT or REFER.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.policy.counters import CounterQuery
from pipeline.policy.exact import duration
from pipeline.policy.facts import Facts, Quote
from schemas.accepting import Question

Says = Literal["PASS", "FAIL", "MISSING", "NOT_APPLICABLE", "WAIT"]
About = Literal["order", "quote", "quotes"]
"""A rule is asked once about the order, once for each quote, or once about all quotes together."""


Inputs = dict[str, str] | Callable[[], dict[str, str]]
Observed = str | Callable[[], str] | None
"""What takes long to write down is a function: a replay, and a quote that is not chosen, never write it."""


class Found(NamedTuple):
    """What a rule found."""

    says: Says
    inputs: Inputs
    observed: Observed = None
    note: str = ""
    """Why, where that is more than the limit and the observed value."""

    def observed_text(self) -> str | None:
        """Write down the observed value."""
        observed = self.observed
        return observed() if callable(observed) else observed

    def inputs_written(self) -> dict[str, str]:
        """Write down the inputs."""
        inputs = self.inputs
        return inputs() if callable(inputs) else inputs


class Case(NamedTuple):
    """What a rule looks at."""

    facts: Facts
    quote: Quote | None = None
    acceptable: Sequence[Quote] = ()
    """Quotes that the built-in rules let through."""
    standing: Sequence[Quote] = ()
    """Those of them that no rule of the policy rejects either: one of these is chosen."""


def no_query(_: Case) -> CounterQuery | None:
    """Need no counter."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A check with its parameters put in."""

    evaluate: Callable[[Case], Found]
    about: About = "order"
    limit: str | None = None
    query: Callable[[Case], CounterQuery | None] = no_query
    before: Compiled | None = None
    """The rule as decisions of releases before have recorded it, where that differs."""


def _amount(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int) or not re.fullmatch(r"[0-9]{1,38}(\.[0-9]{1,38})?", str(value)):
        raise ValueError('write a decimal in quotes such as "50000000" or "0.25"')
    return Decimal(value)


def _clean(value: str) -> str:
    if not value or value != value.strip() or not value.isprintable():
        raise ValueError("write a text without blanks around it")
    return value


def _pair(value: str) -> str:
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", value):
        raise ValueError('write SOURCE/TARGET such as "JPYSC0/USDCx"')
    return value


Amount = Annotated[Decimal, BeforeValidator(_amount)]
BasisPoints = Annotated[Decimal, BeforeValidator(_amount)]
Duration = Annotated[timedelta, BeforeValidator(duration)]
Text = Annotated[str, AfterValidator(_clean)]
Pair = Annotated[str, AfterValidator(_pair)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1, strict=False)]
Pairs = Annotated[tuple[Pair, ...], Field(min_length=1, strict=False)]


class Params(BaseModel):
    """What the parameters of every check have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    venue: Text | None = Field(default=None, description="the rule is about this venue only; without it a limit counts over all venues")
    pair: Pair | None = Field(default=None, description="the rule is about this pair only, written SOURCE/TARGET")


class NoParams(Params):
    """No parameters beside the common ones."""


P = TypeVar("P", bound=Params)
BOTH: tuple[Question, ...] = ("accept_proposal", "co_sign_quote")
ACCEPT: tuple[Question, ...] = ("accept_proposal",)
CO_SIGN: tuple[Question, ...] = ("co_sign_quote",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[P]):
    """A check that rules can use."""

    name: str
    sentence: str
    """What a rule of this kind holds, in one sentence: shown beside every decision."""
    params: type[P]
    compile: Callable[[P, Question], Compiled]
    questions: tuple[Question, ...] = BOTH
    otherwise: tuple[str, ...] = ("REJECT", "REFER")
    """What a rule may say otherwise."""
    ages: bool = False
    """Time alone can change what it says of the same facts: it is asked again right before a call."""
    approvers: int = 1
    """How many people a referral by this rule needs at least; a rule may say more, and not fewer."""
    example: dict[str, Any]
    """Parameters that one can write, checked by a test."""


def missing(what: str, inputs: Inputs | None = None) -> Found:
    """Say that an input is not there."""
    return Found("MISSING", inputs or {}, None, f"{what} is not known")


def not_applicable(why: str, inputs: dict[str, str] | None = None) -> Found:
    """Say that a rule is about something else."""
    return Found("NOT_APPLICABLE", inputs or {}, None, why)


_new = tuple.__new__  # a named tuple's own constructor takes twice as long, and every rule makes one


def judged(holds: bool, inputs: Inputs, observed: Observed, note: str = "") -> Found:
    """Say PASS or FAIL."""
    return _new(Found, ("PASS" if holds else "FAIL", inputs, observed, note))
