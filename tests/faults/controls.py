"""The machinery of negative controls: takes a protection away in a copy of the tree and runs the test that has to notice.

Lists of controls stand in `negative_controls.py` (the spine) and `accepting_controls.py`; the first is the program that runs both.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
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


class ControlError(Exception):
    """A control does not show what it is to show."""


def edited(control: Control, tree: Path) -> Mapping[Path, str]:
    """Return the files of a tree as they are without the protection; raise ControlError when its text is not there exactly once."""
    texts: dict[Path, str] = {}
    for edit in control.edits:
        file = tree / edit.file
        if not file.is_file():
            raise ControlError(f"{control.name}: there is no {edit.file} any more; the protection has moved, let the control follow it")
        text = texts.get(file) or file.read_text(encoding="utf-8")
        if text.count(edit.old) != 1:
            raise ControlError(
                f"{control.name}: {edit.file} holds this text {text.count(edit.old)} times instead of once; the protection has changed, "
                f"let the control follow it:\n{edit.old}"
            )
        texts[file] = text.replace(edit.old, edit.new)
    return texts


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
        for file, text in edited(control, tree).items():
            file.write_text(text, encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tree.parent / 'tmp'}", control.test],
            cwd=tree,
            env=kept | {"PYTHONPATH": str(tree), "TEST_PATIENCE": "1"},
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
