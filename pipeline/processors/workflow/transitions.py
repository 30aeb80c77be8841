"""The legal transitions of an intent's work: one table, and the picture drawn from it.

A phase says what we do about an intent, beside the venue's status, which is followed by rank (`pipeline.domain.following`). Whatever is
not in the table is a mistake of ours and stops the worker.

    new                   -- proposed       --> gathering
    gathering             -- asked          --> asking_accept
    gathering             -- lapsed         --> stopped
    gathering             -- out_of_rounds  --> stopped
    asking_accept         -- asked          --> asking_accept
    asking_accept         -- accepted       --> accepting
    asking_accept         -- referred       --> referred_accept
    asking_accept         -- told_to_wait   --> paused_accept
    asking_accept         -- rejected       --> declined
    asking_accept         -- quotes_present --> quoting
    asking_accept         -- lapsed         --> stopped
    asking_accept         -- out_of_rounds  --> stopped
    referred_accept       -- asked          --> asking_accept
    referred_accept       -- accepted       --> accepting
    referred_accept       -- rejected       --> declined
    referred_accept       -- quotes_present --> quoting
    referred_accept       -- lapsed         --> stopped
    referred_accept       -- out_of_rounds  --> stopped
    paused_accept         -- asked          --> asking_accept
    paused_accept         -- lapsed         --> stopped
    paused_accept         -- out_of_rounds  --> stopped
    accepting             -- succeeded      --> quoting
    accepting             -- refused        --> accept_in_doubt
    accepting             -- unknown        --> accept_in_doubt
    accepting             -- not_sent       --> paused_accept
    accept_in_doubt       -- quotes_present --> quoting
    accept_in_doubt       -- asked          --> asking_accept
    accept_in_doubt       -- not_again      --> accept_in_doubt
    accept_in_doubt       -- out_of_rounds  --> accept_in_doubt
    quoting               -- asked          --> asking_quote
    quoting               -- out_of_rounds  --> stopped
    quoting               -- gone_live      --> paused_accept
    asking_quote          -- asked          --> asking_quote
    asking_quote          -- accepted       --> co_signing
    asking_quote          -- referred       --> referred_quote
    asking_quote          -- told_to_wait   --> paused_quote
    asking_quote          -- rejected       --> quoting
    asking_quote          -- lapsed         --> quoting
    asking_quote          -- out_of_rounds  --> stopped
    referred_quote        -- asked          --> asking_quote
    referred_quote        -- accepted       --> co_signing
    referred_quote        -- rejected       --> quoting
    referred_quote        -- lapsed         --> quoting
    referred_quote        -- out_of_rounds  --> stopped
    paused_quote          -- asked          --> asking_quote
    paused_quote          -- lapsed         --> quoting
    paused_quote          -- out_of_rounds  --> stopped
    co_signing            -- succeeded      --> underway
    co_signing            -- refused        --> quoting
    co_signing            -- unknown        --> co_signature_in_doubt
    co_signing            -- not_sent       --> paused_quote
    co_signature_in_doubt -- asked          --> asking_quote
    co_signature_in_doubt -- not_again      --> co_signature_in_doubt
    co_signature_in_doubt -- out_of_rounds  --> co_signature_in_doubt
    underway              -- gone_live      --> paused_quote
    declined              -- reopened       --> gathering
    a command whose issue was forgotten:
    gathering             -- succeeded      --> quoting
    gathering             -- refused        --> accept_in_doubt
    gathering             -- unknown        --> accept_in_doubt
    asking_accept         -- succeeded      --> quoting
    asking_accept         -- refused        --> accept_in_doubt
    asking_accept         -- unknown        --> accept_in_doubt
    referred_accept       -- succeeded      --> quoting
    referred_accept       -- refused        --> accept_in_doubt
    referred_accept       -- unknown        --> accept_in_doubt
    paused_accept         -- succeeded      --> quoting
    paused_accept         -- refused        --> accept_in_doubt
    paused_accept         -- unknown        --> accept_in_doubt
    stopped               -- succeeded      --> quoting
    stopped               -- refused        --> accept_in_doubt
    stopped               -- unknown        --> accept_in_doubt
    quoting               -- succeeded      --> underway
    quoting               -- refused        --> quoting
    quoting               -- unknown        --> co_signature_in_doubt
    asking_quote          -- succeeded      --> underway
    asking_quote          -- refused        --> quoting
    asking_quote          -- unknown        --> co_signature_in_doubt
    referred_quote        -- succeeded      --> underway
    referred_quote        -- refused        --> quoting
    referred_quote        -- unknown        --> co_signature_in_doubt
    paused_quote          -- succeeded      --> underway
    paused_quote          -- refused        --> quoting
    paused_quote          -- unknown        --> co_signature_in_doubt
    any but underway, followed, ended -- moved_on --> underway
    any but underway, followed, ended -- not_ours --> followed
    any but ended -- over --> ended

Source: design, section 5; Musubi contract 1.4, 1.5 and A-09 to A-13.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pipeline.errors import FatalError


class Phase(StrEnum):
    """What we do about an intent."""

    NEW = "new"
    """Too little is known to say."""
    FOLLOWED = "followed"
    """Ours on the receiving side, or not ours: nothing is asked and nothing commanded."""
    GATHERING = "gathering"
    """A proposal that needs us; evidence for the decision is waited for, shortly."""
    ASKING_ACCEPT = "asking_accept"
    REFERRED_ACCEPT = "referred_accept"
    """A person decides."""
    PAUSED_ACCEPT = "paused_accept"
    """To be asked again after a pause."""
    ACCEPTING = "accepting"
    """The command is out."""
    ACCEPT_IN_DOUBT = "accept_in_doubt"
    """Refused or unknown: quotes, or a status beyond PENDING, show that the proposal is accepted all the same (A-09)."""
    QUOTING = "quoting"
    """Accepted; quotes are collected."""
    ASKING_QUOTE = "asking_quote"
    REFERRED_QUOTE = "referred_quote"
    PAUSED_QUOTE = "paused_quote"
    CO_SIGNING = "co_signing"
    CO_SIGNATURE_IN_DOUBT = "co_signature_in_doubt"
    """The outcome is unknown: no other quote may be named until the venue has refused this one."""
    UNDERWAY = "underway"
    """A quote is co-signed, by us or elsewhere; the venue does the rest."""
    DECLINED = "declined"
    """The proposal was rejected: nothing more is done, unless evidence comes that the decision lacked."""
    STOPPED = "stopped"
    """Not decided while it could be: too late, or asked too often."""
    ENDED = "ended"
    """The venue shows a terminal status, or one that nobody knows, or no order any more."""


class Trigger(StrEnum):
    """What moves an intent from phase to phase."""

    PROPOSED = "proposed"
    ASKED = "asked"
    REFERRED = "referred"
    TOLD_TO_WAIT = "told_to_wait"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    REOPENED = "reopened"
    """Evidence has come that a rejection did not see."""
    LAPSED = "lapsed"
    """The time in which an answer has effect is over."""
    OUT_OF_ROUNDS = "out_of_rounds"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    """Definitely, by the venue."""
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"
    """The executor found a reason not to send."""
    NOT_AGAIN = "not_again"
    """No further attempt; the venue's side shows how it ends."""
    QUOTES_PRESENT = "quotes_present"
    MOVED_ON = "moved_on"
    """The venue shows QUOTED or EXECUTING."""
    NOT_OURS = "not_ours"
    OVER = "over"
    GONE_LIVE = "gone_live"
    """What was only decided in shadow is asked anew."""


P, T = Phase, Trigger

BEFORE_ACCEPT = (P.GATHERING, P.ASKING_ACCEPT, P.REFERRED_ACCEPT, P.PAUSED_ACCEPT, P.STOPPED)
BEFORE_CO_SIGNATURE = (P.QUOTING, P.ASKING_QUOTE, P.REFERRED_QUOTE, P.PAUSED_QUOTE)

OWN: Mapping[Phase, Mapping[Trigger, Phase]] = {
    P.NEW: {T.PROPOSED: P.GATHERING},
    P.GATHERING: {T.ASKED: P.ASKING_ACCEPT, T.LAPSED: P.STOPPED, T.OUT_OF_ROUNDS: P.STOPPED},
    P.ASKING_ACCEPT: {
        T.ASKED: P.ASKING_ACCEPT,
        T.ACCEPTED: P.ACCEPTING,
        T.REFERRED: P.REFERRED_ACCEPT,
        T.TOLD_TO_WAIT: P.PAUSED_ACCEPT,
        T.REJECTED: P.DECLINED,
        T.QUOTES_PRESENT: P.QUOTING,
        T.LAPSED: P.STOPPED,
        T.OUT_OF_ROUNDS: P.STOPPED,
    },
    P.REFERRED_ACCEPT: {
        T.ASKED: P.ASKING_ACCEPT,
        T.ACCEPTED: P.ACCEPTING,
        T.REJECTED: P.DECLINED,
        T.QUOTES_PRESENT: P.QUOTING,
        T.LAPSED: P.STOPPED,
        T.OUT_OF_ROUNDS: P.STOPPED,
    },
    P.PAUSED_ACCEPT: {T.ASKED: P.ASKING_ACCEPT, T.LAPSED: P.STOPPED, T.OUT_OF_ROUNDS: P.STOPPED},
    P.ACCEPTING: {T.SUCCEEDED: P.QUOTING, T.REFUSED: P.ACCEPT_IN_DOUBT, T.UNKNOWN: P.ACCEPT_IN_DOUBT, T.NOT_SENT: P.PAUSED_ACCEPT},
    P.ACCEPT_IN_DOUBT: {
        T.QUOTES_PRESENT: P.QUOTING,
        T.ASKED: P.ASKING_ACCEPT,
        T.NOT_AGAIN: P.ACCEPT_IN_DOUBT,
        T.OUT_OF_ROUNDS: P.ACCEPT_IN_DOUBT,
    },
    P.QUOTING: {T.ASKED: P.ASKING_QUOTE, T.OUT_OF_ROUNDS: P.STOPPED, T.GONE_LIVE: P.PAUSED_ACCEPT},
    P.ASKING_QUOTE: {
        T.ASKED: P.ASKING_QUOTE,
        T.ACCEPTED: P.CO_SIGNING,
        T.REFERRED: P.REFERRED_QUOTE,
        T.TOLD_TO_WAIT: P.PAUSED_QUOTE,
        T.REJECTED: P.QUOTING,
        T.LAPSED: P.QUOTING,
        T.OUT_OF_ROUNDS: P.STOPPED,
    },
    P.REFERRED_QUOTE: {
        T.ASKED: P.ASKING_QUOTE,
        T.ACCEPTED: P.CO_SIGNING,
        T.REJECTED: P.QUOTING,
        T.LAPSED: P.QUOTING,
        T.OUT_OF_ROUNDS: P.STOPPED,
    },
    P.PAUSED_QUOTE: {T.ASKED: P.ASKING_QUOTE, T.LAPSED: P.QUOTING, T.OUT_OF_ROUNDS: P.STOPPED},
    P.CO_SIGNING: {
        T.SUCCEEDED: P.UNDERWAY,
        T.REFUSED: P.QUOTING,
        T.UNKNOWN: P.CO_SIGNATURE_IN_DOUBT,
        T.NOT_SENT: P.PAUSED_QUOTE,
    },
    P.CO_SIGNATURE_IN_DOUBT: {T.ASKED: P.ASKING_QUOTE, T.NOT_AGAIN: P.CO_SIGNATURE_IN_DOUBT, T.OUT_OF_ROUNDS: P.CO_SIGNATURE_IN_DOUBT},
    P.UNDERWAY: {T.GONE_LIVE: P.PAUSED_QUOTE},
    P.DECLINED: {T.REOPENED: P.GATHERING},
    P.STOPPED: {},
}
"""What a phase itself allows."""

ADOPTED: Mapping[Phase, Mapping[Trigger, Phase]] = {
    **{p: {T.SUCCEEDED: P.QUOTING, T.REFUSED: P.ACCEPT_IN_DOUBT, T.UNKNOWN: P.ACCEPT_IN_DOUBT} for p in BEFORE_ACCEPT},
    **{p: {T.SUCCEEDED: P.UNDERWAY, T.REFUSED: P.QUOTING, T.UNKNOWN: P.CO_SIGNATURE_IN_DOUBT} for p in BEFORE_CO_SIGNATURE},
}
"""What a command does whose issue we have forgotten: it was published by a transaction that did not live to be committed."""

EVERYWHERE: Mapping[Trigger, tuple[Phase, tuple[Phase, ...]]] = {
    T.MOVED_ON: (P.UNDERWAY, (P.UNDERWAY, P.FOLLOWED, P.ENDED)),
    T.NOT_OURS: (P.FOLLOWED, (P.UNDERWAY, P.FOLLOWED, P.ENDED)),
    T.OVER: (P.ENDED, (P.ENDED,)),
}
"""What the venue's side does from every phase but some."""


def _table() -> dict[Phase, dict[Trigger, Phase]]:
    table = {phase: {**ADOPTED.get(phase, {}), **OWN.get(phase, {})} for phase in Phase}
    for trigger, (target, but) in EVERYWHERE.items():
        for phase in Phase:
            if phase not in but:
                table[phase][trigger] = target
    return table


TABLE: Mapping[Phase, Mapping[Trigger, Phase]] = _table()
"""Every legal transition."""


def after(phase: Phase, trigger: Trigger) -> Phase:
    """Return the phase that a trigger leads to; raise FatalError when the table has no such transition."""
    try:
        return TABLE[phase][trigger]
    except KeyError:
        raise FatalError(f"an intent in phase {phase} cannot be {trigger}: the table of transitions has no such line") from None


def allows(phase: Phase, trigger: Trigger) -> bool:
    """Tell whether the table has a transition."""
    return trigger in TABLE[phase]


def picture() -> str:
    """Draw the table."""
    lines = []
    for phase, moves in OWN.items():
        lines += _drawn(phase, moves)
    lines += ["    a command whose issue was forgotten:"]
    for phase, moves in ADOPTED.items():
        lines += _drawn(phase, moves)
    for trigger, (target, but) in EVERYWHERE.items():
        lines.append(f"    any but {', '.join(but)} -- {trigger} --> {target}")
    return "\n".join(lines) + "\n"


def _drawn(phase: Phase, moves: Mapping[Trigger, Phase]) -> list[str]:
    return [f"    {phase:<21} -- {trigger:<14} --> {target}" for trigger, target in moves.items()]
