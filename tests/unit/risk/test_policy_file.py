"""The policy file: what it may say, and errors that name the line and what to write."""

from __future__ import annotations

import codecs
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.policy.engine import Engine
from pipeline.policy.file import parse, read
from pipeline.testing.questions import NOW, question, quote

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "infra/policies/default.toml"
HEAD = 'name = "p"\nversion = 1\n'
RULE = '[[rules]]\nname = "r"\non = "accept_proposal"\ncheck = "amount_at_most"\n'
FOUR_EYES, PEG = RULE.replace("amount_at_most", "four_eyes_above"), RULE.replace("amount_at_most", "peg_band")
PARAMS = 'params = { side = "target", currency = "USDCx", limit = "5" }\n'


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('name = "p"\nversion = 1\nrules = 5\n', 3, "each rule begins with a line [[rules]]"),
        ('name = "p"\n', 1, "write version = 1"),
        ('version = 1\n\nname = ""\n', 3, 'write name = "default"'),
        ('name = "p"\nversion = "1"\n', 2, "write version = 1"),
        (f"{HEAD}x = = 1\n", 3, "not TOML"),
        (f"{HEAD}nmae = 1\n", 3, "did you mean name?"),
        (f'{HEAD}{RULE.replace("amount_at_most", "amount_at_mots")}{PARAMS}otherwise = "REFER"\n', 6, "did you mean amount_at_most?"),
        (f'{HEAD}{RULE.replace("accept_proposal", "cosign_quote")}{PARAMS}otherwise = "REFER"\n', 5, "did you mean co_sign_quote?"),
        (f"{HEAD}{RULE}{PARAMS}", 3, 'otherwise: it is missing; write "REJECT" or "REFER"'),
        (f'{HEAD}{RULE}{PARAMS}otherwise = "ACCEPT"\n', 8, 'found \'ACCEPT\'; write "REJECT" or "REFER"'),
        (f'{HEAD}{RULE}{PARAMS}otherwise = "REFER"\napprovers = 0\n', 9, "1 to 5"),
        (f"{HEAD}{FOUR_EYES}{PARAMS}approvers = 1\n", 8, "2 to 5"),
        (f'{HEAD}{PEG}params = {{ peg = "0", basis_points = "5", age_max = "1m" }}\notherwise = "REFER"\n', 7, "greater than 0"),
        (f'{HEAD}{PEG}params = {{ peg = "1", basis_points = "5", age_max = "3661d" }}\notherwise = "REFER"\n', 7, '"3660d" at most'),
        (f'{HEAD}{RULE}{PARAMS}otherwise = "REFER"\notherwize = 1\n', 9, "did you mean otherwise?"),
        (
            f'{HEAD}{RULE}{PARAMS.replace(chr(34) + "5" + chr(34), "5.5")}otherwise = "REFER"\n',
            7,
            'write a decimal in quotes such as "50000000"',
        ),
        (f'{HEAD}{RULE}{PARAMS.replace("limit", "limt")}otherwise = "REFER"\n', 7, "did you mean limit?"),
        (f'{HEAD}{RULE}{PARAMS.replace("target", "taget")}otherwise = "REFER"\n', 7, "params.side: found 'taget'"),
        (f'{HEAD}{RULE}{PARAMS.replace("target", "source")}otherwise = "REFER"\n', 7, 'write "source_max", or on = "co_sign_quote"'),
        (f'{HEAD}{RULE}params = {{ side = "target", currency = "USDCx" }}\notherwise = "REFER"\n', 7, "params.limit: it is missing"),
        (f'{HEAD}{RULE}otherwise = "REFER"\n[rules.params]\nside = "target"\ncurrency = "X"\nlimit = "-1"\n', 11, "write a decimal"),
        (f'{HEAD}{RULE}{PARAMS}otherwise = "REFER"\n{RULE}{PARAMS}otherwise = "REFER"\n', 10, "the rule in line 4 has this name already"),
        (f'{HEAD}# check = "x"\n{RULE}{PARAMS}why = "limit = 3"\nother = 1\notherwise = "REFER"\n', 10, "unknown key other"),
    ],
)
def test_an_error_names_its_line_and_what_to_write(text: str, line: int, says: str) -> None:
    """Every mistake is found at the line where a person corrects it."""
    with pytest.raises(SettingsError) as caught:
        parse(text.encode(), "here.toml")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"here.toml:{line}: ")
    assert says in str(caught.value)


def test_all_errors_are_said_at_once() -> None:
    """A file with three mistakes gives three lines, in the order of the file."""
    text = (
        f'{HEAD}{RULE.replace("amount_at_most", "nothing")}{PARAMS}{RULE.replace(chr(34) + "r" + chr(34), "7")}{PARAMS}otherwise = "NO"\n'
    )
    with pytest.raises(SettingsError) as caught:
        parse(text.encode())
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["6", "9", "13"]


def test_the_digest_is_of_the_files_bytes() -> None:
    """Another comment is another digest: what decided can be told to the byte."""
    content = EXAMPLE.read_bytes()
    assert parse(content).sha256 == hashlib.sha256(content).hexdigest()


def test_a_byte_order_mark_changes_the_digest_and_nothing_else() -> None:
    """A file that an editor saved with a byte order mark is the same policy, and its lines count the same."""
    content = EXAMPLE.read_bytes()
    marked = parse(codecs.BOM_UTF8 + content)
    assert [(rule.name, rule.params) for rule in marked.rules] == [(rule.name, rule.params) for rule in parse(content).rules]
    assert marked.sha256 == hashlib.sha256(codecs.BOM_UTF8 + content).hexdigest()
    with pytest.raises(SettingsError, match=r"policy\.toml:1: "):
        parse(codecs.BOM_UTF8 + b"nonsense\n")


def test_the_example_policy_holds_and_accepts_an_ordinary_order_and_quote() -> None:
    """The file that ships has over twenty rules and answers both questions."""
    engine = Engine(read(EXAMPLE))
    assert len(engine.rule_names) >= 20
    request = question()
    counters = {query.key: "0" for query in engine.queries(request, NOW)}
    assert len(counters) == 5
    assert engine.decide(request, counters, NOW).verdict == "ACCEPT"
    assert engine.decide(request, {}, NOW).verdict == "REFER"  # no counter is not zero
    assert engine.decide(question("co_sign_quote", quotes=[quote(1), quote(2, "111.9")]), {}, NOW).verdict == "ACCEPT"


def custodian(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    command = [sys.executable, "-m", "pipeline.cli.main", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)})


def test_policy_check_lists_rules_and_checks_and_exits_78_on_errors(tmp_path: Path) -> None:
    """`policy check FILE` lists its rules, `--list` the checks, and a broken file gives 78 with its lines."""
    good = custodian("policy", "check", str(EXAMPLE), "--format", "jsonl", cwd=tmp_path)
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout.splitlines()[0])["name"] == "pairs we serve"
    listed = custodian("policy", "check", "--list", "--format", "jsonl", cwd=tmp_path)
    assert len(listed.stdout.splitlines()) == 33
    (tmp_path / "bad.toml").write_text(f"{HEAD}{RULE}{PARAMS}")
    bad = custodian("policy", "check", "bad.toml", cwd=tmp_path)
    assert bad.returncode == 78
    assert "bad.toml:3:" in bad.stderr
