"""Faults by name: what can go wrong at or on the way from the venue, how often, and for how long.

A fault is written `name=rate` or `name=rate:seconds`. Where a rate means something else than a chance per frame or per
call, its line in `FAULTS` says so. Faults are drawn from a seeded generator; each one injected is written to the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from pipeline.errors import SettingsError

Unit = Literal["per frame", "per settlement", "per second", "per call", "frames", "switch", "per order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that can be asked for; `seconds` is how long it lasts unless the asker says otherwise."""

    name: str
    unit: Unit
    about: str
    seconds: float = 0.0


FAULTS: tuple[Fault, ...] = (
    Fault(name="duplicate", unit="per frame", about="a frame is sent again, at once or later", seconds=2.0),
    Fault(name="drop", unit="per frame", about="a frame is never sent"),
    Fault(name="reorder", unit="per frame", about="a frame and what follows on its intent is sent later", seconds=1.0),
    Fault(name="reorder_within", unit="per frame", about="a frame is overtaken by its own intent", seconds=1.0),
    Fault(name="skip_executing", unit="per order", about="EXECUTING is never sent"),
    Fault(name="unknown_status", unit="per settlement", about="a frame with an unknown status comes before SETTLED"),
    Fault(name="poison", unit="per frame", about="a frame that nobody may book follows, one kind after the other"),
    Fault(name="variants", unit="per frame", about="case, wrapping, nulls, missing and extra fields are mixed"),
    Fault(name="contradiction_hash", unit="per settlement", about="SETTLED again with another hash", seconds=2.0),
    Fault(name="contradiction_terms", unit="per settlement", about="SETTLED again with another rate", seconds=2.0),
    Fault(name="contradiction_terminal", unit="per settlement", about="FAILED after SETTLED", seconds=2.0),
    Fault(name="replay_on_reconnect", unit="frames", about="a new stream first repeats so many of the latest frames"),
    Fault(name="cut_inside_frame", unit="per frame", about="the connection breaks in the middle of a frame"),
    Fault(name="disconnect", unit="per second", about="all streams are closed"),
    Fault(name="silence", unit="per second", about="streams carry no byte, no heartbeat either", seconds=5.0),
    Fault(name="stream_refused", unit="per call", about="opening the stream is answered with 502"),
    Fault(name="token_revoked", unit="per second", about="all tokens so far are refused, streams are closed"),
    Fault(name="token_endpoint_failing", unit="per second", about="/auth/token answers 500", seconds=3.0),
    Fault(name="server_error", unit="per call", about="a read is answered with 5xx, with and without JSON"),
    Fault(name="too_many", unit="per call", about="a read is answered with 429 and Retry-After", seconds=1.0),
    Fault(name="slow", unit="per call", about="a call is answered up to so many seconds later", seconds=1.0),
    Fault(name="accept_applied_502", unit="per call", about="an accept call works and is answered with 502"),
    Fault(name="accept_not_applied_502", unit="per call", about="an accept call does nothing and is answered with 502"),
    Fault(name="accept_timeout", unit="per call", about="an accept call works, its answer comes late", seconds=30.0),
)

_BY_NAME = {fault.name: fault for fault in FAULTS}
TRIGGERS = frozenset({"disconnect", "silence", "token_revoked", "token_endpoint_failing"})


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of a fault: its rate (see the fault's unit) and how many seconds it lasts."""

    rate: float
    seconds: float


def _dose(name: str, text: str) -> Dose:
    fault = _BY_NAME.get(name)
    if fault is None:
        raise SettingsError(f"fault {name!r} is unknown: write one of {', '.join(sorted(_BY_NAME))}")
    first, _, last = text.strip().lower().partition(":")
    try:
        rate = {"true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0}.get(first)
        rate = float(first) if rate is None else rate
        seconds = float(last.removesuffix("s")) if last else fault.seconds
    except ValueError:
        raise SettingsError(f"fault {name} = {text!r}: write RATE or RATE:SECONDS, such as 0.02 or 0.02:5") from None
    chance = fault.unit not in ("frames", "per second")
    if not 0 <= rate < float("inf") or (chance and rate > 1) or not 0 <= seconds < float("inf"):
        raise SettingsError(f"fault {name} = {text!r}: a chance lies between 0 and 1, nothing is negative")
    return Dose(rate, seconds)


def parse_faults(texts: Iterable[str]) -> dict[str, Dose]:
    """Read `drop=0.02` texts; raises SettingsError that names the fault and what to write."""
    doses: dict[str, Dose] = {}
    for text in texts:
        name, _, value = text.partition("=")
        doses[name.strip()] = _dose(name.strip(), value or "1")
    return doses


class FaultBoard:
    """The faults in force, which may change while the simulator runs, and the dice that decide when they strike."""

    def __init__(self, doses: Mapping[str, Dose], *, rng: Random) -> None:
        self._doses = {name: dose for name, dose in doses.items() if dose.rate > 0}
        self.rng = rng

    @property
    def quiet(self) -> bool:
        """Tell whether no fault at all is in force."""
        return not self._doses

    def put(self, values: Mapping[str, object]) -> None:
        """Set faults by name, as text or number; 0 ends one; raises SettingsError for an unknown one."""
        doses = {name: _dose(name, str(value)) for name, value in values.items()}
        for name, dose in doses.items():
            if dose.rate > 0:
                self._doses[name] = dose
            else:
                self._doses.pop(name, None)

    def clear(self) -> None:
        """End all faults."""
        self._doses.clear()

    def rate(self, name: str) -> float:
        """Return the rate of a fault, 0 when it is not in force."""
        dose = self._doses.get(name)
        return dose.rate if dose else 0.0

    def seconds(self, name: str) -> float:
        """Return how many seconds a fault lasts."""
        dose = self._doses.get(name)
        return dose.seconds if dose else _BY_NAME[name].seconds

    def strikes(self, name: str, *, at_least: float = 0.0, share: float = 1.0) -> bool:
        """Throw the dice for a fault once; no dice are thrown for a fault that is not in force."""
        rate = max(self.rate(name), at_least) * share
        return rate > 0 and self.rng.random() < rate

    def listed(self) -> dict[str, dict[str, float]]:
        """Return the faults in force by name."""
        return {name: {"rate": dose.rate, "seconds": dose.seconds} for name, dose in sorted(self._doses.items())}
