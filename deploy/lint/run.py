"""Lint all that stands in deploy/, by the tools of requirements.lock: `make deployment` runs it.

hadolint reads the Dockerfile; the models of the compose specification read compose.yaml; Helm's own
engine lints and renders the chart with several values, and refuses what values.schema.json must
refuse; Kubernetes' published schemas judge what is rendered; systemd, where there is one, verifies
the unit. Nothing is contacted. The last line is one JSON object.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import compose_spec
import helm_python as helm
import yaml

DEPLOY = Path(__file__).resolve().parents[1]
CHART = DEPLOY / "helm" / "fluent-connect"
UNIT = DEPLOY / "systemd" / "fluent-connect.service"
TOOLS = Path(sys.executable).parent
KUBERNETES = ("1.25", "1.30", "1.37")
_EXPOSURE = 20
"""Tenths, as `systemd-analyze security` counts: below 2.0 is "OK"."""

GOOD: Mapping[str, Mapping[str, Any]] = {
    "defaults": {},
    "sqlite": {
        "config": {"application-connector.yml": "fluent-connect:\n  port: 8080\n"},
        "mapping": {"order.yml": "order: {}\n"},
        "profiles": ["prod"],
        "secrets": ["fluent-connect"],
        "secretFiles": ["more"],
        "env": {"FC_LOG_LEVEL": "info"},
        "storage": {"engine": "sqlite", "sqlite": {"storageClass": "fast", "size": "20Gi"}},
        "nodeSelector": {"kubernetes.io/os": "linux"},
    },
    "existing claim": {"storage": {"engine": "sqlite", "sqlite": {"existingClaim": "mine"}}},
    "postgresql": {
        "storage": {"engine": "postgresql", "postgresql": {"existingSecret": "database"}},
        "replicas": 3,
        "ingress": {"enabled": True, "host": "hooks.example.com", "tlsSecret": "tls"},
        "networkPolicy": {
            "webhooksFrom": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
            "adminFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
            "egress": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
        },
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "tolerations": [{"operator": "Exists"}],
        "serviceAccount": {"create": False, "name": "mine"},
        "imagePullSecrets": [{"name": "registry"}],
    },
}
BAD: Mapping[str, Mapping[str, Any]] = {
    "two replicas on SQLite": {"replicas": 2},
    "PostgreSQL without a secret": {"storage": {"engine": "postgresql"}},
    "an unknown key": {"replica": 1},
    "an unknown engine": {"storage": {"engine": "mysql"}},
    "an ingress without a host": {"ingress": {"enabled": True}},
    "a path as a file's name": {"config": {"../x.yml": ""}},
    "a file that is no text": {"config": {"application.yml": {"a": 1}}},
}


def image() -> Iterator[str]:
    """Yield what hadolint says of the Dockerfile."""
    yield from _said([str(TOOLS / "hadolint"), str(DEPLOY.parent / "Dockerfile")])


def texts() -> Iterator[str]:
    """Yield what yamllint says of the files that are plain YAML."""
    plain = [DEPLOY / "compose.yaml", CHART / "Chart.yaml", CHART / "values.yaml"]
    rules = str(DEPLOY / "lint" / "yamllint.yaml")
    yield from _said([str(TOOLS / "yamllint"), "--strict", "-c", rules, *map(str, plain)])


def compose() -> Iterator[str]:
    """Yield what the compose specification does not know or not take."""
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    try:
        compose_spec.ComposeSpecification.model_validate(found)
    except ValueError as error:
        yield f"compose.yaml: {error}"
    for name, service in found["services"].items():
        fields = compose_spec.Service.model_fields
        known = {*fields, *(str(each.alias) for each in fields.values())}
        yield from (f"compose.yaml: {name}: unknown key {key}" for key in service.keys() - known)


def chart() -> Iterator[str]:
    """Yield what Helm and the schemas of Kubernetes say of the chart."""
    with helm.Chart.load(CHART) as loaded:
        for name, values in GOOD.items():
            linted = helm.lint(str(CHART), dict(values), strict=True)
            yield from (f"{name}: {error}" for error in linted["errors"])
            told = [each["error"] for each in linted["messages"] if "icon" not in each["error"]]
            yield from (f"{name}: {error}" for error in told)
            made = loaded.render(dict(values), name="demo", namespace="shop")
            yield from (f"{name}: {error}" for error in _judged(made))
        for name, values in BAD.items():
            try:
                loaded.validate_schema(dict(values))
            except helm.HelmValuesError:
                continue
            yield f"values.schema.json lets {name} pass"


def _judged(made: Mapping[str, str]) -> Iterator[str]:
    """Judge what was rendered; ServiceMonitor is the Prometheus operator's, whose schema is not."""
    texts = [text for name, text in made.items() if name.endswith(".yaml") and text.strip()]
    documents = [each for text in texts for each in yaml.safe_load_all(text) if each]
    ours = [each for each in documents if "k8s.io" in each["apiVersion"] or _is_plain(each)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "all.yaml")
        file.write_text(yaml.safe_dump_all(ours))
        for version in KUBERNETES:
            words = ["--strict", "--quiet", "-k", version, str(file)]
            yield from _said([str(TOOLS / "kubernetes-validate"), *words])


def _is_plain(document: Mapping[str, Any]) -> bool:
    return "." not in str(document["apiVersion"]).partition("/")[0]


def unit() -> Iterator[str]:
    """Yield what systemd says of the unit, and whether it leaves the service too much."""
    if shutil.which("systemd-analyze") is None:
        print("no systemd here: the unit is not verified", file=sys.stderr)
        return
    ran = _run(["systemd-analyze", "verify", str(UNIT)])
    yield from (
        line
        for line in (ran.stdout + ran.stderr).splitlines()
        if UNIT.name in line and "is not executable: No such file" not in line
    )
    words = ["--offline=true", f"--threshold={_EXPOSURE}", str(UNIT)]
    ran = _run(["systemd-analyze", "security", *words])
    if ran.returncode != 0:
        yield f"{UNIT.name}: {(ran.stdout + ran.stderr).splitlines()[-1]}"


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


def _said(words: Sequence[str]) -> Iterator[str]:
    ran = _run(words)
    if ran.returncode != 0:
        yield from (ran.stdout + ran.stderr).splitlines()


def main() -> int:
    """Run all; exit 1 if anything was found."""
    found = {each.__name__: list(each()) for each in (image, texts, compose, chart, unit)}
    for name, lines in found.items():
        for line in lines:
            print(f"{name}: {line}")
    print(json.dumps({name: len(lines) for name, lines in found.items()}))
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
