"""Why PostgreSQL does not let us in, or breaks off: by exception and SQLSTATE, whatever language its administrators speak."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from pipeline.errors import FatalError, PipelineError, RetryableError, ServiceAwayError, SettingsError
from pipeline.settings import Postgres
from pipeline.stores.postgres import classify, connect
from pipeline.supervisor.exits import code_of
from tests.pooler import RefusingServer


@pytest.mark.parametrize(
    ("sqlstate", "text", "code", "says"),
    [
        ("28P01", "Passwort-Authentifizierung für Benutzer »wer« fehlgeschlagen", 78, "postgres.password_file"),
        ("28000", "Rolle »wer« existiert nicht", 78, "Rolle »wer«"),
        ("28000", "kein pg_hba.conf-Eintrag für Host »10.0.0.1«", 78, "pg_hba.conf"),
        ("3D000", "Datenbank »was« existiert nicht", 78, "Datenbank »was«"),
        ("42501", "keine Berechtigung für Datenbank »was«", 78, "postgres.dsn"),
        ("22023", "ungültiger Wert für Parameter »TimeZone«: »Mond«", 78, "TimeZone"),
        ("53300", "tut mir leid, schon zu viele Verbindungen", 69, "zu viele"),
        ("57P03", "das Datenbanksystem startet", 69, "startet"),
        ("55000", "Datenbank »was« akzeptiert gegenwärtig keine Verbindungen", 69, "keine Verbindungen"),
        ("08P01", "password authentication failed, says a pooler that does not know", 69, "pooler"),
        ("57P03", 'database "was" does not exist yet, permission denied, no password supplied', 69, "yet"),
    ],
)
def test_a_refused_connection_is_told_by_its_sqlstate(sqlstate: str, text: str, code: int, says: str) -> None:
    """What stands in the words decides nothing: a refusal is 78 and names the setting, a server that cannot serve now is 69."""
    with RefusingServer(sqlstate, text) as server:
        with pytest.raises(PipelineError, match=says) as raised:
            connect(Postgres(dsn=server.dsn), name="test")
        assert code_of(raised.value) == code


def test_a_server_that_wants_a_password_that_nobody_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq itself gives up, without SQLSTATE: the setting is named all the same."""
    asked = b"R\x00\x00\x00\x08\x00\x00\x00\x03"  # AuthenticationCleartextPassword
    for name in ("PGPASSWORD", "PGPASSFILE"):
        monkeypatch.delenv(name, raising=False)
    with RefusingServer("00000", "") as server:
        server.answer = asked
        with pytest.raises(SettingsError, match=r"postgres\.password_file"):
            connect(Postgres(dsn=server.dsn), name="test")


@pytest.mark.parametrize("extra", ["sslmode=banane", "sslmode=require&gssencmode=nie", "connect_timeout=bald"])
def test_an_address_that_is_none_is_a_setting_and_nobody_is_asked(extra: str) -> None:
    """What libpq cannot use is refused as a setting, not as a server that is away."""
    with pytest.raises(SettingsError, match=r"postgres\.dsn"):
        connect(Postgres(dsn=f"postgresql://wer@127.0.0.1:1/was?{extra}"), name="test")


def test_nobody_there_is_away() -> None:
    """No answer, no refusal."""
    with pytest.raises(ServiceAwayError, match="does not answer"):
        connect(Postgres(dsn="postgresql://wer@127.0.0.1:1/was"), name="test")


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (psycopg.OperationalError("Server beendete die Verbindung unerwartet"), ServiceAwayError, 69),
        (psycopg.DataError("timestamp too large (after year 10K): '10000-01-01'"), FatalError, 70),
        (psycopg.InterfaceError("the cursor is closed"), FatalError, 70),
        (psycopg.ProgrammingError("the query has 1 placeholder but 2 parameters were passed"), FatalError, 70),
        (psycopg.NotSupportedError("PostgreSQL went away, it says"), FatalError, 70),
        (errors.AdminShutdown("Verbindung wird abgebrochen aufgrund von Anweisung des Administrators"), ServiceAwayError, 69),
        (errors.SerializationFailure("konnte Zugriff nicht serialisieren"), RetryableError, 75),
        (errors.UndefinedTable("Relation »x« existiert nicht"), FatalError, 78),
        (errors.InvalidSqlStatementName("vorbereitete Anweisung »_pg3_0« existiert nicht"), FatalError, 78),
    ],
)
def test_an_error_is_told_by_its_class_and_sqlstate(error: psycopg.Error, kind: type[PipelineError], code: int) -> None:
    """Without an SQLSTATE only a broken connection is "away": what psycopg itself refuses does not mend by waiting."""
    made = classify(error, "reading")
    made.__cause__ = error
    assert type(made) is kind
    assert code_of(made) == code
