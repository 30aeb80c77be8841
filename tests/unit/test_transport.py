"""Beyond this machine nothing goes out without TLS unless the section says so; what this machine is, is certain."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline.dsn import parameters
from pipeline.errors import SettingsError
from pipeline.settings import Postgres, load
from pipeline.stores.postgres import conninfo
from pipeline.transport import is_loopback, weak_kafka, weak_postgres

SECTIONS = {
    "kafka": "[kafka]\nbootstrap_servers = '{0}'\n{1}",
    "postgres": "[postgres]\ndsn = '{0}'\n{1}",
    "venues.tokyo": "[venues.tokyo]\nbase_url = '{0}'\n{1}\n[venues.tokyo.auth]\nclient_id = 'a'\nclient_secret = 's'",
    "venues.tokyo.auth": "[venues.tokyo]\nbase_url = 'https://venue.example'\n[venues.tokyo.auth]\nkind = 'oauth2_client_credentials'\n"
    "client_id = 'a'\nclient_secret = 's'\ntoken_url = '{0}'\n{1}",
    "rates.desk": "[rates.desk]\nurl = '{0}'\n{1}",
}
SASL = '"sasl.mechanism" = "PLAIN", "sasl.username" = "u", "sasl.password" = "p"'
OIDC = '"security.protocol" = "SASL_SSL", "sasl.mechanism" = "OAUTHBEARER", "sasl.oauthbearer.token.endpoint.url"'
WEAK = [
    (
        "kafka",
        "broker-1:9092",
        "",
        "kafka: client: broker-1:9092 is beyond this machine and security.protocol is PLAINTEXT; write SASL_SSL or SSL",
    ),
    ("kafka", "127.0.0.1:9092,broker-1:9092", "", "kafka: client: broker-1:9092 is beyond"),
    ("kafka", "broker-1:9092", 'client = { "security.protocol" = "sasl_plaintext", ' + SASL + " }", "security.protocol is SASL_PLAINTEXT"),
    (
        "kafka",
        "broker-1:9092",
        'client = { "security.protocol" = "SSL", "enable.ssl.certificate.verification" = false }',
        "kafka: client: enable.ssl.certificate.verification is off, .*; remove it",
    ),
    (
        "kafka",
        "broker-1:9092",
        'client = { "security.protocol" = "SSL", "ssl.endpoint.identification.algorithm" = "none" }',
        "kafka: client: ssl.endpoint.identification.algorithm is not https, .*; remove it",
    ),
    ("kafka", "127.0.0.1:1", f'client = {{ {OIDC} = "http://login.example/token" }}', "token.endpoint.url: login.example is beyond"),
    ("postgres", "postgresql://u@db/d", "", "postgres: dsn: db is beyond this machine and sslmode is not given; write sslmode=verify-full"),
    ("postgres", "postgresql://u@db/d?sslmode=verify-ca", "", "sslmode is verify-ca"),
    ("postgres", "host=db user=u sslmode=require", "", "sslmode is require"),
    ("postgres", "postgresql://u@127.0.0.1,db-2/d?sslmode=prefer", "", "dsn: db-2 is beyond"),
    ("postgres", "host=localhost hostaddr=10.1.2.3 user=u", "", "dsn: 10.1.2.3 is beyond"),
    ("postgres", "postgresql://u@localhost/d?host=db", "", "dsn: db is beyond"),
    ("postgres", "postgresql:///d?service=far", "", "what the service far names is beyond"),
    ("postgres", "postgresql://u@db/d?sslmode=verify-full&ssl_min_protocol_version=TLSv1.1", "", "ssl_min_protocol_version is TLSv1.1"),
    ("venues.tokyo", "http://venue.example:8700", "", "venues.tokyo: base_url: venue.example is beyond this machine .*; write https://"),
    ("venues.tokyo", "http://10.0.0.7", "", "venues.tokyo: base_url: 10.0.0.7 is beyond"),
    ("venues.tokyo.auth", "http://login.example/token", "", "venues.tokyo.auth: token_url: login.example is beyond"),
    ("rates.desk", "http://rates.example/all?key=canary", "", "rates.desk: url: rates.example is beyond"),
]


def loaded(folder: Path, section: str, address: str, more: str) -> None:
    """Load settings with one section."""
    file = folder / "custodian.toml"
    file.write_text(SECTIONS[section].format(address, more), encoding="utf-8")
    load(file, {})


@pytest.mark.parametrize(("section", "address", "more", "says"), WEAK)
def test_a_weak_way_beyond_this_machine_is_refused_unless_its_section_wants_it(
    section: str, address: str, more: str, says: str, tmp_path: Path
) -> None:
    """The error names the setting and what to write; `insecure = true` in that section lets it pass, and in another one it does not."""
    with pytest.raises(SettingsError, match=says) as refused:
        loaded(tmp_path, section, address, more)
    assert "or insecure = true in this section" in str(refused.value)
    assert "canary" not in str(refused.value)
    loaded(tmp_path, section, address, more + "\ninsecure = true")
    elsewhere = next(other for other in ("postgres", "kafka") if other != section)
    with pytest.raises(SettingsError, match=says):
        loaded(tmp_path, section, address, f"{more}\n[{elsewhere}]\ninsecure = true")


@pytest.mark.parametrize(
    ("section", "address", "more"),
    [
        ("kafka", "localhost:9092,[::1]:9093,127.9.9.9", 'client = { "security.protocol" = "SASL_PLAINTEXT" }'),
        ("kafka", "broker-1:9092, broker-2:9092", 'client = { "security.protocol" = "SASL_SSL", "ssl.ca.location" = "ca.pem" }'),
        ("kafka", "broker-1:9092", f'client = {{ {OIDC} = "https://login.example/token" }}'),
        ("postgres", "postgresql://u@127.0.0.1:5432,[::1]:5433,localhost/d", ""),
        ("postgres", "postgresql://u@%2Fvar%2Frun/d", ""),
        ("postgres", "host=/tmp user=u", ""),
        ("postgres", "postgresql:///d", ""),
        ("postgres", "postgresql://u@db-1,db-2/d?sslmode=verify-full&target_session_attrs=read-write&application_name=a@b", ""),
        ("postgres", "service=far sslmode=verify-full", ""),
        ("venues.tokyo", "http://localhost:8700", ""),
        ("venues.tokyo", "http://[::1]:8700", ""),
        ("venues.tokyo", "https://venue.example", "ca_file = 'ca.pem'\ncertificate_file = 'us.pem'\nkey_file = 'us.key'"),
        ("venues.tokyo.auth", "https://login.example", "ca_file = 'ca.pem'"),
        ("rates.desk", "http://127.0.0.1:1/all", ""),
    ],
)
def test_what_stays_on_this_machine_or_is_secured_passes(section: str, address: str, more: str, tmp_path: Path) -> None:
    """Loopback, sockets, and TLS with a certificate and a name that are checked."""
    loaded(tmp_path, section, address, more)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "0.0.0.0",
        "127.1",
        "0x7f000001",
        "2130706433",
        "127.0.0.1.example",
        "localhost.example",
        "x.localhost",
        "１２７.0.0.1",
        "::2",
        "10.0.0.1",
    ],
)
def test_what_is_not_certain_to_be_this_machine_is_another_one(host: str) -> None:
    """Spellings that some resolver might take for loopback are not."""
    assert not is_loopback(host)


@pytest.mark.parametrize("section", ["venues.tokyo", "venues.tokyo.auth", "rates.desk"])
def test_an_address_with_a_user_is_refused_whatever_the_section_says(section: str, tmp_path: Path) -> None:
    """A user or a password in an address ends up in logs; neither is repeated, and no `insecure` lets it pass."""
    with pytest.raises(SettingsError, match=rf"{section}\.\w+: .*without user") as refused:
        loaded(tmp_path, section, "https://u:Qj7Z@login.example/token", "insecure = true")
    assert "Qj7Z" not in str(refused.value)


def test_a_token_address_of_kafka_with_a_user_is_refused(tmp_path: Path) -> None:
    """Also where librdkafka gets its tokens, and on loopback."""
    with pytest.raises(SettingsError, match=r"kafka: client: sasl\.oauthbearer\.token\.endpoint\.url holds a user") as refused:
        loaded(tmp_path, "kafka", "127.0.0.1:1", f'client = {{ {OIDC} = "https://u:Qj7Z@127.0.0.1/token" }}')
    assert "Qj7Z" not in str(refused.value)


@pytest.mark.parametrize("key", ["bootstrap.servers", "metadata.broker.list"])
def test_brokers_stand_in_one_place(key: str) -> None:
    """librdkafka would take them from its own settings too, where nobody looks at them."""
    assert key in (weak_kafka("127.0.0.1:1", {key: "broker-1:9092"}) or "")


@pytest.mark.parametrize(
    ("section", "more", "says"),
    [
        ("venues.tokyo", "key_file = 'k'", "venues.tokyo: key_file needs certificate_file"),
        ("rates.desk", "key_file = 'k'", "rates.desk: key_file needs certificate_file"),
    ],
)
def test_a_key_without_its_certificate_is_refused(section: str, more: str, says: str, tmp_path: Path) -> None:
    """It would be left out, and with it what was wanted."""
    with pytest.raises(SettingsError, match=says):
        loaded(tmp_path, section, "https://h.example", more)


def test_a_certificate_for_a_token_endpoint_that_there_is_not_is_refused(tmp_path: Path) -> None:
    """`kind = "musubi"` asks the venue itself, whose section says whom to believe."""
    text = SECTIONS["venues.tokyo"].format("https://venue.example", "") + "\nca_file = 'ca.pem'\n"
    (tmp_path / "custodian.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"venues\.tokyo\.auth: .*write ca_file, .* into the venue's section"):
        load(tmp_path / "custodian.toml", {})


def test_certificates_are_looked_for_beside_the_settings(tmp_path: Path) -> None:
    """As every relative path of the file; librdkafka's own words are left as they are."""
    (tmp_path / "custodian.toml").write_text(
        "[kafka.client]\n'ssl.ca.location' = 'ca.pem'\n'ssl.key.location' = '/k'\n[postgres]\nca_file = 'pg.pem'\n"
        + SECTIONS["venues.tokyo.auth"].format("https://login.example", "ca_file = 'login.pem'")
    )
    settings = load(tmp_path / "custodian.toml", {})
    assert settings.kafka.client == {"ssl.ca.location": str(tmp_path / "ca.pem"), "ssl.key.location": "/k"}
    assert settings.postgres.ca_file == tmp_path / "pg.pem"
    assert settings.venues["tokyo"].auth.ca_file == tmp_path / "login.pem"


HOSTS = st.sampled_from(["", "localhost", "127.0.0.1", "::1", "db", "10.0.0.1", "/tmp", "db.example"])
PARTS = st.fixed_dictionaries(
    {"host": st.lists(HOSTS, min_size=1, max_size=3).map(",".join)},
    optional={
        "hostaddr": st.sampled_from(["127.0.0.1", "10.0.0.1", "::1"]),
        "sslmode": st.sampled_from(["prefer", "require", "verify-ca", "verify-full"]),
        "service": st.just("far"),
        "application_name": st.sampled_from(["a@b", "it's", "x y", "q?w&e=r"]),
    },
)


@given(parts=PARTS)
def test_an_address_is_judged_as_libpq_reads_it(parts: dict[str, str]) -> None:
    """Our reading of key=value strings and libpq's come to the same parameters, so to the same judgement."""
    dsn = make_conninfo("", **parts)
    assert parameters(dsn) == {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    assert weak_postgres(parameters(dsn)) == weak_postgres(conninfo_to_dict(dsn))


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u@h1:1,[::1]:5,%2Ftmp/d?sslmode=verify-full",
        "postgresql://u@localhost/d?host=h&hostaddr=1.2.3.4",
        "postgresql:///d",
        "postgres://h",
        "postgresql://u@h/d?application_name=a@b",
        "postgresql://h?host=%2Ftmp",
    ],
)
def test_a_uri_is_judged_as_libpq_reads_it(dsn: str) -> None:
    """The same for URIs."""
    libpq = conninfo_to_dict(dsn)
    ours = parameters(dsn)
    assert {key: ours.get(key) or None for key in ("host", "hostaddr", "sslmode")} == {
        key: libpq.get(key) or None for key in ("host", "hostaddr", "sslmode")
    }


@pytest.mark.parametrize("dsn", ["postgresql://u@localhost/d", "postgresql:///d"])
def test_the_environment_moves_no_connection(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PGHOST and PGHOSTADDR, which libpq puts beside an address, have no say: that address was judged."""
    monkeypatch.setenv("PGHOST", "db.example")
    monkeypatch.setenv("PGHOSTADDR", "10.1.2.3")
    monkeypatch.setenv("PGSSLMINPROTOCOLVERSION", "TLSv1")
    told = conninfo_to_dict(conninfo(Postgres(dsn=dsn)))
    assert (told["host"] in ("localhost", ""), told["hostaddr"], told["ssl_min_protocol_version"]) == (True, "", "TLSv1.2")


def test_libpq_is_asked_what_it_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where our reading of an address missed a host, the connection is refused all the same."""
    monkeypatch.setattr("pipeline.settings.parameters", lambda dsn: {})
    with pytest.raises(SettingsError, match=r"postgres\.dsn: db is beyond this machine"):
        conninfo(Postgres(dsn="postgresql://u@db/d"))
