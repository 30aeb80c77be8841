"""Settings: every error names the key, says what was found and what to write; secrets are never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline import settings as configuration
from pipeline.errors import SettingsError
from pipeline.observability.secrets import secrets_of
from pipeline.settings import Engine, find_file, load
from pipeline.stores.role_logins import settings_of

VENUE = """
[venues.tokyo]
base_url = "http://127.0.0.1:8700"
[venues.tokyo.auth]
client_id = "custodian-a"
client_secret_file = "secrets/tokyo"
"""

EVERY_KEY = """
[kafka]
bootstrap_servers = "127.0.0.1:9092"
partitions = 6
replication_factor = -1
topic_prefix = "custody."
min_insync_replicas = -1
unclean_leader_election = false
retention = "168h"
client = { "security.protocol" = "SASL_SSL" }
password_file = "secrets/kafka"
insecure = false
[kafka.roles.ledger]
client = { "sasl.username" = "ledger" }
password_file = "secrets/kafka-ledger"
[postgres]
dsn = "postgresql://custodian@127.0.0.1:5432/custodian"
password_file = "secrets/postgres"
ca_file = "ca.pem"
certificate_file = "us.pem"
key_file = "us.key"
insecure = false
[engine]
kind = "faust"
session_timeout = "6s"
[mode]
accepting = "live"
[workflow]
quote_window = "5s"
quote_margin = "2s"
[risk]
policy_file = "policy.toml"
referral_expires = "5m"
[currencies]
default_scale = 18
[currencies.JPYSC0]
scale = 4
[archive]
folder = "archive"
[venues.tokyo]
kind = "musubi"
base_url = "http://127.0.0.1:8700"
reconcile_interval = "30s"
silence_timeout = "75s"
http_timeout = "10s"
requests_per_second = 5
request_burst = 10
[venues.tokyo.auth]
kind = "musubi"
request = "json"
client_id = "custodian-a"
client_secret_file = "secrets/tokyo"
refresh_before = "60s"
[rates.desk]
kind = "http_json"
url = "http://127.0.0.1:8700/simulator/rates"
poll_interval = "2s"
http_timeout = "2s"
[rates.treasury]
kind = "file"
file = "rates/treasury.json"
[schedule]
reconcile_venue = "1h"
archive_verify = "24h"
states_prune = "1d"
states_older_than = "90d"
[console]
listen = "127.0.0.1:8080"
[metrics]
listen = "127.0.0.1:0"
"""


def write(folder: Path, text: str) -> Path:
    """Write a settings file and return its path."""
    file = folder / "custodian.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_promised_key_is_understood(tmp_path: Path) -> None:
    """The whole page of settings loads, with durations in seconds and scales by currency."""
    settings = load(write(tmp_path, EVERY_KEY), {})
    assert settings.venues["tokyo"].silence_timeout == 75.0
    assert settings.currencies.scales().of("JPYSC0") == 4
    assert settings.currencies.scales().of("USDCx") == 18
    assert settings.currencies.scales().knows("USDCx"), "a default is written, so every currency has a scale"


def test_the_defaults_of_the_page_are_the_defaults(tmp_path: Path) -> None:
    """What the page shows as a value is what an empty file means, once the policy that the page names is there."""
    (tmp_path / "policy.toml").touch()
    shown, empty = load(write(tmp_path, EVERY_KEY), {}), load(write(tmp_path, VENUE), {})
    for section in ("engine", "mode", "workflow", "risk", "archive", "console", "metrics", "venues"):
        assert getattr(shown, section) == getattr(empty, section)


def test_without_a_policy_beside_the_settings_there_is_none(tmp_path: Path) -> None:
    """Nobody has to write a policy to follow and book; one that is named is named, there or not."""
    assert load(write(tmp_path, VENUE), {}).risk.policy_file is None
    assert load(write(tmp_path, EVERY_KEY), {}).risk.policy_file == tmp_path / "policy.toml"


def test_keys_of_an_engine_come_from_the_file_or_the_environment(tmp_path: Path) -> None:
    """In the file they are relative to it; the environment lists them with commas."""
    external = '[risk]\nengine = "external"\nengine_keys = ["desk=keys/desk.pub", "next=/keys/next.pub"]\n'
    named = load(write(tmp_path, external), {}).risk.key_files()
    assert named == {"desk": tmp_path / "keys/desk.pub", "next": Path("/keys/next.pub")}
    told = {"CUSTODIAN_RISK__ENGINE": "external", "CUSTODIAN_RISK__ENGINE_KEYS": "a=/a.pub,b=/b.pub"}
    risk = load(write(tmp_path, VENUE), told).risk
    assert (risk.key_files(), risk.engine_answers_referrals) == ({"a": Path("/a.pub"), "b": Path("/b.pub")}, False)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """A relative path in the file starts at the file's folder, wherever the program runs."""
    settings = load(write(tmp_path, EVERY_KEY), {})
    assert settings.postgres.password_file == tmp_path / "secrets" / "postgres"
    assert settings.venues["tokyo"].auth.client_secret_file == tmp_path / "secrets" / "tokyo"
    assert settings.archive.folder == tmp_path / "archive"
    assert settings.rates["treasury"].file == tmp_path / "rates" / "treasury.json"


def test_the_environment_overrides_every_kind_of_key(tmp_path: Path) -> None:
    """Sections and key joined by two underscores reach any depth and any type."""
    settings = load(
        write(tmp_path, EVERY_KEY),
        {
            "CUSTODIAN_KAFKA__BOOTSTRAP_SERVERS": "broker:1",
            "CUSTODIAN_KAFKA__PARTITIONS": "12",
            "CUSTODIAN_KAFKA__CLIENT__SECURITY_PROTOCOL": "SSL",
            "CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_ID": "other",
            "CUSTODIAN_VENUES__TOKYO__REQUESTS_PER_SECOND": "0.5",
            "CUSTODIAN_VENUES__TOKYO__RECONCILE_INTERVAL": "250ms",
            "CUSTODIAN_CURRENCIES__USDCx__SCALE": "6",
            "CUSTODIAN_RATES__DESK__POLL_INTERVAL": "500ms",
            "CUSTODIAN_TEST_SERVICES": "embedded",
        },
    )
    assert (settings.kafka.bootstrap_servers, settings.kafka.partitions) == ("broker:1", 12)
    assert settings.kafka.client["security.protocol"] == "SSL"
    venue = settings.venues["tokyo"]
    assert (venue.auth.client_id, venue.requests_per_second, venue.reconcile_interval) == ("other", 0.5, 0.25)
    assert settings.currencies.scales().of("USDCx") == 6
    assert settings.rates["desk"].poll_interval == 0.5


def test_a_role_has_its_own_login_and_nobody_elses(tmp_path: Path) -> None:
    """What its section says comes beside or instead of `kafka.client`, also by the environment; of other roles it knows nothing."""
    (tmp_path / "ledger").write_text("of-ledger\n")
    text = """
[kafka]
client = { "security.protocol" = "SASL_SSL", "sasl.username" = "custodian", "sasl.password" = "of-custodian" }
[kafka.roles.ledger]
client = { "sasl.username" = "ledger" }
password_file = "ledger"
[kafka.roles.archive]
client = { "sasl.username" = "archive" }
[kafka.roles.cli]
client = { "ssl.key.password" = "of-cli" }
[kafka.roles.init]
client = { "sasl.username" = "init" }
"""
    settings = load(write(tmp_path, text), {"CUSTODIAN_KAFKA__ROLES__ARCHIVE__CLIENT__SASL_PASSWORD": "of-archive"})
    told = {role: settings.kafka.of_role(role) for role in ("ledger", "archive", "risk")}
    logins = {role: (kafka.options()["sasl.username"], kafka.options()["sasl.password"]) for role, kafka in told.items()}
    assert logins == {"ledger": ("ledger", "of-ledger"), "archive": ("archive", "of-archive"), "risk": ("custodian", "of-custodian")}
    assert all(kafka.roles == {} for kafka in told.values())
    assert told["ledger"].options()["security.protocol"] == "SASL_SSL"
    assert {"of-ledger", "of-archive", "of-custodian", "of-cli"} <= set(secrets_of(settings))
    assert {"of-archive", "of-custodian", "of-cli"}.isdisjoint(secrets_of(settings_of(settings, "ledger")))
    assert not any(secret in repr(settings) + repr(told) for secret in ("of-ledger", "of-archive", "of-custodian", "of-cli"))
    assert settings_of(settings, "cli").kafka.options()["sasl.password"] == "of-custodian"
    with pytest.raises(SettingsError, match=r"kafka\.roles\.init: sasl\.username has no password; .*password_file"):
        settings_of(settings, "init").kafka.options()  # with another login's password it would be locked out, not helped
    (tmp_path / "ledger").unlink()
    with pytest.raises(SettingsError, match=r"kafka\.roles\.ledger\.password_file: .* cannot be read"):
        settings_of(settings, "ledger").kafka.options()


def test_the_way_of_every_role_is_looked_at() -> None:
    """A role that switches TLS off beyond this machine is as weak as the common section would be."""
    strong = {"security.protocol": "SASL_SSL"}
    told = {"bootstrap_servers": "broker:1", "client": strong, "roles": {"ledger": {"client": {"security.protocol": "PLAINTEXT"}}}}
    with pytest.raises(ValidationError, match=r"roles\.ledger\.client: broker:1 is beyond this machine"):
        configuration.Kafka.model_validate(told)
    assert configuration.Kafka.model_validate(told | {"insecure": True}).of_role("ledger").client["security.protocol"] == "PLAINTEXT"


def test_a_static_member_has_a_name_of_its_own_in_every_group() -> None:
    """The host's name is followed by the consumer's; without a name a worker is a member like any other."""
    assert Engine(group_instance_id="host-a").member("ledger") == "host-a-ledger"
    assert Engine().member("ledger") is None


WRONG = [
    ('[kafka]\nbootstrap_server = "x"', "kafka.bootstrap_server: unknown key.*bootstrap_servers"),
    ('[kafka]\npartitions = "six"', "kafka.partitions: found 'six'"),
    ("[kafka]\nreplication_factor = 0", "kafka.replication_factor: found 0"),
    ("[kafka]\nmin_insync_replicas = 0", "kafka.min_insync_replicas: found 0"),
    ("[kafka]\nmin_insync_replicas = 2", "min_insync_replicas is 2 and replication_factor -1: nothing could be written"),
    ("[kafka]\nmin_insync_replicas = 3\nreplication_factor = 2", "min_insync_replicas is 3 and replication_factor 2"),
    ('[kafka]\nretention = "168"', "kafka.retention: found '168'.*write a duration"),
    ('[kafka]\nretention = "23h"', "kafka.retention: found '23h'"),
    ("[kafka.roles.leger]\nclient = {}", "kafka.roles.leger"),
    ("[kafka.roles.ledger]\ntopics = 1", "kafka.roles.ledger.topics: unknown key"),
    ("[kafka\n", "not TOML"),
    ("nonsense = 1", "nonsense: unknown key"),
    ('[engine]\nkind = "flink"', "engine.kind: found 'flink'.*'faust' or 'librdkafka'"),
    ("[engine]\nsession_timeout = 6", r'engine.session_timeout: found 6.*"30s"'),
    ('[engine]\nsession_timeout = "6 parsecs"', "engine.session_timeout"),
    ('[engine]\ngroup_instance_id = "host a"', "engine.group_instance_id: found 'host a'"),
    ("[risk]\nreferral_expires = 300", r'risk.referral_expires: found 300.*"5m"'),
    ('[risk]\nengine = "external"', r'risk: engine = "external" needs engine_keys.*custodian engine-key new'),
    ('[risk]\nengine_keys = ["desk.pub"]', r'risk.engine_keys: found.*a list of "ID=FILE"'),
    ('[risk]\nengine_keys = ["desk=a.pub", "desk=b.pub"]', "risk.engine_keys: .*each id once"),
    ('[risk]\nengine_keys = ["a key=a.pub"]', "risk.engine_keys"),
    ("[risk]\nengine_keys = [1]", "risk.engine_keys"),
    ("[risk]\nengine_keys = 1", "risk.engine_keys"),
    ('[metrics]\nlisten = "everywhere"', "metrics.listen: found 'everywhere'.*127.0.0.1"),
    ('[metrics]\nlisten = "127.0.0.1:99999"', "metrics.listen"),
    ("[currencies.JPYSC0]\nscale = -1", "currencies.JPYSC0.scale"),
    ('[currencies]\nJPYSC0 = "four"', "currencies.JPYSC0"),
    (VENUE.replace("http://", "ftp://"), "venues.tokyo.base_url"),
    (VENUE.replace("127.0.0.1", "user:pass@127.0.0.1"), "venues.tokyo.base_url"),
    (VENUE.replace('client_id = "custodian-a"', ""), "venues.tokyo.auth: .*needs client_id"),
    (VENUE.replace('client_secret_file = "secrets/tokyo"', ""), "venues.tokyo.auth: .*client_secret_file"),
    ('[venues."To Kyo"]\nbase_url = "http://x"', "venues"),
    ('[venues.tokyo]\nkind = "musubi"', "venues.tokyo.base_url: missing"),
    ("[venues]\ntokyo = 5", "venues.tokyo"),
    ("[rates.desk]", 'rates.desk: kind = "http_json" needs url'),
    ('[rates.desk]\nkind = "file"', 'rates.desk: kind = "file" needs file'),
    ('[rates.desk]\nkind = "file"\nfile = "x"\nurl = "https://x"', 'rates.desk: kind = "file" has no url; remove it'),
    ('[rates.desk]\nurl = "https://x"\nfile = "x"', 'rates.desk: kind = "http_json" has no file; .*write kind = "file"'),
    ('[rates.desk]\nurl = "rates.example"', "rates.desk.url: found 'rates.example'; write an address"),
    ('[rates.desk]\nurl = "http://x"\npoll_intervall = "2s"', "rates.desk.poll_intervall: unknown key.*did you mean poll_interval"),
    ('[rates.desk]\nurl = "http://x"\npoll_interval = 2', 'rates.desk.poll_interval: found 2; .*"30s"'),
    ('[rates."To Kyo"]\nurl = "http://x"', "rates"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, says: str) -> None:
    """The error names file and key, what was found and what to write."""
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, text), {})
    assert re.search(says, str(caught.value), re.DOTALL), str(caught.value)
    assert "custodian.toml" in str(caught.value)


def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    """Two mistakes are two lines, so that nobody mends them one by one."""
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, '[kafka]\npartitions = "six"\ntopics = 3'), {})
    assert len(str(caught.value).splitlines()) == 2


def test_a_file_that_was_asked_for_has_to_be_there(tmp_path: Path) -> None:
    """A missing file is an error by --config and by environment, not by default."""
    with pytest.raises(SettingsError, match="--config"):
        configuration.find_file(str(tmp_path / "none.toml"), {})
    with pytest.raises(SettingsError, match="CUSTODIAN_CONFIG"):
        configuration.find_file(None, {"CUSTODIAN_CONFIG": str(tmp_path / "none.toml")})


def test_secret_files_are_read_when_needed_and_named_when_wrong(tmp_path: Path) -> None:
    """A missing or empty secret file is a settings error that names the key."""
    auth = load(write(tmp_path, VENUE), {}).venues["tokyo"].auth
    with pytest.raises(SettingsError, match=r"venues.tokyo.auth.client_secret_file.*cannot be read"):
        auth.secret("tokyo")
    secret = tmp_path / "secrets" / "tokyo"
    secret.parent.mkdir()
    secret.write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        auth.secret("tokyo")
    secret.write_text("s3cret\n")
    assert auth.secret("tokyo") == "s3cret"


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """Neither repr nor an error shows a secret that came by the environment."""
    environment = {
        "CUSTODIAN_POSTGRES__PASSWORD": "canary-one",
        "CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_SECRET": "canary-two",
        "CUSTODIAN_VENUES__TOKYO__AUTH__TOKEN": "canary-three",
    }
    assert "canary" not in repr(load(write(tmp_path, VENUE), environment))
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, VENUE + "\nunknown = 5"), environment)
    assert "canary" not in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, VENUE.replace("127.0.0.1", "user:canary@127.0.0.1")), {})
    assert "canary" not in str(caught.value)
    with pytest.raises(SettingsError, match=r"rates\.desk\.url") as caught:
        load(write(tmp_path, '[rates.desk]\nurl = "https://rates.example/v1?key=canary#x"'), {})
    assert "canary" not in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, VENUE), {"CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_SECRET__X": "canary-four"} | environment)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://[::1", "http://[gg]", "http://h:99999", "http://h:x", "http://999.1.1.1", "http://", "http://a\\b"]
)
@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("venues.tokyo.base_url", VENUE.replace("http://127.0.0.1:8700", "{}")),
        ("venues.tokyo.auth.token_url", VENUE + "token_url = '{}'\n"),
        ("rates.desk.url", "[rates.desk]\nurl = '{}'\n"),
    ],
)
def test_an_address_without_a_host_that_can_be_reached_is_named(key: str, text: str, address: str, tmp_path: Path) -> None:
    """A bracket too few, a port too large, a number that is no address: said by key before anything is opened."""
    assert "{}" in text
    with pytest.raises(SettingsError) as refused:
        load(write(tmp_path, text.replace("{}", address).replace('"' + address + '"', f"'{address}'")), {})
    assert f"{key}: found {address!r}; write an address such as https://host:port" in str(refused.value)


@pytest.mark.parametrize(
    "address", ["http://[::1]:8700", "https://häuser.example", "http://1.2.3.4", "http://a_b:1/x", "http://[fe80::1%25eth0]"]
)
def test_addresses_of_every_kind_are_understood(address: str, tmp_path: Path) -> None:
    """IPv6 in brackets, letters beyond ASCII, and a path."""
    loaded = load(
        write(
            tmp_path, VENUE.replace("http://127.0.0.1:8700", address).replace("[venues.tokyo.auth]", "insecure = true\n[venues.tokyo.auth]")
        ),
        {},
    )
    assert loaded.venues["tokyo"].base_url == address


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    """Settings and secrets that an editor saved with a byte order mark are read as without it; UTF-16 is named."""
    (tmp_path / "secret").write_bytes("\ufeffhunter2hunter2\n".encode())
    file = write(tmp_path, "")
    file.write_bytes("\ufeff[postgres]\npassword_file = 'secret'\n".encode())
    assert load(file, {}).postgres.secret() == "hunter2hunter2"
    file.write_bytes("[postgres]\n".encode("utf-16"))
    with pytest.raises(SettingsError, match="write the file as UTF-8"):
        load(file, {})


@pytest.mark.parametrize("length", ["9999999999h", "367" + "0" * 400 + "s", "8785h", "1٣s"])
def test_a_duration_beyond_a_year_is_refused(length: str, tmp_path: Path) -> None:
    """What no clock counts is said by its key."""
    with pytest.raises(SettingsError, match=r"engine\.session_timeout: found"):
        load(write(tmp_path, f"[engine]\nsession_timeout = '{length}'\n"), {})


def test_an_environment_that_is_no_text_is_named() -> None:
    """A value with bytes that are not UTF-8 is said by the name of its variable, without the value."""
    with pytest.raises(SettingsError) as refused:
        load(None, {"CUSTODIAN_POSTGRES__PASSWORD": "Qj\udcff"})
    assert "CUSTODIAN_POSTGRES__PASSWORD" in str(refused.value)
    assert "Qj" not in str(refused.value)


@pytest.mark.parametrize("key", ["sasl.password", "ssl.key.password", "sasl.jaas.config", "assertion.private.key.passphrase"])
def test_a_secret_of_the_wrong_type_is_not_shown(key: str, tmp_path: Path) -> None:
    """What stands where a secret belongs is not repeated."""
    with pytest.raises(SettingsError) as refused:
        load(write(tmp_path, f'[kafka.client]\n"{key}" = ["Qj7Z"]\n'), {})
    assert key in str(refused.value)
    assert "Qj7Z" not in str(refused.value)


def test_names_that_are_too_long_or_nested_too_deep_are_wrong_settings(tmp_path: Path) -> None:
    """Neither is a fault of ours."""
    with pytest.raises(SettingsError, match="there is no file"):
        find_file("x" * 5000, {})
    with pytest.raises(SettingsError, match="not TOML"):
        load(write(tmp_path, "a = " + "[" * 100_000), {})


def test_no_repr_of_the_settings_shows_a_secret() -> None:
    """Kafka's password, one in an address, a key in a query, whatever librdkafka calls a secret; what is none is shown."""
    secrets = [f"canary-{number}" for number in range(13)]
    told = iter(secrets)
    client = {
        "sasl.username": "shown-user",
        **{
            key: next(told)
            for key in (
                "sasl.password",
                "ssl.key.password",
                "ssl.key.pem",
                "ssl.keystore.password",
                "sasl.oauthbearer.config",
                "sasl.oauthbearer.client.secret",
                "sasl.oauthbearer.assertion.private.key.passphrase",
            )
        },
    }
    settings = configuration.Settings.model_validate(
        {
            "kafka": {"client": client},
            "postgres": {
                "dsn": f"postgresql://u:{next(told)}@shown-host/d?sslmode=verify-full&sslpassword={next(told)}",
                "password": next(told),
                "ca_file": "ca.pem",
            },
            "venues": {"tokyo": {"base_url": "https://h", "auth": {"client_id": "c", "client_secret": next(told)}}},
            "rates": {"desk": {"url": f"https://rates.example.com/all?key={next(told)}"}},
        }
    )
    sections = [
        settings,
        settings.kafka,
        settings.kafka.client,
        settings.postgres,
        settings.venues,
        settings.rates,
        settings.venues["tokyo"].auth,
    ]
    for shown in [text for section in sections for text in (repr(section), str(section), f"{section}")]:
        assert not [secret for secret in secrets if secret in shown], shown
    assert "shown-user" in repr(settings)
    assert "shown-host" in repr(settings)
    assert settings.kafka.client["sasl.password"] == secrets[0]


def test_every_secret_among_the_settings_is_held_as_one() -> None:
    """A field that is named after a secret and is no file's name hides its value, in each section there is or will be."""
    from pydantic import SecretStr

    def below(section: type[configuration.Section]) -> Iterator[type[configuration.Section]]:
        yield section
        for narrower in section.__subclasses__():
            yield from below(narrower)

    found = {
        f"{section.__name__}.{name}": field.annotation
        for section in below(configuration.Section)
        for name, field in section.model_fields.items()
        if re.fullmatch(r".*(password|secret|token|passphrase)", name)
    }
    assert {"Postgres.password", "Auth.client_secret", "Auth.token"} <= found.keys()
    assert set(found.values()) == {SecretStr | None}
