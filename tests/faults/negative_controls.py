"""Takes one protection away at a time and shows that a test notices.

    python -m tests.faults.negative_controls            # all of them
    python -m tests.faults.negative_controls --list
    python -m tests.faults.negative_controls "position guard"

The tree is copied into a temporary folder, a protection is removed there by exact replacement of text, and the named test runs on the copy:
it has to fail, for the reason that is expected. Where the text to replace is gone, this script says so and fails: then the protection has
moved, and the control has to follow it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("pipeline", "connectors", "schemas", "infra", "tests", "pyproject.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One exact replacement in one file."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A protection, how it is taken away, the test that has to notice, and what that test then says."""

    name: str
    edits: tuple[Edit, ...]
    test: str
    says: str
    """A regular expression that the test's output has to hold."""


CONTROLS = (
    Control(
        name="outputs before commit",
        edits=(
            Edit(
                file="pipeline/engines/step.py",
                old="        if outcome.outputs:\n            self._publisher.publish(outcome.outputs)\n",
                new="",
            ),
            Edit(
                file="pipeline/engines/step.py",
                old='        self._failpoints.reach(f"{self._processor.name}.after_commit")\n',
                new='        self._failpoints.reach(f"{self._processor.name}.after_commit")\n'
                "        self._publisher.publish(outcome.outputs)\n",
            ),
        ),
        test="tests/integration/test_faust_engine.py::test_a_kill_at_each_failpoint_loses_and_doubles_nothing[settlement.after_commit]",
        says=r"assert_exactly_once",
    ),
    Control(
        name="position guard",
        edits=(
            Edit(
                file="pipeline/log/position.py",
                old="        if record.offset > expected:\n",
                new="        if record.offset > expected and (expected := record.offset) < 0:\n",
            ),
        ),
        test="tests/faults/test_positions.py::test_a_hole_stops_the_worker_with_an_alarm_and_work_resumes_by_itself",
        says=r"each consumer meets its hole",
    ),
    Control(
        name="unique booking key",
        edits=(
            Edit(
                file="connectors/sinks/accounting_ledger/migrations/0001_pre_ledger.sql",
                old="CREATE UNIQUE INDEX settlement_is_booked_once",
                new="CREATE INDEX settlement_is_booked_once",
            ),
        ),
        test="tests/integration/test_ledger.py::test_the_database_books_a_key_once",
        # Without the key it is another rule that refuses: an entry has to bring its postings.
        says=r"DID NOT RAISE|CheckViolation",
    ),
    Control(
        name="settlement dedupe",
        edits=(
            Edit(
                file="pipeline/processors/settlement/decide.py",
                old="    if state.booked is not None:\n        return _compare(state.booked, event, now)\n",
                new="",
            ),
        ),
        test="tests/faults/test_stream.py::test_repeats_gaps_other_shapes_and_contradictions",
        says=r"check_emitted|dead letters",
    ),
    Control(
        name="dead letters of the settlement processor",
        edits=(
            Edit(
                file="pipeline/engines/step.py",
                old="            outcome.outputs.append(dead_letter_of_record(",
                new="            str(dead_letter_of_record(",
            ),
        ),
        test="tests/faults/test_bad_records.py::test_poison_records_in_the_topics_are_dead_lettered_and_the_partitions_go_on",
        says=r"has 0 dead letters",
    ),
    Control(
        name="dead letters of the stream",
        edits=(
            Edit(
                file="pipeline/ingest/hints.py",
                old="            return Item(outgoing=letter_of(self._connector.venue, seen))\n",
                new="            letter_of(self._connector.venue, seen)\n            return Item()\n",
            ),
        ),
        test="tests/faults/test_stream.py::test_bad_input_by_the_stream_is_dead_lettered_and_the_stream_goes_on",
        says=r"0 dead letters",
    ),
    Control(
        name="lease epoch",
        edits=(
            Edit(
                file="pipeline/stores/cursors.py",
                old="            if not leases.hold(connection, grant):\n",
                new="            if leases.hold(connection, grant) is None:\n",
            ),
        ),
        test="tests/integration/test_ingest.py::test_a_lease_has_one_owner_and_its_epoch_grows",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="stored position wins on Faust",
        edits=(
            Edit(
                file="pipeline/engines/_faust_transport.py",
                old="        self._ensure_consumer()._coordinator._do_fetch_commit_offsets = self._stored_as_committed\n",
                new="",
            ),
            Edit(
                file="pipeline/engines/_faust_transport.py",
                old="    async def seek_to_committed(self)",
                new="    async def seek_to_committed_no_more(self)",
            ),
        ),
        test="tests/faults/test_positions.py::test_the_stored_position_wins_over_committed_offsets_ahead_back_and_deleted",
        says=r"not within|assert not up.deaths",
    ),
    Control(
        name="stored position wins in the batch loop",
        edits=(
            Edit(
                file="pipeline/kafka.py",
                old="        self._fetch([TopicPartition(t, p, offset) for (t, p), offset in offsets.items()])\n",
                new="        self._fetch([TopicPartition(t, p) for (t, p), offset in offsets.items()])\n",
            ),
        ),
        test="tests/faults/test_positions.py::test_the_stored_position_wins_over_committed_offsets_ahead_back_and_deleted",
        says=r"not within|assert not up.deaths|up ended",
    ),
    Control(
        name="a pause ends with its assignment",
        edits=(Edit(file="pipeline/kafka.py", old="        self._consumer.resume(partitions)\n", new=""),),
        test="tests/faults/test_paused_partitions.py"
        "::test_a_partition_that_was_paused_when_it_went_away_is_read_when_it_comes_back[begun later]",
        says=r"comes back is read again",
    ),
    Control(
        name="verbatim bytes in the archive",
        edits=(
            Edit(
                file="connectors/sinks/compliance_archive/rows.py",
                old="hashlib.sha256(record.value).digest()",
                new="hashlib.sha256(record.value.strip()).digest()",
            ),
        ),
        test="tests/faults/test_bad_records.py::test_poison_records_in_the_topics_are_dead_lettered_and_the_partitions_go_on",
        says=r"archived with other bytes",
    ),
)


class ControlError(Exception):
    """A control does not show what it is to show."""


def apply(control: Control, tree: Path) -> None:
    """Take the protection away in a tree; raise ControlError when the text is not there exactly once."""
    for edit in control.edits:
        file = tree / edit.file
        if not file.is_file():
            raise ControlError(f"{control.name}: there is no {edit.file} any more; the protection has moved, let the control follow it")
        text = file.read_text(encoding="utf-8")
        if text.count(edit.old) != 1:
            raise ControlError(
                f"{control.name}: {edit.file} holds this text {text.count(edit.old)} times instead of once; the protection has changed, "
                f"let the control follow it:\n{edit.old}"
            )
        file.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


@contextmanager
def copied() -> Iterator[Path]:
    """Give a copy of the tree as it is now, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="custodian-control-") as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / name, tree / name)
        yield tree


def show(control: Control) -> str:
    """Run a control's test without the protection and return its output; raise ControlError unless it fails as expected."""
    with copied() as tree:
        apply(control, tree)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tree.parent / 'tmp'}", control.test],
            cwd=tree,
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | {"PYTHONPATH": str(tree)},
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
    said = done.stdout + done.stderr
    if done.returncode == 0:
        raise ControlError(f"{control.name}: {control.test} passes without the protection; it shows nothing")
    if done.returncode != 1 or not re.search(r"\b1 failed\b", said):
        raise ControlError(f"{control.name}: {control.test} did not come to a verdict (exit code {done.returncode}):\n{said[-3000:]}")
    if not re.search(control.says, said):
        raise ControlError(
            f"{control.name}: {control.test} fails, but not because of what was taken away ({control.says}):\n{said[-6000:]}"
        )
    return said


def main(arguments: Sequence[str]) -> int:
    """Show the named controls, or all; return 1 when one of them shows nothing."""
    if "--list" in arguments:
        print("\n".join(f"{control.name:45}{control.test}" for control in CONTROLS))
        return 0
    unknown = set(arguments) - {control.name for control in CONTROLS}
    if unknown:
        print(f"there is no control {sorted(unknown)}; --list shows those there are", file=sys.stderr)
        return 2
    failed = 0
    for control in CONTROLS:
        if not arguments or control.name in arguments:
            try:
                show(control)
                print(f"red without it: {control.name}")
            except ControlError as error:
                failed += 1
                print(error, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
