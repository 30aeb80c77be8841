"""A canary secret appears in no log, topic, table, process argument or traceback."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from tests.auditor import audit, read_all, until_quiet
from tests.rig import ROLES, UNRULY, Program, Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]


def arguments_of_all(programs: list[Program]) -> list[str]:
    """Return the command lines of every process of these programs, as anybody on the machine sees them."""
    pids = [program.process.pid for program in programs if program.process.poll() is None]
    pids += [pid for program in programs for pid in program.pids().values()]
    return [Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode() for pid in pids if Path(f"/proc/{pid}").exists()]


def everything_stored(rig: Rig) -> list[str]:
    """Return every row of every table as text, bytes readable."""
    tables = rig.rows(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE tableowner = current_database() || '_owner'"
    )
    found = []
    for (table,) in tables:
        query = f"SELECT set_config('bytea_output', 'escape', false), t::text FROM {table} AS t"
        found += [row[1] for row in rig.rows(query)]
    return found


def test_a_canary_secret_appears_in_no_log_topic_table_argument_or_traceback(make_rig: MakeRig) -> None:
    """Client secret, database password and every token issued stay where they belong, through refusals, outages and tracebacks."""
    secret, wrong = f"canary-{secrets.token_hex(12)}", f"canary-{secrets.token_hex(12)}"
    rig = make_rig(seed=91, rate=20, faults=(*UNRULY, "server_error=0.1", "poison=0.02"), client_secret=secret)
    password = str(conninfo_to_dict(rig.dsn)["password"])
    canaries = {secret: "the client secret", wrong: "a wrong secret", password: "the database password"}
    office = rig.venue.venue.tokens
    issue = office.issue

    def noted(*args: object, **options: object) -> str:
        token = issue(*args, **options)  # type: ignore[arg-type]
        canaries[token] = "a token"
        canaries[token.rpartition(".")[2]] = "a token's signature"
        return token

    office.issue = noted  # type: ignore[method-assign]
    texts: dict[str, str] = {}

    def said(name: str, *arguments: str, **environment: str) -> None:
        done = rig.custodian(*arguments, expect=None, **environment)
        assert done.returncode not in (0, 2), f"{name} was to fail: {done.stdout} {done.stderr}"
        texts[name] = done.stdout + done.stderr

    up = rig.up()
    rig.connected()
    canaries |= {(rig.folder / "secrets" / f"postgres-{role}").read_text().strip(): f"the password of {role}" for role in ROLES}
    arguments = arguments_of_all(rig.programs)
    assert len(arguments) >= 5
    texts["the arguments of processes"] = "\n".join(arguments)
    rig.venue_post("faults", trigger=["token_revoked", {"name": "token_endpoint_failing", "seconds": 1}])
    said("a wrong client secret", "--debug", "reconcile", "venue", CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_SECRET=wrong)
    said("a wrong database password", "--debug", "alarms", "list", CUSTODIAN_POSTGRES__PASSWORD=wrong)
    said("a database elsewhere", "--debug", "alarms", "list", CUSTODIAN_POSTGRES__DSN=f"postgresql://me:{wrong}@127.0.0.1:1/x")
    said("a database that is no address", "--debug", "alarms", "list", CUSTODIAN_POSTGRES__DSN=f"postgresql://me:{wrong}@[::/x?oops")
    said("a secret in the address", "--debug", "doctor", CUSTODIAN_VENUES__TOKYO__BASE_URL=f"http://me:{wrong}@127.0.0.1:1")
    said("a venue elsewhere", "--debug", "doctor", CUSTODIAN_VENUES__TOKYO__BASE_URL="http://127.0.0.1:1")
    said("a wrong type", "--debug", "doctor", CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_SECRET=wrong, CUSTODIAN_KAFKA__PARTITIONS="many")
    rig.traffic()
    rig.venue_post("faults", clear=True)
    until_quiet(rig)
    audit(rig, dead_letters=True)
    assert any(what == "a token" for what in canaries.values()), "no token was issued after the stream began"
    eventually(lambda: rig.custodian("status", expect=None).returncode in (0, 1), within=20)
    texts["status"] = rig.custodian("status", expect=None).stdout
    texts["doctor"] = rig.custodian("doctor", expect=None).stdout
    assert up.end() == 0
    for program in rig.programs:
        texts[f"the log of {program.name}"] = program.log.read_text(errors="replace")
    texts["the topics"] = "\n".join(f"{seen.key!r} {seen.headers!r} {seen.value!r}" for seen in read_all(rig))
    texts["the tables"] = "\n".join(everything_stored(rig))
    texts["the settings file"] = rig.settings_file.read_text()
    assert len(texts["the tables"]) > 100_000
    leaks = [f"{what} stands in {where}" for canary, what in canaries.items() for where, text in texts.items() if canary in text]
    assert not leaks, leaks
