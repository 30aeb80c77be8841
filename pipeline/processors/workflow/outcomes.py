"""What the end of a command does.

* Succeeded (or, in shadow, not sent on purpose): on to the quotes, or to the venue's side. Once the mode is live, what was only left out
  in shadow and has not happened otherwise is asked anew (`only_in_shadow`).
* Definitely refused: a proposal is in doubt, since quotes or a later status may show that it is accepted all the same (A-09); after a
  pause, if nothing shows that, it is asked about anew, with the refusal in the context: unless the order has changed, only people may say
  yes. A quote is never named again, and the remaining ones are decided on (A-10).
* Not sent: nothing has happened at the venue; decided anew after a pause.
* Unknown: in doubt; decided anew after a pause where the status still allows it, a co-signature for the same quote only.

A command that we do not know was issued by a transaction that was not committed: its effect is taken over (`adopted`). Design, 4.6.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.domain import lifecycle
from pipeline.domain.orders import digest
from pipeline.processors.workflow import words
from pipeline.processors.workflow.asking import ACCEPT_PROPOSAL, CO_SIGN_QUOTE, accept_by
from pipeline.processors.workflow.facts import CommandDone, Counted, Fact, Moved, WorkflowRules
from pipeline.processors.workflow.state import Done, WorkflowState
from pipeline.processors.workflow.transitions import BEFORE_ACCEPT, BEFORE_CO_SIGNATURE, Phase, Trigger

TRY_AGAIN = frozenset({408, 409, 425, 429})
"""Refusals of an accept after which the situation may change; any other 4xx stays what it is (A-17, A-30)."""


def completed(rules: WorkflowRules, state: WorkflowState, done: Done, now: datetime) -> list[Fact]:
    """Say what follows from a command's end that was heard."""
    if any(known.command_id == done.command_id for known in state.done):
        return [Counted("command_repeated")]
    if state.command is None or state.command.command_id != done.command_id:
        return [CommandDone(done)]
    if {Phase.ACCEPTING: ACCEPT_PROPOSAL, Phase.CO_SIGNING: CO_SIGN_QUOTE}.get(state.phase) != done.kind:
        return [CommandDone(replace(done, applied=True))]  # the venue's side has gone on meanwhile
    return effect(rules, state, done, now)


def effect(rules: WorkflowRules, state: WorkflowState, done: Done, now: datetime) -> list[Fact]:
    """Return the facts of the end of a command that is out."""
    return [CommandDone(replace(done, applied=True)), _moved(rules, state, done, now)]


def adopted(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    """Return what the end of a command does whose issue we have forgotten."""
    stage = BEFORE_ACCEPT if state.phase in BEFORE_ACCEPT else BEFORE_CO_SIGNATURE if state.phase in BEFORE_CO_SIGNATURE else ()
    kind = ACCEPT_PROPOSAL if stage is BEFORE_ACCEPT else CO_SIGN_QUOTE
    for done in state.done if stage else ():
        if not done.applied and done.kind == kind and trigger_of(done) is not Trigger.NOT_SENT:
            return effect(rules, state, replace(done, mode=rules.mode), now)
    return []


def only_in_shadow(rules: WorkflowRules, state: WorkflowState) -> bool:
    """Tell whether an order waits for what was decided in shadow, in a pipeline that is live: nobody will do it."""
    if rules.mode != "live" or state.status != lifecycle.PENDING or (state.phase is Phase.QUOTING and state.quotes):
        return False  # there are quotes, so somebody has accepted the proposal
    kind = {Phase.QUOTING: ACCEPT_PROPOSAL, Phase.UNDERWAY: CO_SIGN_QUOTE}.get(state.phase)
    last = next((done for done in reversed(state.done) if done.kind == kind), None)
    return last is not None and last.outcome == "shadowed" and not last.void


def trigger_of(done: Done) -> Trigger:
    """Say what an outcome means: only what was sent can be refused, or be in doubt."""
    match done.outcome:
        case "succeeded" | "shadowed":
            return Trigger.SUCCEEDED
        case "unknown":
            return Trigger.UNKNOWN
        case "refused":
            return Trigger.REFUSED if done.http_status is not None or done.attempts else Trigger.NOT_SENT
        case "expired":
            return Trigger.UNKNOWN if done.attempts else Trigger.NOT_SENT


def belies_snapshot(state: WorkflowState, done: Done) -> bool:
    """Tell whether the venue did not show the snapshot that a command rested on, and no other has come since: none is known then."""
    if state.ask is None or state.compliance is None or not (done.reason or "").startswith("evidence_changed"):
        return False
    return state.ask.snapshot == digest(state.compliance)


def _moved(rules: WorkflowRules, state: WorkflowState, done: Done, now: datetime) -> Moved:
    trigger = trigger_of(done)
    note = words.completed(done)
    if trigger is Trigger.SUCCEEDED or (trigger is Trigger.REFUSED and done.kind == CO_SIGN_QUOTE):
        return Moved(trigger=trigger, at=now, note=note)
    return Moved(trigger=trigger, at=now, note=note, retry_at=_retry_at(rules, state, done, now), setback=True)


def _retry_at(rules: WorkflowRules, state: WorkflowState, done: Done, now: datetime) -> datetime | None:
    if done.outcome == "expired" and not done.attempts:
        return now
    status = done.http_status
    if done.outcome == "refused" and status is not None and 400 <= status < 500 and status not in TRY_AGAIN:
        return None
    pause = min(rules.refusal_pause * (1 << min(state.setbacks, 16)), rules.refusal_pause_max)
    if done.kind == ACCEPT_PROPOSAL and done.outcome == "refused" and done.attempts:
        left = max(accept_by(rules, state) - now, timedelta(0))
        pause = max(pause, min(rules.doubt_pause, left / rules.doubt_share))
    return now + pause
