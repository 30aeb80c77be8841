"""Take services down when whoever started them is gone, however it went.

`python -m infra.embedded.follow FOLDER` waits for the end of its standard input. The other end of that pipe is held
by a test run; the system closes it on a clean exit, on ctrl-C, on os._exit and on kill -9 alike. Then the services of
the folder are stopped and the folder is removed.
"""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

from infra.embedded.services import EmbeddedServices


def main(folder: Path) -> None:
    """Wait for the end of standard input, stop the services of `folder` and remove it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the run; its end is what we wait for
    sys.stdin.buffer.read()
    EmbeddedServices(folder).down()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
