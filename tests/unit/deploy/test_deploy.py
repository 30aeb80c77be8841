"""The files under infra/deploy are valid, speak of the roles, settings, ports and paths that there are, and each mistake would be found."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.unit.deploy.facts import DEPLOY, ROOT, Tree, compose_file, manifests, wrong_in_compose, wrong_in_kubernetes

TEXTS = {name: (DEPLOY / "compose" / name).read_text() for name in ("custodian.toml", "policy.toml")}


def test_kubernetes_files_are_valid_and_true() -> None:
    """Every object satisfies the schema of its kind, and roles, commands, settings, secrets, ports and probes are those of the product."""
    assert wrong_in_kubernetes(manifests()) == []


def test_compose_file_is_valid_and_true() -> None:
    """The file satisfies the Compose specification, and says of the product what is so."""
    assert wrong_in_compose(compose_file(), TEXTS) == []


def of(objects: list[Tree], kind: str, name: str = "custodian-ledger") -> Tree:
    """Return one object."""
    return next(found for found in objects if found["kind"] == kind and found["metadata"]["name"] == name)


def pod(objects: list[Tree]) -> Tree:
    """Return the pod of the ledger."""
    found: Tree = of(objects, "Deployment")["spec"]["template"]["spec"]
    return found


def settings_of(objects: list[Tree], old: str, new: str) -> None:
    """Change the settings' text."""
    config = of(objects, "ConfigMap", "custodian")
    assert old in config["data"]["custodian.toml"]
    config["data"]["custodian.toml"] = config["data"]["custodian.toml"].replace(old, new)


BROKEN_MANIFESTS: dict[str, tuple[Callable[[list[Tree]], Any], str]] = {
    "an unknown field": (lambda o: pod(o).update(termintationGracePeriodSeconds=1), "termintationGracePeriodSeconds"),
    "a text for a number": (lambda o: of(o, "Deployment")["spec"].update(replicas="2"), "replicas"),
    "a role without a deployment": (lambda o: o.remove(of(o, "Deployment")), "missing ['ledger']"),
    "a role that there is not": (
        lambda o: of(o, "Deployment")["spec"]["template"]["metadata"]["labels"].update(role="legder"),
        "unknown ['legder']",
    ),
    "another role's command": (lambda o: pod(o)["containers"][0].update(args=["run", "archive"]), "its command is ['run', 'archive']"),
    "a command that there is not": (lambda o: pod(o)["containers"][0].update(args=["rum", "ledger"]), "there is no command rum"),
    "an option that there is not": (lambda o: pod(o)["containers"][0].update(args=["run", "--fast", "ledger"]), "--fast"),
    "a typo in the settings": (lambda o: settings_of(o, "partitions =", "partitons ="), "kafka.partitons: unknown key"),
    "a wrong value in the settings": (lambda o: settings_of(o, '"shadow"', '"dark"'), "mode.accepting"),
    "a policy that cannot be read": (
        lambda o: of(o, "ConfigMap", "custodian")["data"].update({"policy.toml": "name = 1"}),
        "name",
    ),
    "metrics that nobody reaches": (lambda o: settings_of(o, "0.0.0.0:9100", "127.0.0.1:9100"), "metrics.listen is not reachable"),
    "another port": (lambda o: settings_of(o, ":9100", ":9101"), "not the 9101 of metrics.listen"),
    "a probe at another path": (
        lambda o: pod(o)["containers"][0]["livenessProbe"]["httpGet"].update(path="/health"),
        "livenessProbe asks /health",
    ),
    "readiness asked for life": (
        lambda o: pod(o)["containers"][0]["livenessProbe"]["httpGet"].update(path="/readyz"),
        "livenessProbe asks /readyz",
    ),
    "a port without a name": (lambda o: pod(o)["containers"][0]["ports"][0].update(name="other"), "asks port metrics"),
    "a secret that is not mounted": (
        lambda o: pod(o)["volumes"][1]["secret"]["items"].pop(),
        "/run/secrets/custodian/postgres-ledger is not mounted",
    ),
    "another role's secret": (
        lambda o: pod(o)["volumes"][1]["secret"]["items"].append({"key": "postgres-archive", "path": "postgres-archive"}),
        "/run/secrets/custodian/postgres-archive is somebody else's and mounted",
    ),
    "the deploy login's secret at a role": (
        lambda o: pod(o)["volumes"][1]["secret"]["items"].append({"key": "postgres", "path": "postgres"}),
        "ledger: /run/secrets/custodian/postgres is somebody else's and mounted",
    ),
    "the venue's secret at the ledger": (
        lambda o: pod(o)["volumes"][1]["secret"]["items"].append({"key": "tokyo", "path": "tokyo"}),
        "ledger: /run/secrets/custodian/tokyo is somebody else's and mounted",
    ),
    "a secret at another place": (lambda o: settings_of(o, "custodian/tokyo", "custodian/osaka"), "custodian/osaka is not mounted"),
    "a CA that is not there": (lambda o: of(o, "ConfigMap", "custodian")["data"].pop("ca.pem"), "/etc/custodian/ca.pem is not mounted"),
    "Kafka without TLS between pods": (
        lambda o: settings_of(o, '"SSL"', '"PLAINTEXT"'),
        "kafka: client: kafka:9093 is beyond this machine",
    ),
    "a database that anybody can be": (
        lambda o: settings_of(o, "verify-full", "require"),
        "postgres: dsn: postgres is beyond this machine",
    ),
    "a volume that is not there": (lambda o: pod(o)["volumes"].pop(0), "the volume settings is mounted and not there"),
    "a drain cut short": (lambda o: pod(o).update(terminationGracePeriodSeconds=30), "of a drain"),
    "a surge": (lambda o: of(o, "Deployment")["spec"]["strategy"]["rollingUpdate"].update(maxSurge=1), "maxSurge"),
    "root": (lambda o: pod(o)["securityContext"].update(runAsUser=0), "image's user"),
    "a file system to write to": (
        lambda o: pod(o)["containers"][0]["securityContext"].update(readOnlyRootFilesystem=False),
        "root file system",
    ),
    "a selector of others": (lambda o: of(o, "Deployment")["spec"]["selector"]["matchLabels"].update(role="x"), "does not select"),
    "no disruption budget": (lambda o: o.remove(of(o, "PodDisruptionBudget")), "0 PodDisruptionBudgets"),
    "a registry of one's own": (lambda o: pod(o)["containers"][0].update(image="mirror.local:5000/custodian:1"), "names a registry"),
}


@pytest.mark.parametrize(("break_", "said"), BROKEN_MANIFESTS.values(), ids=BROKEN_MANIFESTS)
def test_a_mistake_in_kubernetes_files_is_found(break_: Callable[[list[Tree]], Any], said: str) -> None:
    """Each broken variant is said by name."""
    objects = copy.deepcopy(manifests())
    break_(objects)
    assert said in "\n".join(wrong_in_kubernetes(objects))


BROKEN_COMPOSE: dict[str, tuple[Callable[[Tree], Any], str]] = {
    "an unknown field": (lambda t: t["services"]["ledger"].update(comand=["x"]), "comand"),
    "a wrong duration": (lambda t: t["services"]["ledger"].update(stop_grace_period="soon"), "stop_grace_period"),
    "a secret that is not defined": (lambda t: t["secrets"].pop("tokyo"), "tokyo"),
    "a role without a service": (lambda t: t["services"].pop("ledger"), "missing ['ledger']"),
    "another role's command": (lambda t: t["services"]["ledger"].update(command=["run", "archive"]), "its command is"),
    "a secret that is not mounted": (
        lambda t: t["services"]["ingest"].update(secrets=["postgres-ingest"]),
        "/run/secrets/tokyo is not mounted",
    ),
    "another role's secret": (
        lambda t: t["services"]["ledger"]["secrets"].append("postgres-archive"),
        "ledger: /run/secrets/postgres-archive is somebody else's and mounted",
    ),
    "the venue's secret at init": (
        lambda t: t["services"]["init"]["secrets"].append("tokyo"),
        "init: /run/secrets/tokyo is somebody else's and mounted",
    ),
    "root": (lambda t: t["services"]["ledger"].update(user="0:0"), "image's user"),
    "a drain cut short": (lambda t: t["services"]["ledger"].update(stop_grace_period="10s"), "of a drain"),
    "no wait for init": (lambda t: t["services"]["ledger"]["depends_on"]["init"].update(condition="service_started"), "wait for init"),
    "another port": (lambda t: t["services"]["ledger"].update(expose=["9101"]), "expose the port"),
    "a health check at another path": (
        lambda t: t["services"]["ledger"]["healthcheck"].update(test=["CMD", "curl", "http://127.0.0.1:9100/health"]),
        "does not ask /healthz",
    ),
    "a settings file that is not there": (lambda t: t["configs"]["settings"].update(file="./other.toml"), "there is no ./other.toml"),
}


@pytest.mark.parametrize(("break_", "said"), BROKEN_COMPOSE.values(), ids=BROKEN_COMPOSE)
def test_a_mistake_in_the_compose_file_is_found(break_: Callable[[Tree], Any], said: str) -> None:
    """Each broken variant is said by name."""
    tree = copy.deepcopy(compose_file())
    break_(tree)
    assert said in "\n".join(wrong_in_compose(tree, TEXTS))


def test_a_typo_in_the_settings_of_compose_is_found() -> None:
    """They are loaded as a role loads them."""
    broken = TEXTS | {"custodian.toml": TEXTS["custodian.toml"].replace("bootstrap_servers", "bootstrap_server")}
    assert "kafka.bootstrap_server: unknown key" in "\n".join(wrong_in_compose(compose_file(), broken))


def test_plain_connections_of_compose_are_wanted_by_name() -> None:
    """Without `insecure = true` in their sections the services' settings are refused."""
    broken = TEXTS | {"custodian.toml": TEXTS["custodian.toml"].replace("insecure = true\n", "")}
    said = "\n".join(wrong_in_compose(compose_file(), broken))
    assert "kafka: client: kafka:9092 is beyond this machine" in said
    assert "postgres: dsn: postgres is beyond this machine" in said


def test_every_file_is_named_by_the_kustomization_and_uses_its_image() -> None:
    """No manifest lies there that `kubectl apply -k` would leave out, and the image that is set there is the one of every pod."""
    folder = DEPLOY / "kubernetes"
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert sorted(kustomization["resources"]) == sorted(path.name for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")
    (image,) = kustomization["images"]
    used = {c["image"] for o in manifests() if "template" in o.get("spec", {}) for c in o["spec"]["template"]["spec"]["containers"]}
    assert used == {f"{image['name']}:{image['newTag']}"}
    assert compose_file()["services"]["ledger"]["image"] in used


def locked(name: str) -> dict[str, set[str]]:
    """Return the entries of a lock with their hashes."""
    found: dict[str, set[str]] = {}
    for entry in re.split(r"\n(?=\w)", (ROOT / name).read_text()):
        found[re.split(r"[ \\]", entry, maxsplit=1)[0]] = set(re.findall(r"sha256:[0-9a-f]{64}", entry))
    return found


def test_the_image_installs_what_the_lock_says() -> None:
    """Each package of the image is one of requirements.lock, by version and hash, and all that the project depends on is there."""
    image, whole = locked("infra/deploy/runtime.lock"), locked("requirements.lock")
    assert all(hashes and hashes <= whole.get(name, set()) for name, hashes in image.items())
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[\[=<>]", text, maxsplit=1)[0] for text in declared}
    assert names <= {name.partition("==")[0] for name in image}


def test_the_dockerfile_copies_what_there_is_and_runs_as_nobody() -> None:
    """Every source of a COPY exists and is not ignored, dependencies are checked by hash, and the last user is not root."""
    text = (DEPLOY / "Dockerfile").read_text()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    sources = [source for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE) for source in line.split()[:-1]]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source.split('/')[0]}" in ignored, source
    assert "--require-hashes -r runtime.lock" in text
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE)[-1] == "10001:10001"
    config = re.search(r"CUSTODIAN_CONFIG=(\S+)", text)
    assert config is not None
    assert config[1] == compose_file()["services"]["ledger"]["environment"]["CUSTODIAN_CONFIG"]
