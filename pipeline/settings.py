"""Settings: `custodian.toml`, overridden by the environment, checked before anything starts.

Every error names the key, says what was found and what to write (exit code 78). Secrets come from files or the environment and are held as
`SecretStr`, so that no log, no traceback and no `repr` shows them. Promises to users: interface, section 1.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from pipeline.domain.identifiers import KEY_ID, SECTION
from pipeline.domain.money import Scales
from pipeline.dsn import parameters, without_password
from pipeline.errors import SettingsError
from pipeline.observability.redaction import MASK, redact
from pipeline.secret_files import is_open
from pipeline.transport import weak_address, weak_kafka, weak_postgres

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)
_SECONDS_MAX = 366 * 86_400.0
"""A year: nothing here waits longer, and clocks that count in nanoseconds end at 292."""
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def _seconds(value: object) -> object:
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        return float(match[1]) * _UNIT_SECONDS[match[2]]
    raise ValueError('write a duration in quotes such as "250ms", "30s" or "5m"')


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=_SECONDS_MAX)]


def _http_address(query: str) -> BeforeValidator:
    """Return the check of an address without user and fragment; `query` is the pattern of what may follow its path."""
    pattern = re.compile(r"https?://[^\s/?#@\\]+(/[^\s?#]*)?" + query)

    def check(value: object) -> object:
        if not isinstance(value, str) or not pattern.fullmatch(value) or not _reachable(value):
            raise ValueError(
                "write an address such as https://host:port, an IPv6 host in brackets, without user or fragment" + _WITHOUT[query]
            )
        return value

    return BeforeValidator(check)


_NO_QUERY, _ANY_QUERY = "", r"(\?[^\s#]*)?"
_WITHOUT = {_NO_QUERY: ", and without query", _ANY_QUERY: ""}


def _reachable(address: str) -> bool:
    """Tell whether host and port of an address are such; a host of digits and dots is an IPv4 address."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
        if ":" in host or not host.strip("0123456789."):
            ipaddress.ip_address(host.partition("%")[0])
        elif not host.isascii():
            host.encode("idna")
    except ValueError:
        return False
    return bool(host)


def _listen(value: object) -> object:
    match = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})", value) if isinstance(value, str) else None
    if not match or int(match[2]) > 65535:
        raise ValueError('write an address and a port such as "127.0.0.1:8080" (port 0: any free one)')
    return value


Listen = Annotated[str, BeforeValidator(_listen)]


_QUERY = re.compile(r"(https?://[^\s?'\"]*\?)[^\s'\"]*")
"""A password or a key that somebody put into an address is not repeated."""


class Section(BaseModel):
    """A section of the settings: unknown keys are refused, and its `repr` shows no secret, also none in an address."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=False)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Yield the fields as `repr` and `str` show them."""
        for name, value in super().__repr_args__():
            yield name, _QUERY.sub(r"\1…", redact(value)) if isinstance(value, str) else value


SECRET_CLIENT_KEY = re.compile(r".*(password|passphrase|secret|key\.pem|oauthbearer\.config|jaas).*")
"""Which of librdkafka's settings are secrets."""


class ClientOptions(dict[str, str | int | bool | float]):
    """What librdkafka is told, by its own names; its `repr` shows no secret."""

    def __repr__(self) -> str:
        """Return it as a dictionary, with the secrets masked."""
        return repr({key: MASK if SECRET_CLIENT_KEY.fullmatch(key) else value for key, value in self.items()})


class Connection(Section):
    """A section about something that is reached over a network: what is weak about the way there is refused unless it is wanted."""

    insecure: bool = False
    """The way may be weak: nobody else can be on it, or what it carries may be seen and changed."""

    def weakness(self) -> str | None:
        """Return what is weak about the way there, by key and with what to write; None where nothing is."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _wanted_if_weak(self) -> Self:
        if not self.insecure and (weakness := self.weakness()) is not None:
            raise ValueError(f"{weakness}, or insecure = true in this section where nobody else can be on the way")
        return self


class TlsConnection(Connection):
    """A connection whose TLS is ours to say: whom we believe (None: whom the system does), and as whom we speak."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @model_validator(mode="after")
    def _key_of_a_certificate(self) -> Self:
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("key_file needs certificate_file")
        return self


KafkaClient = Annotated[dict[str, str | int | bool | float], AfterValidator(ClientOptions)]
RoleName = Literal["ingest", "settlement", "workflow", "risk", "commands", "ledger", "archive"]
LoginName = Literal[RoleName, "init", "cli"]
"""Who has secrets of its own: each role of `up`, who prepares (`init`, and `up` before it starts roles), and the commands of people."""


class KafkaRole(Section):
    """`[kafka.roles.X]`: what the role X tells Kafka beside or instead of `kafka.client`, such as its own login."""

    client: KafkaClient = Field(default_factory=ClientOptions)
    password_file: Path | None = None


class Kafka(Connection):
    """`[kafka]`."""

    bootstrap_servers: str = "127.0.0.1:9092"
    partitions: int = Field(default=6, ge=1, le=1000)
    replication_factor: int = Field(default=-1, ge=-1)
    """-1: three where there are three brokers or more, else what the brokers do by themselves."""
    min_insync_replicas: int = Field(default=-1, ge=-1)
    """How many replicas have a record before it is acknowledged; -1: two of three or more, else one."""
    unclean_leader_election: bool = False
    """Whether a replica that lacks records may lead, which loses them."""
    retention: Annotated[Seconds, Field(ge=86_400)] = 7 * 86_400.0
    """How long Kafka keeps a record; a consumer that is away for longer has lost some."""
    topic_prefix: str = Field(default="custody.", pattern=r"^[A-Za-z0-9._-]{0,80}$")
    client: KafkaClient = Field(default_factory=ClientOptions)
    password_file: Path | None = None
    """Holds `sasl.password`, where neither `client` nor the environment says it."""
    roles: dict[LoginName, KafkaRole] = Field(default_factory=dict)
    _section: str = PrivateAttr("kafka")
    """Which section has the login: for what is said when Kafka refuses it."""

    @field_validator("replication_factor", "min_insync_replicas")
    @classmethod
    def _not_zero(cls, value: int) -> int:
        if value == 0:
            raise ValueError("write -1 to leave it to us or the broker, or 1 and more")
        return value

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        if self.min_insync_replicas > max(self.replication_factor, 1):
            raise ValueError(
                f"min_insync_replicas is {self.min_insync_replicas} and replication_factor {self.replication_factor}: "
                "nothing could be written; write as many into replication_factor, or more"
            )
        return self

    def replicas(self, brokers: int) -> int:
        """Return how many replicas a new topic is asked for among so many brokers; -1: what the brokers do by themselves."""
        return 3 if self.replication_factor < 0 and brokers >= 3 else self.replication_factor

    def insync(self, replicas: int) -> int:
        """Return how many of a topic's replicas have to have a record."""
        return self.min_insync_replicas if self.min_insync_replicas > 0 else 2 if replicas >= 3 else 1

    def weakness(self) -> str | None:
        """Return what is weak about the way to the brokers, for whichever role."""
        weak = {"": weak_kafka(self.bootstrap_servers, self.client)}
        weak |= {f"roles.{role}.": weak_kafka(self.bootstrap_servers, self.of_role(role).client) for role in self.roles}
        return next((where + said for where, said in weak.items() if said is not None), None)

    def of_role(self, role: str) -> Kafka:
        """Return the section as one role has it: with its own login, and without those of others."""
        own = next((section for name, section in self.roles.items() if name == role), None)
        if own is None:
            return self.model_copy(update={"roles": {}})
        client, password_file = ClientOptions({**self.client, **own.client}), self.password_file
        if own.password_file is not None or "sasl.username" in own.client:  # the other login's password is none of this one
            password_file = own.password_file
            if "sasl.password" not in own.client:
                client.pop("sasl.password", None)
        told = self.model_copy(update={"client": client, "password_file": password_file, "roles": {}})
        told._section = f"kafka.roles.{role}"
        return told

    @property
    def login(self) -> str:
        """Return the section that has the login, and the login, for people."""
        return f"{self._section}.client: the login {self.client.get('sasl.username', 'of its certificate or address')}"

    @property
    def secret_setting(self) -> str:
        """Return where the login's password is from, for people."""
        if self.password_file is None or "sasl.password" in self.client:
            return f"sasl.password of {self._section}.client"
        return f"{self._section}.password_file, {self.password_file}"

    def options(self) -> Mapping[str, str | int | bool | float]:
        """Return what a client is told, its password included; raise SettingsError when it is missing or its file cannot be read."""
        if "sasl.password" in self.client:
            return self.client
        if self.password_file is not None:
            password = _secret(None, self.password_file, f"{self._section}.password_file") or ""
            return ClientOptions({**self.client, "sasl.password": password})
        if "sasl.username" in self.client:
            raise SettingsError(f"{self._section}: sasl.username has no password; write it into a file and its name into password_file")
        return self.client


VENUE_ROLES = ("ingest", "commands")
"""Who asks venues, and has their secrets."""


class _Login(BaseModel):
    """Whom to reach and as whom; a password that stands in the address is taken out of it."""

    @model_validator(mode="before")
    @classmethod
    def _password_apart(cls, given: object) -> object:
        """Take a password that stands in the address out of it, so that nothing that shows an address can show it."""
        if not isinstance(given, dict) or not isinstance(given.get("dsn"), str):
            return given
        try:
            dsn, password = without_password(given["dsn"])
        except ValueError:
            return given  # the key itself says so below
        elsewhere = given.get("password") or given.get("password_file")
        return given | {"dsn": dsn} | ({"password": password} if password and not elsewhere else {})

    @field_validator("dsn", check_fields=False)
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        return value if value is None else without_password(value)[0]


class PostgresRole(Section, _Login):
    """`[postgres.roles.X]`: how a role connects, where that does not follow from `[postgres]`."""

    dsn: str | None = None
    user: str | None = None
    password_file: Path | None = None
    password: SecretStr | None = None


class Postgres(TlsConnection, _Login):
    """`[postgres]`: how `init` and commands connect, and where roles do, each as itself (`stores.role_logins`).

    The password comes from PGPASSFILE, `password_file` or the environment.
    """

    dsn: str = "postgresql://custodian@127.0.0.1:5432/custodian"
    password_file: Path | None = None
    password: SecretStr | None = None
    secrets_folder: Path | None = Path("secrets")
    """Where `init` makes the secrets of roles when `password_file` does not say where secrets are; None in the settings of one role."""
    roles: dict[RoleName, PostgresRole] = Field(default_factory=dict)

    def weakness(self) -> str | None:
        """Return what is weak about the way to the database."""
        return weak_postgres(parameters(self.dsn))

    def password_file_of(self, role: RoleName) -> Path | None:
        """Return the file with a role's password: its section's, the one beside `password_file`, or what `init` made."""
        asked = self.roles.get(role, PostgresRole())
        if asked.password_file is not None or asked.password is not None:
            return asked.password_file
        if self.password_file is not None:
            return Path(f"{self.password_file}-{role}")
        made = self.made_secret_of(role)
        return made if made is not None and made.exists() else None

    def made_secret_of(self, role: RoleName) -> Path | None:
        """Return the file that `init` makes for a role whose password is nowhere else."""
        return None if self.secrets_folder is None else self.secrets_folder / f"postgres-{role}"

    def secret(self) -> str | None:
        """Return the password of the settings, or None when libpq shall find one; raise SettingsError."""
        return _secret(self.password, self.password_file, "postgres.password_file")


class Engine(Section):
    """`[engine]`."""

    kind: Literal["faust", "librdkafka"] = "faust"
    session_timeout: Seconds = 6.0
    group_instance_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,200}$")
    """A name of this host's workers that stays over restarts, and that no other host has: they are static members of their groups then."""

    def member(self, consumer: str) -> str | None:
        """Return Kafka's group.instance.id of the worker of a consumer; None: a member like any other."""
        return None if self.group_instance_id is None else f"{self.group_instance_id}-{consumer}"


class Mode(Section):
    """`[mode]`."""

    accepting: Literal["live", "shadow"] = "live"
    failpoints: bool = False
    """For tests: CUSTODIAN_FAILPOINT may kill roles although accepting is live. It stands in the file or nowhere, and `doctor` is red for
    it: who can set our environment must not choose where we die while money moves."""


class Workflow(Section):
    """`[workflow]`."""

    quote_window: Seconds = 5.0
    quote_margin: Seconds = 2.0
    quotes_expected: int | None = Field(default=None, ge=1)
    """With so many quotes that may be chosen the window closes at once; None: it is waited for its end."""


def _listed(value: object) -> object:
    """Read what the environment writes with commas in between, and refuse what is not "ID=FILE", each id once."""
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        return value
    named = [_ENGINE_KEY.fullmatch(one) if isinstance(one, str) else None for one in listed]
    if None in named or len({match[1] for match in named if match}) < len(named):
        raise ValueError('write a list of "ID=FILE" such as ["desk=keys/desk.pub"], each id once')
    return listed


_ENGINE_KEY = re.compile(rf"({KEY_ID})=(.+)")


class Risk(Section):
    """`[risk]`."""

    engine: Literal["builtin", "external"] = "builtin"
    """external: somebody else answers decision-requested and signs what it says, and the role risk is not run."""
    engine_keys: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    """Public keys of an external engine, each "ID=FILE"; several while one takes the place of another."""
    engine_answers_referrals: bool = False
    """An external engine may answer what it has referred to people, in their place."""
    policy_file: Path | None = None
    """None: there is none beside the settings, so every question is referred to people."""
    referral_expires: Seconds = 300.0

    @model_validator(mode="after")
    def _signed(self) -> Risk:
        if self.engine == "external" and not self.engine_keys:
            raise ValueError(
                'engine = "external" needs engine_keys, such as ["desk=keys/desk.pub"]; `custodian engine-key new` makes a pair'
            )
        return self

    def key_files(self) -> dict[str, Path]:
        """Return the files with the public keys, by the keys' ids."""
        return {key_id: Path(file) for key_id, _, file in (one.partition("=") for one in self.engine_keys)}


class Currency(Section):
    """`[currencies.X]`."""

    scale: int = Field(ge=0, le=38)


class Currencies(BaseModel):
    """`[currencies]`: the default, and a section per currency."""

    model_config = ConfigDict(extra="allow", frozen=True)
    default_scale: int = Field(default=18, ge=0, le=38)
    __pydantic_extra__: dict[str, Currency]

    def scales(self) -> Scales:
        """Return the scales as the domain uses them: who lists currencies and writes no default says that there are no others."""
        extra = self.__pydantic_extra__ or {}
        listed_only = bool(extra) and "default_scale" not in self.model_fields_set
        by_currency = {name: section.scale for name, section in extra.items()}
        return Scales(default=self.default_scale, by_currency=by_currency, listed_only=listed_only)


class Archive(Section):
    """`[archive]`."""

    folder: Path = Path("archive")


class Auth(TlsConnection):
    """`[venues.X.auth]`; its TLS is that of `token_url`."""

    kind: Literal["musubi", "oauth2_client_credentials", "oauth2_private_key_jwt", "static"] = "musubi"
    request: Literal["json", "form", "basic"] = "json"
    client_id: str = ""
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    token: SecretStr | None = None
    token_file: Path | None = None
    token_url: Annotated[str, _http_address(_ANY_QUERY)] | None = None
    scope: str | None = None
    audience: str | None = None
    private_key_file: Path | None = None
    key_id: str | None = None
    algorithm: str = "RS256"
    refresh_before: Seconds = 60.0

    @model_validator(mode="after")
    def _complete(self) -> Auth:
        needs: dict[str, tuple[str, ...]] = {
            "musubi": ("client_id",),
            "oauth2_client_credentials": ("client_id", "token_url"),
            "oauth2_private_key_jwt": ("client_id", "token_url", "private_key_file"),
            "static": (),
        }
        for key in needs[self.kind]:
            if not getattr(self, key):
                raise ValueError(f'kind = "{self.kind}" needs {key}')
        if self.kind in ("musubi", "oauth2_client_credentials") and not (self.client_secret or self.client_secret_file):
            raise ValueError(f'kind = "{self.kind}" needs client_secret_file (or the secret in the environment)')
        if self.kind == "static" and not (self.token or self.token_file):
            raise ValueError('kind = "static" needs token_file (or the token in the environment)')
        if not self.kind.startswith("oauth2") and (self.ca_file or self.certificate_file):
            raise ValueError(
                f'kind = "{self.kind}" has no token_url; write ca_file, certificate_file and key_file into the venue\'s section'
            )
        return self

    def weakness(self) -> str | None:
        """Return what is weak about the way to the token endpoint."""
        return weak_address("token_url", self.token_url)

    def withheld(self) -> Auth:
        """Return it without any secret, and without saying where one is."""
        return self.model_copy(update=dict.fromkeys(("client_secret", "token", *_AUTH_PATHS)))

    def secret(self, venue: str) -> str:
        """Return the client secret; raise SettingsError when the file is missing or empty."""
        return _secret(self.client_secret, self.client_secret_file, f"venues.{venue}.auth.client_secret_file") or ""

    def static_token(self, venue: str) -> str:
        """Return the token of kind "static"; raise SettingsError when the file is missing or empty."""
        return _secret(self.token, self.token_file, f"venues.{venue}.auth.token_file") or ""


class Venue(TlsConnection):
    """`[venues.X]`."""

    kind: Literal["musubi"] = "musubi"
    base_url: Annotated[str, _http_address(_NO_QUERY)]
    reconcile_interval: Seconds = 30.0
    silence_timeout: Seconds = 75.0
    http_timeout: Seconds = 10.0
    requests_per_second: float = Field(default=5.0, gt=0, le=100_000)
    request_burst: int = Field(default=10, ge=1, le=100_000)
    own_parties: tuple[str, ...] = ()
    """All parties that we are there, letter for letter; empty: the one that the venue named first."""
    sweep_share: float = Field(default=0.1, gt=0, le=0.5)
    auth: Auth

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    def weakness(self) -> str | None:
        """Return what is weak about the way to the venue."""
        return weak_address("base_url", self.base_url)


class Rates(TlsConnection):
    """`[rates.X]`: a provider of reference rates; the section's name is the provider's in events and policies."""

    kind: Literal["http_json", "file"] = "http_json"
    url: Annotated[str, _http_address(_ANY_QUERY)] | None = None
    file: Path | None = None
    poll_interval: Seconds = 2.0
    http_timeout: Seconds = 2.0

    @model_validator(mode="after")
    def _complete(self) -> Rates:
        needed, other = ("file", "url") if self.kind == "file" else ("url", "file")
        if getattr(self, needed) is None:
            raise ValueError(f'kind = "{self.kind}" needs {needed}')
        if getattr(self, other) is not None:
            raise ValueError(
                f'kind = "{self.kind}" has no {other}; remove it, or write kind = "{"file" if other == "file" else "http_json"}"'
            )
        return self

    def weakness(self) -> str | None:
        """Return what is weak about the way to the provider."""
        return weak_address("url", self.url)


class Schedule(Section):
    """`[schedule]`: what the product does by itself, and how often; what is absent it does not."""

    reconcile_venue: Seconds | None = None
    archive_verify: Seconds | None = None
    states_prune: Seconds | None = None
    states_older_than: Annotated[Seconds, Field(ge=3600)] = 90 * 86_400.0
    """What settlement remembers of orders is let go of when it was not written for so long."""


class Console(Section):
    """`[console]`."""

    listen: Listen = "127.0.0.1:8080"


class Metrics(Section):
    """`[metrics]`."""

    listen: Listen = "127.0.0.1:0"


SectionName = Annotated[str, Field(pattern=rf"^{SECTION}$")]


class Settings(Section):
    """Everything that `custodian.toml` may say."""

    kafka: Kafka = Field(default_factory=Kafka)
    postgres: Postgres = Field(default_factory=Postgres)
    engine: Engine = Field(default_factory=Engine)
    mode: Mode = Field(default_factory=Mode)
    workflow: Workflow = Field(default_factory=Workflow)
    risk: Risk = Field(default_factory=Risk)
    currencies: Currencies = Field(default_factory=Currencies)
    archive: Archive = Field(default_factory=Archive)
    venues: dict[SectionName, Venue] = Field(default_factory=dict)
    rates: dict[SectionName, Rates] = Field(default_factory=dict)
    schedule: Schedule = Field(default_factory=Schedule)
    console: Console = Field(default_factory=Console)
    metrics: Metrics = Field(default_factory=Metrics)

    @field_validator("venues")
    @classmethod
    def _each_venue_once(cls, value: dict[str, Venue]) -> dict[str, Venue]:
        """Refuse one login at one backend under two names: the books keep venues apart, and would book its settlements twice."""
        names: dict[tuple[str, str | None], str] = {}
        for name, venue in value.items():
            login = (venue.base_url, venue.auth.client_id)
            if venue.auth.client_id is not None and names.setdefault(login, name) != name:
                raise ValueError(f"{names[login]} and {name} are the same login at {venue.base_url}; remove one of the two sections")
        return value


_TLS_PATHS = ("ca_file", "certificate_file", "key_file")
_PATHS = (
    "postgres.password_file",
    "postgres.secrets_folder",
    "risk.policy_file",
    "archive.folder",
    *(f"postgres.{key}" for key in _TLS_PATHS),
)
_AUTH_PATHS = ("client_secret_file", "token_file", "private_key_file", *_TLS_PATHS)
_CLIENT_PATH = re.compile(r"ssl\..*\.location")
ENVIRONMENT_PREFIX = "CUSTODIAN_"


def find_file(given: str | None, environment: Mapping[str, str]) -> Path | None:
    """Return the settings file: the one given, else CUSTODIAN_CONFIG, else ./custodian.toml when there is one.

    Raise SettingsError when the one that was asked for is missing.
    """
    for asked, by in ((given, "--config"), (environment.get("CUSTODIAN_CONFIG"), "CUSTODIAN_CONFIG")):
        if asked:
            if not _is_file(Path(asked)):
                raise SettingsError(f"{by}: there is no file {asked}; write one, or let `custodian dev up --write-config` write it")
            return Path(asked)
    return Path("custodian.toml") if Path("custodian.toml").is_file() else None


def _is_file(path: Path) -> bool:
    """Tell whether there is a file that we can get at; too long a name, or a folder that lets us not in, has none."""
    try:
        return path.is_file()
    except OSError:
        return False


def load(file: Path | None, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a file (None: defaults only) overridden by the environment; raise SettingsError."""
    tree: dict[str, Any] = {}
    folder = Path.cwd()
    if file is not None:
        try:
            tree = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SettingsError(f"{file}: not UTF-8; write the file as UTF-8") from None
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise SettingsError(f"{file}: not TOML: {error}") from None
        folder = file.resolve().parent
    _resolve_paths(tree, folder)
    _override(tree, os.environ if environment is None else environment)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise SettingsError(_explain(error, file)) from None


def overridden(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of mode, policy and engine the environment says in the place of the file: by variable."""
    sections = tuple(f"{ENVIRONMENT_PREFIX}{section}__" for section in ("MODE", "RISK", "ENGINE"))
    return {
        name: text
        for name, text in sorted(environment.items())
        if name.startswith(ENVIRONMENT_PREFIX) and name.upper().startswith(sections)
    }


def client_key(name: str) -> str:
    """Return librdkafka's own name of what a variable says: its dots are written as single underscores."""
    return name.lower().replace("_", ".")


def _override(tree: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name, text in sorted(environment.items()):
        if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
            continue
        if any("\ud800" <= letter <= "\udfff" for letter in name + text):
            raise SettingsError(f"{name!a}: not UTF-8; write name and value as UTF-8")
        *sections, key = name.removeprefix(ENVIRONMENT_PREFIX).split("__")
        if (sections, key) == (["MODE"], "FAILPOINTS"):
            raise SettingsError(f"{name}: mode.failpoints may stand in the settings file alone, and in that of a test only; unset it")
        path = [part if sections[0].lower() == "currencies" and i == 1 else part.lower() for i, part in enumerate([*sections, key])]
        if path[0] == "kafka" and "client" in path[1:4:2]:
            own = path.index("client") + 1
            path = [*path[:own], client_key("__".join(path[own:]))]
        at = tree
        for part in path[:-1]:
            step = at.setdefault(part, {})
            if not isinstance(step, dict):
                raise SettingsError(f"{name}: {part} is a value in the settings file, not a section")
            at = step
        at[path[-1]] = _typed(path, text)


def _typed(path: list[str], text: str) -> object:
    """Read a number where the setting is one: everything in the environment is text."""
    if path[-1] in (
        "partitions",
        "replication_factor",
        "min_insync_replicas",
        "request_burst",
        "scale",
        "default_scale",
        "quotes_expected",
    ) and re.fullmatch(r"-?\d+", text):
        return int(text)
    if path[-1] in ("requests_per_second", "sweep_share") and re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    return text


def _resolve_paths(tree: dict[str, Any], folder: Path) -> None:
    for dotted in _PATHS:
        section, key = dotted.split(".")
        _resolve(tree.get(section), key, folder)
    postgres = tree.get("postgres")
    for role in _sections(postgres.get("roles") if isinstance(postgres, dict) else None):
        _resolve(role, "password_file", folder)
    risk = tree.get("risk")
    if isinstance(risk, dict) and isinstance(risk.get("engine_keys"), list):
        risk["engine_keys"] = [_key_beside(folder, one) for one in risk["engine_keys"]]
    for venue in _sections(tree.get("venues")):
        for key in _TLS_PATHS:
            _resolve(venue, key, folder)
        for key in _AUTH_PATHS:
            _resolve(venue.get("auth") if isinstance(venue, dict) else None, key, folder)
    for provider in _sections(tree.get("rates")):
        for key in ("file", *_TLS_PATHS):
            _resolve(provider, key, folder)
    kafka = tree.get("kafka")
    for section in (kafka, *_sections(kafka.get("roles"))) if isinstance(kafka, dict) else ():
        _resolve(section, "password_file", folder)
        client = section.get("client") if isinstance(section, dict) else None
        for key, value in client.items() if isinstance(client, dict) else ():
            if _CLIENT_PATH.fullmatch(key) and value != "probe":  # librdkafka's word for: where this system keeps them
                _resolve(client, key, folder)
    # A folder that the file does not name is beside the file all the same.
    if isinstance(tree.setdefault("postgres", {}), dict):
        tree["postgres"].setdefault("secrets_folder", str(folder / "secrets"))
    if isinstance(tree.setdefault("archive", {}), dict):
        tree["archive"].setdefault("folder", str(folder / "archive"))
    if isinstance(tree.setdefault("risk", {}), dict) and (folder / "policy.toml").is_file():
        tree["risk"].setdefault("policy_file", str(folder / "policy.toml"))


def _key_beside(folder: Path, named: object) -> object:
    key_id, _, file = named.partition("=") if isinstance(named, str) else ("", "", "")
    return f"{key_id}={folder / file}" if file else named


def _sections(named: object) -> list[Any]:
    return list(named.values()) if isinstance(named, dict) else []


def _resolve(section: object, key: str, folder: Path) -> None:
    if isinstance(section, dict) and isinstance(section.get(key), str):
        section[key] = str(folder / section[key])


_USER_INFO = re.compile(r"//\S*@")
_SECRET_KEY = re.compile(rf"dsn|token|{SECRET_CLIENT_KEY.pattern}")


def _explain(error: ValidationError, file: Path | None) -> str:
    lines = []
    for found in error.errors(include_url=False):
        where = [str(part) for part in found["loc"]]
        key = ".".join(where) or "settings"
        said = found["msg"].removeprefix("Value error, ")
        if found["type"] == "extra_forbidden":
            lines.append(f"{key}: unknown key; remove it or correct its name{_nearest(where)}")
        elif found["type"] == "missing":
            lines.append(f"{key}: missing; it has to be written")
        elif any(map(_SECRET_KEY.fullmatch, where)) or isinstance(found["input"], dict | Section):
            lines.append(f"{key}: {said}")
        else:
            shown = _QUERY.sub(r"\1…", _USER_INFO.sub("//…@", repr(found["input"])))
            lines.append(f"{key}: found {shown}; {said}")
    return "\n".join(f"{file or 'settings'}: {line}" for line in lines)


def _nearest(where: list[str]) -> str:
    import difflib

    model: Any = Settings
    for part in where[:-1]:
        model = (
            {"venues": Venue, "auth": Auth, "rates": Rates, "roles": KafkaRole if where[0] == "kafka" else PostgresRole}.get(part)
            or getattr(model.model_fields.get(part), "annotation", None)
            or model
        )
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return ""
    near = difflib.get_close_matches(where[-1], model.model_fields, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def secret_in(file: Path, key: str) -> str:
    """Return the secret in a file; raise SettingsError, naming `key`, for one that cannot be read, is empty, or is open to others."""
    found = _secret(None, file, key)
    assert found is not None
    if is_open(file):
        raise SettingsError(f"{key}: {file} can be read or written by others; chmod 600 {file}")
    return found


def _secret(value: SecretStr | None, file: Path | None, key: str) -> str | None:
    if value is not None:
        return value.get_secret_value()
    if file is None:
        return None
    try:
        text = file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{key}: {file} cannot be read: {reason}; write the secret into that file") from None
    if not text:
        raise SettingsError(f"{key}: {file} is empty; write the secret into that file")
    return text
