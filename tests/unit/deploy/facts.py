"""What is wrong with files of infra/deploy: by the schemas of Kubernetes and Compose, and by what roles, settings and listener are."""

from __future__ import annotations

import json
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import yaml
from compose_spec import PyCompose

from pipeline.cli.main import program
from pipeline.errors import SettingsError
from pipeline.observability.health import Health
from pipeline.observability.listener import Listener
from pipeline.settings import Settings, load
from pipeline.stores.grants import ROLES
from pipeline.stores.role_logins import as_role
from pipeline.wiring import PROGRAMS, policy_of

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "infra" / "deploy"
KUBERNETES_VERSION = "1.37"
DRAIN_MAX = 30
"""Seconds within which a role ends after SIGTERM (interface, section 2)."""

Tree = dict[str, Any]


def manifests() -> list[Tree]:
    """Return every Kubernetes object of the files that the kustomization names."""
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    texts = [(DEPLOY / "kubernetes" / name).read_text() for name in kustomization["resources"]]
    return [document for text in texts for document in yaml.safe_load_all(text) if document]


def compose_file() -> Tree:
    """Return compose.yaml as Compose sees it where no variable is set: defaults put in, anchors followed."""
    text = (DEPLOY / "compose" / "compose.yaml").read_text()
    found: Tree = yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))
    return found


# --- Kubernetes ------------------------------------------------------------------------------------------------------


def wrong_in_kubernetes(objects: Sequence[Tree]) -> list[str]:
    """Return what is wrong, one line each; nothing when all is well."""
    wrong = [line for found in objects for line in _against_schema(json.dumps(found))]
    if wrong:
        return wrong  # what does not have its shape cannot be looked at closer
    by_kind: dict[str, list[Tree]] = {}
    for found in objects:
        by_kind.setdefault(found["kind"], []).append(found)
    (config,) = by_kind["ConfigMap"]
    settings, wrong = _settings(config["data"], environment={})
    if settings is None:
        return wrong
    deployments = {found["spec"]["template"]["metadata"]["labels"]["role"]: found for found in by_kind["Deployment"]}
    wrong += _differ("roles with a Deployment", deployments, PROGRAMS)
    commands = {role: (found, ["run", role]) for role, found in deployments.items()}
    commands["init"] = (by_kind["Job"][0], ["init"])
    for role, (found, expected) in commands.items():
        wrong += [f"{role}: {line}" for line in _of_pod(found["spec"]["template"]["spec"], expected, config, settings)]
    for role, found in deployments.items():
        wrong += [f"{role}: {line}" for line in _of_deployment(found, settings)]
        guards = [b for b in by_kind["PodDisruptionBudget"] if b["spec"]["selector"] == found["spec"]["selector"]]
        if len(guards) != 1:
            wrong.append(f"{role}: {len(guards)} PodDisruptionBudgets select its pods")
    return wrong


@cache  # of a broken variant all objects but one are as before
def _against_schema(text: str) -> list[str]:
    found = json.loads(text)
    try:
        kubernetes_validate.validate(found, KUBERNETES_VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{found['kind']} {found['metadata']['name']}: {'.'.join(map(str, error.path))}: {error.message}"]
    return []


def _of_deployment(found: Tree, settings: Settings) -> Iterator[str]:
    spec, template = found["spec"], found["spec"]["template"]
    if not spec["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items():
        yield "the selector does not select its own pods"
    if template["spec"].get("terminationGracePeriodSeconds", 0) <= DRAIN_MAX:
        yield f"terminationGracePeriodSeconds is not over the {DRAIN_MAX} s of a drain"
    if spec["strategy"]["rollingUpdate"]["maxSurge"] != 0:
        yield "maxSurge is not 0: new workers would join the group beside the old ones"
    port = _port(settings)
    (container,) = template["spec"]["containers"]
    names = {entry["name"]: entry["containerPort"] for entry in container["ports"]}
    if template["metadata"]["annotations"]["prometheus.io/port"] != str(port):
        yield f"prometheus.io/port is not the {port} of metrics.listen"
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        asked = container[probe]["httpGet"]
        if asked["path"] != path or not served(asked["path"]):
            yield f"{probe} asks {asked['path']}, not {path} of the listener"
        if names.get(asked["port"], asked["port"]) != port:
            yield f"{probe} asks port {asked['port']}, not the {port} of metrics.listen"


def _of_pod(pod: Tree, expected: Sequence[str], config: Tree, settings: Settings) -> Iterator[str]:
    (container,) = pod["containers"]
    yield from _command(container["args"], expected)
    yield from _image(container["image"])
    user = pod["securityContext"]
    if not user.get("runAsNonRoot") or user.get("runAsUser") != image_user():
        yield f"it does not run as the image's user {image_user()}"
    allowed = container["securityContext"]
    if not allowed.get("readOnlyRootFilesystem") or allowed.get("allowPrivilegeEscalation") is not False:
        yield "its root file system can be written to, or privileges can grow"
    if "limits" not in container["resources"] or "requests" not in container["resources"]:
        yield "it has no resources"
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    files: set[str] = set()
    for mount in container["volumeMounts"]:
        volume = volumes.get(mount["name"])
        if volume is None:
            yield f"the volume {mount['name']} is mounted and not there"
            continue
        if "configMap" in volume and volume["configMap"]["name"] == config["metadata"]["name"]:
            files |= {f"{mount['mountPath']}/{name}" for name in config["data"]}
        for item in volume.get("secret", {}).get("items", []):
            files.add(f"{mount['mountPath']}/{item['path']}")
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    yield from _files(environment.get("CUSTODIAN_CONFIG"), settings, files, expected[-1])


# --- Compose ---------------------------------------------------------------------------------------------------------


def wrong_in_compose(tree: Tree, texts: Mapping[str, str]) -> list[str]:
    """Return what is wrong, one line each; `texts` are the files beside compose.yaml by name."""
    try:
        PyCompose.from_yaml(yaml.safe_dump(tree)).validate()
    except ValueError as error:
        return [str(error)]
    settings, wrong = _settings(texts, environment={})
    if settings is None:
        return wrong
    services = tree["services"]
    wrong += _differ("roles with a service", set(services) - {"kafka", "postgres", "init"}, PROGRAMS)
    for name in sorted(set(services) & {*PROGRAMS, "init"}):
        expected = ["init"] if name == "init" else ["run", name]
        wrong += [f"{name}: {line}" for line in _of_service(services[name], expected, tree, settings)]
    for source in (*tree["configs"].values(), *tree["secrets"].values()):
        if not source["file"].startswith("./secrets/") and source["file"].removeprefix("./") not in texts:
            wrong.append(f"there is no {source['file']}")
    wrong += [f"{name}: {line}" for name, service in services.items() for line in _image(service["image"])]
    return wrong


def _of_service(service: Tree, expected: Sequence[str], tree: Tree, settings: Settings) -> Iterator[str]:
    yield from _command(service["command"], expected)
    if service.get("user", "").partition(":")[0] != str(image_user()) or not service.get("read_only"):
        yield f"it does not run as the image's user {image_user()} on a read-only root file system"
    if int(service["stop_grace_period"].removesuffix("s")) <= DRAIN_MAX:
        yield f"stop_grace_period is not over the {DRAIN_MAX} s of a drain"
    files = {entry["target"] for entry in service["configs"]} | {f"/run/secrets/{name}" for name in service["secrets"]}
    yield from _files(service["environment"]["CUSTODIAN_CONFIG"], settings, files, expected[-1])
    if expected == ["init"]:
        return
    if service["depends_on"].get("init", {}).get("condition") != "service_completed_successfully":
        yield "it does not wait for init"
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", " ".join(service["healthcheck"]["test"]))
    if asked is None or int(asked[1]) != _port(settings) or asked[2] != "/healthz" or not served(asked[2]):
        yield f"the health check does not ask /healthz at the port {_port(settings)} of metrics.listen"
    if [str(port) for port in service["expose"]] != [str(_port(settings))]:
        yield f"it does not expose the port {_port(settings)} of metrics.listen"


# --- what both have in common ----------------------------------------------------------------------------------------


def _settings(texts: Mapping[str, str], environment: Mapping[str, str]) -> tuple[Settings | None, list[str]]:
    """Load settings and policy as a role does."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            (Path(folder) / name).write_text(text)
        try:
            settings = load(Path(folder) / "custodian.toml", environment)
            policy_of(settings)
        except SettingsError as error:
            return None, str(error).splitlines()
        policy = settings.risk.policy_file
    wrong = [] if policy is not None and policy.name in texts else ["risk.policy_file is not among the files"]
    if settings.metrics.listen.rpartition(":")[0] != "0.0.0.0":
        wrong.append("metrics.listen is not reachable from outside the container")
    return settings, wrong


def _port(settings: Settings) -> int:
    return int(settings.metrics.listen.rpartition(":")[2])


def _files(config: str | None, settings: Settings, mounted: set[str], role: str) -> Iterator[str]:
    """Look that settings, policy, every certificate and this role's secrets stand where they are looked for, and no other secret."""
    folder = "" if config is None else str(Path(config).parent)
    wanted = {config, f"{folder}/policy.toml"}
    wanted |= {str(path) for key, path in settings.kafka.client.items() if re.fullmatch(r"ssl\..*\.location", key)}
    secured = [settings.postgres, *settings.rates.values()]
    of_venues: set[str] = set()
    for venue in settings.venues.values():
        named = (venue.auth.client_secret_file, venue.auth.token_file, venue.auth.private_key_file)
        of_venues |= {str(path) for path in named if path is not None}
        secured += [venue, venue.auth]
    for section in secured:
        wanted |= {str(path) for path in (section.ca_file, section.certificate_file, section.key_file) if path is not None}
    logins = {name: str(as_role(settings.postgres, name).password_file) for name in ROLES}
    deployer = str(settings.postgres.password_file)
    own = {deployer, *logins.values()} if role == "init" else {logins[known] for known in ROLES if known == role}
    own |= of_venues if role in ("ingest", "commands") else set()
    for path in sorted(str(path) for path in (wanted | own) - mounted):
        yield f"{path} is not mounted"
    for path in sorted(mounted & ({deployer, *logins.values()} | of_venues) - own):
        yield f"{path} is somebody else's and mounted"


def _command(arguments: Sequence[str], expected: Sequence[str]) -> Iterator[str]:
    if list(arguments) != list(expected):
        yield f"its command is {list(arguments)}, not {list(expected)}"
    try:
        with click.Context(program) as context:
            command = program.get_command(context, arguments[0])
            if command is None:
                raise click.UsageError(f"there is no command {arguments[0]}")
            command.make_context(arguments[0], list(arguments[1:])).close()
    except click.UsageError as error:
        yield f"`custodian {' '.join(arguments)}` is not understood: {error.format_message()}"


def _image(name: str) -> Iterator[str]:
    if re.match(r"[^/]*[.:][^/]*/", name):
        yield f"the image {name} names a registry of somebody's own"


def _differ(what: str, found: Any, expected: Any) -> Iterator[str]:
    if set(found) != set(expected):
        yield f"{what}: missing {sorted(set(expected) - set(found))}, unknown {sorted(set(found) - set(expected))}"


@cache
def served(path: str) -> bool:
    """Ask the real listener whether it knows a path."""
    listener = Listener("127.0.0.1:0", Health(lambda: 0.0))
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{listener.port}{path}", timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 503  # known, and not ready
    finally:
        listener.close()


@cache
def image_user() -> int:
    """Return the user that the Dockerfile ends as."""
    (user,) = re.findall(r"^USER (\d+):\d+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    return int(user)
