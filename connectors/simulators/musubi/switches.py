"""What the contract leaves open (its section 7), one switch per assumption.

The first value of every switch is the default of the contract's simulator column; the others are the alternatives that a
client has to survive. Where the contract names no alternative there is a single value, kept in the list so that the
list is complete, or an alternative of ours where the client's column speaks of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pipeline.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One gap of the contract: `values[0]` is the default."""

    key: str
    about: str
    values: tuple[str, ...]

    @property
    def default(self) -> str:
        """Return the value that the contract's simulator column gives first."""
        return self.values[0]


def _switch(number: int, about: str, *values: str) -> Switch:
    return Switch(key=f"A-{number:02d}", about=about, values=values)


SWITCHES: tuple[Switch, ...] = (
    _switch(1, "case of the fields in SSE payloads", "camelCase", "snake_case"),
    _switch(2, "payload of order_updated; full states the whole order", "bare", "minimal", "wrapped", "full"),
    _switch(3, "payload of quote_received", "bare", "minimal"),
    _switch(4, "heartbeat", "event", "comment", "empty"),
    _switch(5, "what a new stream begins with", "newest", "none", "newest_per_open_intent", "ids"),
    _switch(6, "stream when the token expires", "closed", "kept_open"),
    _switch(7, "order and gaps of the stream", "ordered", "shuffle", "duplicates", "drop_one"),
    _switch(8, "amounts of a quote", "order_target", "legacy_target", "without_market_maker"),
    _switch(9, "second accept of a proposal", "conflict", "same_body"),
    _switch(10, "which quotes can be co-signed", "any_valid", "selected_only", "selected_shown"),
    _switch(11, "what a cancelled order becomes", "expired", "cancelled", "gone", "failed"),
    _switch(12, "status after the institution selected a quote", "pending"),
    _switch(13, "end of an accepted order that nobody quoted", "failed_no_quote", "always_expired"),
    _switch(14, "answer of an accept call", "order", "quote", "empty"),
    _switch(15, "body of an accept call", "ignored"),
    _switch(16, "pagination block of the quotes list", "present", "absent"),
    _switch(17, "accept call of a receiver custodian", "forbidden", "not_found", "conflict"),
    _switch(18, "order of other parties", "not_found"),
    _switch(19, "malformed id in the path", "validation_error"),
    _switch(20, "default sort and time bounds of lists", "created_desc_exclusive"),
    _switch(21, "bad list parameters; a page past the end", "refused_and_empty"),
    _switch(22, "decimals", "plain_exact"),
    _switch(23, "names of the dashboard's fields", "as_assumed"),
    _switch(24, "accept calls", "answered", "applied_502", "not_applied_502", "timeout"),
    _switch(25, "co-signature that breaks the cost guard", "conflict", "validation_error"),
    _switch(26, "compliance snapshot", "as_assumed"),
    _switch(27, "updated_after in a list", "ignored", "refused"),
    _switch(28, "receiver's sight of an order", "settled_only", "from_pending"),
    _switch(29, "sides of this backend", "both", "sender", "receiver"),
    _switch(30, "read-only users", "none"),
    _switch(31, "whoami", "token_required", "open"),
    _switch(32, "tokens", "development_endpoint"),
    _switch(33, "health", "up", "down"),
    _switch(34, "rate limit", "none", "injected"),
    _switch(35, "request id", "body_only"),
    _switch(36, "transaction hash", "hex64"),
    _switch(37, "fields that do not apply", "absent", "null"),
    _switch(38, "unknown extra fields", "injected", "none"),
    _switch(39, "sizes", "unlimited"),
    _switch(40, "finality", "never_reversed"),
)

_BY_KEY: Mapping[str, Switch] = MappingProxyType({switch.key: switch for switch in SWITCHES})


@dataclass(frozen=True, slots=True)
class Switches:
    """The chosen value of every switch; what is not chosen has its default."""

    chosen: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, value in self.chosen.items():
            switch = _BY_KEY.get(key)
            if switch is None:
                raise SettingsError(f"switch {key!r} is unknown: write one of A-01 to A-40")
            if value not in switch.values:
                raise SettingsError(f"switch {key} = {value!r}: write one of {', '.join(switch.values)}")

    def __getitem__(self, key: str) -> str:
        """Return the value of the switch `key`, such as A-01."""
        return self.chosen.get(key) or _BY_KEY[key].default

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((switch.key, self[switch.key]) for switch in SWITCHES)

    def changed(self, chosen: Mapping[str, str]) -> Switches:
        """Return these switches with some of them set anew; raises SettingsError for an unknown one."""
        return Switches({**self.chosen, **chosen})


def parse_switches(texts: Iterable[str]) -> Switches:
    """Read `A-01=snake_case` texts; raises SettingsError that names the switch and its values."""
    chosen: dict[str, str] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator:
            raise SettingsError(f"switch {text!r}: write KEY=VALUE, such as A-01=snake_case")
        chosen[key.strip().upper()] = value.strip()
    return Switches(chosen)
