"""Faults by name: what can go wrong at or on the way from the venue, how often, and for how long.

A fault is written `name=rate`, `name=rate:seconds`, and with `xN` behind it strikes N times and then no more: `accept_conflict=1x1`
hits just the next accept call. A fault of accept calls can be bound to one kind of them: `accept_conflict@co_sign_quote=0.1` or
`…@accept_proposal`. Where a rate means something else than a chance per frame or per call, its line in `FAULTS` says so. Seconds are
real time whatever the speed, because they meet the time limits of clients. Faults are drawn from a seeded generator; each one injected
is written to the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Literal

from connectors.simulators.musubi.orders import Flaw
from pipeline.errors import SettingsError

Unit = Literal["per frame", "per settlement", "per second", "per call", "per accept call", "per quote", "frames", "seconds", "per order"]


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
    Fault(name="whoami_missing", unit="per call", about="/api/v1/whoami is answered with 404, as by a proxy whose backend is gone"),
    Fault(name="snapshot_absent", unit="per call", about="a compliance snapshot is answered with 404, as by a venue that hands none out"),
    Fault(name="snapshot_late", unit="per call", about="a compliance snapshot is answered so many seconds later", seconds=1.3),
    Fault(name="slow", unit="per call", about="a call is answered up to so many seconds later", seconds=1.0),
    Fault(name="date_ahead", unit="seconds", about="the Date header is so many seconds ahead of the venue's clock"),
    Fault(name="date_behind", unit="seconds", about="the Date header is so many seconds behind the venue's clock"),
    Fault(name="date_absent", unit="per call", about="an answer has no Date header"),
    Fault(name="accept_conflict", unit="per accept call", about="nothing is done, the answer is 409 although the state allows it"),
    Fault(name="accept_too_many", unit="per accept call", about="nothing is done, the answer is 429 with Retry-After", seconds=1.0),
    Fault(name="accept_server_error", unit="per accept call", about="nothing is done, the answer is 5xx, with and without JSON"),
    Fault(name="accept_not_applied_502", unit="per accept call", about="nothing is done, the answer is 502"),
    Fault(name="accept_not_applied_cut", unit="per accept call", about="nothing is done, the connection breaks before the answer"),
    Fault(name="accept_applied_502", unit="per accept call", about="the call works and is answered with 502"),
    Fault(name="accept_applied_cut", unit="per accept call", about="the call works, the connection breaks before the answer"),
    Fault(name="accept_timeout", unit="per accept call", about="the call works, its answer comes late", seconds=30.0),
    Fault(name="accept_slow", unit="per accept call", about="the call works, its answer comes up to so much later", seconds=2.0),
    Fault(name="accept_applied_late", unit="per accept call", about="the call is taken up so much later, whoever waits", seconds=5.0),
    Fault(name="quote_disagrees_source", unit="per quote", about="its source amount is not rate times target; that is what would be paid"),
    Fault(name="quote_disagrees_target", unit="per quote", about="its target amount is neither the order's nor rate times it"),
    Fault(name="quote_breaks_guard", unit="per quote", about="it costs more than source_amount_max, where there is one"),
    Fault(name="quote_beyond_scale", unit="per quote", about="its source amount has more decimals than the currency"),
    Fault(name="quote_legacy_target", unit="per quote", about="its target amount has the legacy meaning: what is paid"),
)

_BY_NAME = {fault.name: fault for fault in FAULTS}
QUOTE_FAULTS: Mapping[Flaw, str] = MappingProxyType(
    {
        "source": "quote_disagrees_source",
        "target": "quote_disagrees_target",
        "guard": "quote_breaks_guard",
        "legacy": "quote_legacy_target",
        "scale": "quote_beyond_scale",
    }
)
"""What can be wrong with a quote, and the fault that asks for it."""
ACCEPT_KINDS = ("accept_proposal", "co_sign_quote")
NOT_APPLIED = ("conflict", "too_many", "server_error", "not_applied_502", "not_applied_cut")
"""What keeps an accept call from having an effect, in the order in which dice are thrown."""
APPLIED = ("applied_late", "applied_502", "applied_cut", "timeout", "slow")
"""What befalls an accept call that has its effect."""
TRIGGERS = frozenset({"disconnect", "silence", "token_revoked", "token_endpoint_failing"})


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of a fault: its rate (see the fault's unit), how many seconds it lasts, how often it strikes at most."""

    rate: float
    seconds: float
    times: int | None = None


def _fault(name: str) -> Fault:
    """Find a fault by its name, which may be bound to a kind of accept call; raises SettingsError."""
    base, bound, kind = name.partition("@")
    fault = _BY_NAME.get(base)
    if fault is None:
        raise SettingsError(f"fault {name!r} is unknown: write one of {', '.join(sorted(_BY_NAME))}")
    if bound and (fault.unit != "per accept call" or kind not in ACCEPT_KINDS):
        raise SettingsError(f"fault {name!r}: only faults of accept calls are bound, with @{' or @'.join(ACCEPT_KINDS)}")
    return fault


def _dose(name: str, text: str) -> Dose:
    fault = _fault(name)
    amount, limited, most = text.strip().lower().partition("x")
    first, _, last = amount.partition(":")
    try:
        rate = {"true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0}.get(first)
        rate = float(first) if rate is None else rate
        seconds = float(last.removesuffix("s")) if last else fault.seconds
        times = int(most) if limited else None
    except ValueError:
        raise SettingsError(f"fault {name} = {text!r}: write RATE, RATE:SECONDS, or either with xTIMES, such as 0.02:5 or 1x3") from None
    chance = fault.unit not in ("frames", "per second", "seconds")
    negative = not 0 <= rate < float("inf") or not 0 <= seconds < float("inf") or (times is not None and times < 1)
    if negative or (chance and rate > 1):
        raise SettingsError(f"fault {name} = {text!r}: a chance lies between 0 and 1, nothing is negative")
    return Dose(rate, seconds, times)


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
        self._struck: Counter[str] = Counter()
        self.rng = rng

    @property
    def quiet(self) -> bool:
        """Tell whether no fault at all is in force."""
        return not self._doses

    def put(self, values: Mapping[str, object]) -> None:
        """Set faults by name, as text or number; 0 ends one; raises SettingsError for an unknown one."""
        doses = {name: _dose(name, str(value)) for name, value in values.items()}
        for name, dose in doses.items():
            self._struck.pop(name, None)
            if dose.rate > 0:
                self._doses[name] = dose
            else:
                self._doses.pop(name, None)

    def clear(self) -> None:
        """End all faults."""
        self._doses.clear()
        self._struck.clear()

    def _in_force(self, name: str, kind: str | None = None) -> str:
        """Return under which name a fault is in force for a kind of accept call: the bound one goes first."""
        bound = f"{name}@{kind}"
        return bound if bound in self._doses else name

    def rate(self, name: str, *, kind: str | None = None) -> float:
        """Return the rate of a fault, 0 when it is not in force or has struck as often as it should."""
        name = self._in_force(name, kind)
        dose = self._doses.get(name)
        return 0.0 if dose is None or (dose.times is not None and self._struck[name] >= dose.times) else dose.rate

    def seconds(self, name: str, *, kind: str | None = None) -> float:
        """Return how many seconds a fault lasts."""
        dose = self._doses.get(self._in_force(name, kind))
        return dose.seconds if dose else _BY_NAME[name].seconds

    def strikes(self, name: str, *, kind: str | None = None, at_least: float = 0.0) -> bool:
        """Throw the dice for a fault once; no dice are thrown for a fault that is not in force."""
        return self.drawn(name, self.rng, kind=kind, at_least=at_least)

    def drawn(self, name: str, rng: Random, *, kind: str | None = None, at_least: float = 0.0) -> bool:
        """Throw other dice for a fault once; no dice are thrown for a fault that is not in force."""
        rate = max(self.rate(name, kind=kind), at_least)
        struck = rate > 0 and rng.random() < rate
        if struck:
            self._struck[self._in_force(name, kind)] += 1
        return struck

    def listed(self) -> dict[str, dict[str, float]]:
        """Return the faults in force by name; one with a number of times says how many are left."""
        found = {}
        for name, dose in sorted(self._doses.items()):
            found[name] = {"rate": dose.rate, "seconds": dose.seconds}
            if dose.times is not None:
                found[name]["left"] = max(dose.times - self._struck[name], 0)
        return found
