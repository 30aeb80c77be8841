"""`custodian engine-key new`: two files that fit, the private one for its owner alone, and nothing that is there is written over."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.errors import SettingsError
from pipeline.log.signatures import fault
from pipeline.settings import load
from pipeline.wiring import trust_of
from tests.signing import public_pem


def run(*arguments: str) -> int:
    """Run the command in this process and return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["engine-key", "new", *arguments])
    return int(ended.value.code or 0)


def test_a_pair_is_made_for_its_owner_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The private file is 0600 whatever the umask, the public one loads as the settings say, and the line for them is printed."""
    before = os.umask(0)
    try:
        assert run("desk", "--folder", str(tmp_path / "keys")) == 0
    finally:
        os.umask(before)
    private, public = tmp_path / "keys" / "desk.key", tmp_path / "keys" / "desk.pub"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    line = f'engine_keys = ["desk={public}"]'
    assert line in capsys.readouterr().out
    (tmp_path / "custodian.toml").write_text(f'[risk]\nengine = "external"\n{line}\n')
    keys = trust_of(load(tmp_path / "custodian.toml", {})).keys
    assert keys is not None
    assert [*keys] == ["desk"]
    assert fault(None, b"", "", keys) is not None


def test_what_is_there_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second pair of the same name is refused, whichever of the two files is there."""
    assert run("desk", "--folder", str(tmp_path)) == 0
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert run("desk", "--folder", str(tmp_path)) == 78
    (tmp_path / "desk.key").unlink()
    assert run("desk", "--folder", str(tmp_path)) == 78
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"desk.pub": before["desk.pub"]}
    assert "is left as it is" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "a/b", "a b", "a:b", "..\n", "x" * 65])
def test_a_name_that_no_key_can_have_is_refused(tmp_path: Path, name: str) -> None:
    """What cannot stand in a header or a file's name is no key's."""
    assert run(name, "--folder", str(tmp_path)) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_a_public_key_is_said(tmp_path: Path) -> None:
    """Missing, or not a key: the setting and the file are named."""
    (tmp_path / "custodian.toml").write_text('[risk]\nengine = "external"\nengine_keys = ["desk=desk.pub", "next=next.pub"]\n')
    settings = load(tmp_path / "custodian.toml", {})
    with pytest.raises(SettingsError, match=r"risk\.engine_keys: \S*desk\.pub: cannot be read: No such file"):
        trust_of(settings)
    (tmp_path / "desk.pub").write_bytes(public_pem())
    (tmp_path / "next.pub").write_text("nothing")
    with pytest.raises(SettingsError, match=r"risk\.engine_keys: \S*next\.pub: it is no public key"):
        trust_of(settings)
