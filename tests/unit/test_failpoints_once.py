"""Failpoints that kill once each: a process has one death for each of them, whatever its threads do at the same moment."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, sys, threading, time
from pathlib import Path
from pipeline.failpoints import Failpoints

kill, both = os.kill, threading.Barrier(2)
os.kill = lambda pid, number: (time.sleep(0.5), kill(pid, number))  # the other thread has all the time to come to its own failpoint
failpoints = Failpoints({"archive.after_write": "1", "archive.in_sequencing": "1"}, once=Path(sys.argv[1]))

def pass_by(name):
    both.wait()
    failpoints.reach(name)

threading.Thread(target=pass_by, args=("archive.in_sequencing",)).start()
pass_by("archive.after_write")
"""


def test_two_threads_at_failpoints_at_once_die_of_one(tmp_path: Path) -> None:
    """The one that did not kill is armed still, for the next life: else there would be one death for two failpoints."""
    lives = [subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], check=False, timeout=60).returncode for _ in range(2)]
    assert lives == [-signal.SIGKILL] * 2
    assert len(list(tmp_path.iterdir())) == 2
