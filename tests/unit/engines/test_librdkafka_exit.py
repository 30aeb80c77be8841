"""The librdkafka engine ends its process by itself when something hangs: in good order, after whoever it serves was told."""

from __future__ import annotations

import subprocess
import sys
import textwrap

HANGS = textwrap.dedent(
    """
    import threading
    from pipeline.engines import librdkafka

    librdkafka.EXIT_LIMIT = 0.05
    stop, ended = threading.Event(), threading.Event()
    threading.Thread(
        target=librdkafka._end_in_time, args=(stop, ended, lambda: print("the row is taken away", flush=True)), daemon=True
    ).start()
    stop.set()
    threading.Event().wait()
    """
)


def test_a_loop_that_hangs_after_the_stop_ends_with_0_after_its_row_was_taken_away() -> None:
    """What hangs is not waited for."""
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "the row is taken away\n"), done.stderr
