"""Takes one protection of the commands away at a time and shows that a named test notices.

    python -m tests.unit.commands.negative_controls [NAME…]

The machinery is that of `tests/faults/negative_controls.py`; CONTROLS can be added to the list there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.faults.negative_controls import Control, ControlError, Edit, show

_TESTS = "tests/integration/test_commands.py::"
_TABLE = "tests/unit/commands/test_decide.py::"

CONTROLS = (
    Control(
        name="command journal",  # the attempt is no longer committed before its call
        edits=(
            Edit(
                file="pipeline/stores/journal.py",
                old='            row = connection.execute(_SQL["begin_call"], values).fetchone()\n',
                new="            row = (1, 'nobody')\n",
            ),
            Edit(
                file="pipeline/stores/journal.py",
                old='            connection.execute(_SQL["insert_attempt"], {**values,',
                new="            str({**values,",
            ),
        ),
        test=_TESTS + "test_an_applied_call_without_its_answer_is_not_repeated[accept_applied_502=1]",
        says=r"assert|not within",
    ),
    Control(
        name="one open command",
        edits=(
            Edit(
                file="pipeline/stores/migrations/0005_pre_commands.sql",
                old="CREATE UNIQUE INDEX one_open_command",
                new="CREATE INDEX one_open_command",
            ),
        ),
        test=_TESTS + "test_a_second_command_for_an_open_intent_is_refused_visibly",
        says=r"journalled",
    ),
    Control(
        name="reading before repeating",
        edits=(
            Edit(
                file="pipeline/commands/executor.py",
                old="        if claim.calls_open:\n            return decide.resolve(claim, look, time)\n",
                new="        if claim.calls_open:\n            return Send(claim.quote_valid_until)\n",
            ),
        ),
        test=_TESTS + "test_an_applied_call_without_its_answer_is_not_repeated[accept_applied_502=1]",
        says=r"assert|not within",
    ),
    Control(
        name="reading before sending",
        edits=(
            Edit(
                file="pipeline/commands/decide.py",
                old="    reason = unfit(order, look, time)\n    if reason is not None:\n",
                new="    reason = unfit(order, look, time)\n    if reason is not None and seconds_before(order) < 0:\n",
            ),
            Edit(
                file="pipeline/commands/decide.py",
                old="def not_sent(",
                new="def seconds_before(_: Order) -> int:\n    return 0\n\n\ndef not_sent(",
            ),
        ),
        test=_TESTS + "test_what_has_changed_since_the_decision_is_not_sent[record0-changed0-terms_changed]",
        says=r"assert",
    ),
    Control(
        name="409 is an outcome",
        edits=(
            Edit(
                file="pipeline/commands/decide.py",
                old="        case Answered() if answer.http_status in (400, 409):\n            return AskRecord(answer)\n",
                new="        case Answered() if answer.http_status in (400, 409):\n            return Wait(0.0)\n",
            ),
        ),
        test=_TESTS + "test_a_409_is_an_outcome_and_never_retried",
        says=r"assert",
    ),
    Control(
        name="halts in the attempt's transaction",
        edits=(
            Edit(
                file="pipeline/stores/journal.py",
                old='            if halt is not None:\n                return Barred("halted", halt.told)\n',
                new="",
            ),
        ),
        test=_TESTS + "test_a_halt_that_has_returned_is_seen_by_every_attempt",
        says=r"assert not any",
    ),
    Control(
        name="lease epoch of a claim",
        edits=(
            Edit(
                file="pipeline/stores/journal.sql",
                old=" AND lease_epoch = %(epoch)s AND state IN ('journalled', 'sent') AND lease_until > clock_timestamp()\n",
                new="\n",
            ),
        ),
        test=_TESTS + "test_a_claim_passes_on_when_its_executor_stands_still",
        says=r"isinstance|CheckViolation|rule against",
    ),
    Control(
        name="different people",
        edits=(
            Edit(
                file="pipeline/stores/migrations/0005_pre_commands.sql",
                old="    PRIMARY KEY (decision_id, person)\n",
                new="    UNIQUE (decision_id, person, at, reason, named)\n",
            ),
            Edit(
                file="pipeline/stores/approvals.sql",
                old="ON CONFLICT (decision_id, person) DO NOTHING\n",
                new="ON CONFLICT DO NOTHING\n",
            ),
        ),
        test="tests/integration/test_approvals.py::test_four_eyes_are_two_different_people",
        says=r"repeated",
    ),
    Control(
        name="three calls at most",
        edits=(Edit(file="pipeline/commands/decide.py", old="    if claim.calls_open >= CALLS_MAX or unfit(", new="    if unfit("),),
        test=_TABLE + "test_a_co_signature_is_repeated_after_two_readings_and_three_calls_at_most",
        says=r"assert isinstance",
    ),
)


def main(names: Sequence[str]) -> int:
    """Show the named controls, or all; return 1 when one of them shows nothing."""
    failed = 0
    for control in CONTROLS:
        if not names or control.name in names:
            try:
                show(control)
                print(f"red without it: {control.name}")
            except ControlError as error:
                failed += 1
                print(error, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
