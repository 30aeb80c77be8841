"""`policy.toml`: read, checked, and turned into rules (interface, section 5).

Every error names the file, the line, the rule, what was found and what to write; all errors of a file are said at once.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import ValidationError

from pipeline.errors import SettingsError
from pipeline.policy.check import BOTH, Check, Compiled, Params
from pipeline.policy.checks.catalogue import CHECKS
from pipeline.policy.lines import Lines, lines_of
from schemas.accepting import Question

Otherwise = Literal["REJECT", "REFER"]
RULE_KEYS = ("name", "on", "check", "params", "otherwise", "approvers", "why")
APPROVERS_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule on one question, its check compiled."""

    name: str
    question: Question
    check: Check[Any]
    params: Params
    compiled: Compiled
    otherwise: Otherwise
    approvers: int
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy file that holds: its name, its version, the SHA-256 of its bytes, and its rules in order."""

    name: str
    version: int
    sha256: str
    rules: tuple[Rule, ...]


NO_POLICY = Policy(name="none", version=0, sha256=hashlib.sha256(b"").hexdigest(), rules=())
"""Where nobody wrote a policy no rule applies, and what no rule decides is referred to people."""


class _Errors:
    """Collects what is wrong, each with its line."""

    def __init__(self, where: str) -> None:
        self._where = where
        self.found: list[tuple[int, str]] = []

    def add(self, line: int, text: str) -> None:
        self.found.append((line, text))

    def raise_any(self) -> None:
        """Raise SettingsError with all that was found, in the order of the lines."""
        if self.found:
            raise SettingsError("\n".join(f"{self._where}:{line}: {text}" for line, text in sorted(self.found)))


def read(path: Path) -> Policy:
    """Read a policy file; raise SettingsError naming the lines that are wrong and what to write."""
    return parse(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a policy file, read once; raise SettingsError naming why they cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"risk.policy_file: {path} cannot be read: {error.strerror}; write one (infra/policies/default.toml is an example)"
        ) from None


def parse(content: bytes, where: str = "policy.toml") -> Policy:
    """Read a policy from its bytes; `where` stands before the line in errors. Raise SettingsError."""
    text, tree = _tree(content, where)
    lines, errors = lines_of(text), _Errors(where)
    for key in tree.keys() - {"name", "version", "rules"}:
        errors.add(lines.of_key(key), f"unknown key {key}{_near(key, ('name', 'version', 'rules'))}")
    name, version = tree.get("name"), tree.get("version")
    if not isinstance(name, str) or not name.strip() or len(name) > 200:
        errors.add(lines.of_key("name"), 'name: a policy has a name; write name = "default"')
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        errors.add(lines.of_key("version"), "version: a policy has a version, a whole number from 1; write version = 1")
    rules = _rules(tree.get("rules", []), lines, errors)
    errors.raise_any()
    return Policy(name=str(name), version=cast(int, version), sha256=hashlib.sha256(content).hexdigest(), rules=tuple(rules))


def _tree(content: bytes, where: str) -> tuple[str, dict[str, Any]]:
    try:
        text = content.decode("utf-8-sig")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SettingsError(f"{where}:{line}: not UTF-8; write the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(at[1]) if at else content.count(b"\n") + 1
        said = re.sub(r"\s*\(at .*\)", "", str(error))
        raise SettingsError(f"{where}:{line}: not TOML: {said}; texts stand in quotes, lists in brackets, params in braces") from None


def _rules(found: object, lines: Lines, errors: _Errors) -> list[Rule]:
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        errors.add(lines.of_key("rules"), "rules: each rule begins with a line [[rules]]")
        return []
    rules: list[Rule] = []
    names: dict[str, int] = {}
    for number, tree in enumerate(found):
        name = tree.get("name")
        said = f"rule {number + 1}" + (f" ({name!r})" if isinstance(name, str) and name else "")

        def wrong(path: Sequence[str], text: str, number: int = number, said: str = said) -> None:
            errors.add(lines.of_rule(number, path), f"{said}: {text}")

        if not isinstance(name, str) or not name.strip() or len(name) > 200:
            wrong(("name",), 'name: a rule has a name that a person understands; write name = "largest order in yen"')
        elif name in names:
            wrong(("name",), f"name: the rule in line {names[name]} has this name already; give each its own")
        else:
            names[name] = lines.of_rule(number, ("name",))
        rules += _rule(tree, wrong)
    _once(rules, lines, errors, found)
    return rules


def _once(rules: Iterable[Rule], lines: Lines, errors: _Errors, found: list[dict[str, Any]]) -> None:
    choosing = [rule.name for rule in rules if rule.check.name == "best_execution"]
    for name in choosing[1:]:
        number = next(index for index, tree in enumerate(found) if tree.get("name") == name)
        errors.add(lines.of_rule(number, ("check",)), f"rule {number + 1} ({name!r}): check: best_execution stands once in a policy")


Wrong = Callable[[Sequence[str], str], None]


def _rule(tree: dict[str, Any], wrong: Wrong) -> list[Rule]:
    for key in tree.keys() - set(RULE_KEYS):
        wrong((key,), f"unknown key {key}{_near(key, RULE_KEYS)}")
    questions = _questions(tree.get("on"), wrong)
    check = _check(tree.get("check"), wrong)
    approvers = tree.get("approvers", 1 if check is None else check.approvers)
    least = 1 if check is None else check.approvers
    if not isinstance(approvers, int) or isinstance(approvers, bool) or not least <= approvers <= APPROVERS_MAX:
        wrong(("approvers",), f"approvers: found {approvers!r}; write how many people have to approve, {least} to {APPROVERS_MAX}")
    why = tree.get("why")
    if why is not None and not isinstance(why, str):
        wrong(("why",), f"why: found {why!r}; write a sentence in quotes")
    if check is None:
        return []
    otherwise = tree.get("otherwise", check.otherwise[0] if len(check.otherwise) == 1 else None)
    if otherwise not in check.otherwise:
        wanted = " or ".join(f'"{word}"' for word in check.otherwise)
        shown = "it is missing" if otherwise is None else f"found {otherwise!r}"
        wrong(("otherwise",), f"otherwise: {shown}; write {wanted}: what a violated rule says")
    for question in questions:
        if question not in check.questions:
            wrong(("on",), f'on: {check.name} is about another question; write on = "{check.questions[0]}"')
    params = _params(check, tree.get("params", {}), wrong)
    if params is None:
        return []
    rules = []
    for question in questions:
        if question not in check.questions:
            continue
        try:
            compiled = check.compile(params, question)
        except ValueError as error:
            wrong(("params", "per" if "market_maker" in str(error) else "side"), f"params: {error}")
            continue
        rules.append(
            Rule(
                name=str(tree.get("name")),
                question=question,
                check=check,
                params=params,
                compiled=compiled,
                otherwise=cast(Otherwise, otherwise),
                approvers=approvers if isinstance(approvers, int) else 1,
                why=why if isinstance(why, str) else None,
            )
        )
    return rules


def _questions(on: object, wrong: Wrong) -> tuple[Question, ...]:
    asked = on if isinstance(on, list) else [on]
    if not asked or any(question not in BOTH for question in asked) or len(set(map(str, asked))) != len(asked):
        shown = "it is missing" if on is None else f"found {on!r}"
        near = _near(on, BOTH) if isinstance(on, str) else ""
        wrong(("on",), f'on: {shown}; write "accept_proposal" or "co_sign_quote", or both in a list{near}')
        return ()
    return tuple(asked)


def _check(name: object, wrong: Wrong) -> Check[Any] | None:
    if isinstance(name, str) and name in CHECKS:
        return CHECKS[name]
    shown = "it is missing" if name is None else f"there is no check {name!r}"
    near = _near(name, tuple(CHECKS)) if isinstance(name, str) else ""
    wrong(("check",), f"check: {shown}{near or '; `custodian policy check --list` lists them'}")
    return None


def _params(check: Check[Any], given: object, wrong: Wrong) -> Params | None:
    if not isinstance(given, dict):
        wrong(("params",), f"params: found {given!r}; write {_written(check.example)}")
        return None
    try:
        return cast(Params, check.params.model_validate(given))
    except ValidationError as error:
        for found in error.errors(include_url=False):
            wrong(*_explained(check, [str(part) for part in found["loc"]], found))
        return None


def _explained(check: Check[Any], where: list[str], found: Any) -> tuple[tuple[str, ...], str]:
    key = where[0] if where else ""
    dotted = ".".join(["params", *where])
    model = check.params.model_fields
    said = found["msg"].removeprefix("Value error, ")
    match found["type"]:
        case "extra_forbidden":
            return ("params", key), f"{dotted}: {check.name} has no such parameter{_near(key, tuple(model))}"
        case "missing":
            return ("params",), f"{dotted}: it is missing; {_example(check, key)}"
        case "value_error" if key:
            return ("params", key), f"{dotted}: found {found['input']!r}; {said}"
        case "value_error":
            return ("params",), f"params: {said}"
        case _:
            about = f" ({model[key].description})" if key in model and model[key].description else ""
            return ("params", key), f"{dotted}: found {found['input']!r}; {said[:1].lower()}{said[1:]}{about}; {_example(check, key)}"


def _example(check: Check[Any], key: str) -> str:
    if key in check.example:
        return f"write {key} = {_toml(check.example[key])}"
    return f"an example: params = {_written(check.example)}"


def _written(example: dict[str, Any]) -> str:
    return "{ " + ", ".join(f"{key} = {_toml(value)}" for key, value in example.items()) + " }"


def _toml(value: object) -> str:
    match value:
        case str():
            return f'"{value}"'
        case list() | tuple():
            return "[" + ", ".join(_toml(inner) for inner in value) + "]"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _near(asked: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(asked, known, n=1, cutoff=0.4)
    return f"; did you mean {found[0]}?" if found else ""


def example_of(check: Check[Any]) -> str:
    """Return a check's example parameters as TOML."""
    return _written(check.example)
