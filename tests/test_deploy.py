"""What deploy/ and the Dockerfile name is there, and is what the service has: ports, paths, words.

What needs tools of its own (hadolint, Helm, systemd) is `make deployment`.
"""

import importlib.util
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from fluent_connect.app import http
from fluent_connect.app.cli import COMMANDS, running
from fluent_connect.app.cli.errors import INVALID
from fluent_connect.app.config.load import load
from fluent_connect.ingest.webhook import PATH
from unit.app.conftest import ENVIRON

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "fluent-connect"
UNIT = (DEPLOY / "systemd" / "fluent-connect.service").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
TEMPLATES = "\n".join(each.read_text() for each in sorted((CHART / "templates").iterdir()))
USER = "10001"
STOPS_WITHIN = 25


def _yaml(file: Path) -> Any:
    return YAML(typ="safe").load(file.read_text())


COMPOSE = _yaml(DEPLOY / "compose.yaml")
VALUES = _yaml(CHART / "values.yaml")
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def _version() -> str:
    found: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return found


def test_all_versions_are_that_of_the_project() -> None:
    chart = _yaml(CHART / "Chart.yaml")
    label = re.search(r'image\.version="([^"]+)"', DOCKERFILE)
    images = {each["image"] for each in COMPOSE["services"].values()}

    assert label is not None
    assert {chart["version"], chart["appVersion"], label[1]} == {_version()}
    assert images == {f"fluent-connect:{_version()}"}


def test_the_last_stage_of_the_image_has_a_numeric_user_and_builds_nothing() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]

    assert f"USER {USER}:{USER}" in last
    assert "VOLUME /data" in last
    assert not re.search(r"\b(apt-get|apt|gcc|pip)\b", last)
    assert "--require-hashes" in DOCKERFILE
    assert all(
        "--no-deps" in line
        for line in DOCKERFILE.split("&&")
        if "pip" in line and " install " in line
    )


def test_what_the_image_copies_is_there_and_is_sent_to_the_builder() -> None:
    sent = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        copied |= {word.removeprefix("./") for word in line.split()[:-1]}

    assert copied == sent
    assert all((ROOT / each).exists() for each in copied)


def test_the_image_has_every_engine_at_the_versions_that_are_tested() -> None:
    image = _pins("deploy/requirements-image.lock")
    base = _pins("requirements.lock")

    assert image.items() >= base.items()
    assert image.keys() >= {"asyncpg", "aio-pika", "aiokafka", "aiobotocore"}


def _pins(lock: str) -> Mapping[str, str]:
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, re.MULTILINE))


def _started() -> Iterator[Any]:
    """Yield the words after `fluent-connect` with which each of them starts the service."""
    words = json.loads(re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[-1])
    yield pytest.param(words, id="Dockerfile")
    (line,) = re.findall(r"^ExecStart=\S+/fluent-connect (.+)$", UNIT, re.MULTILINE)
    yield pytest.param(line.split(), id="systemd")
    for name, service in COMPOSE["services"].items():
        yield pytest.param(service.get("command", words), id=f"compose {name}")
    args = TEMPLATES.partition("args:\n")[2].partition("env:\n")[0]
    plain = re.findall(r"^ +- ([-/\w]+)$", args, re.MULTILINE)
    yield pytest.param([*plain, "prod"], id="Helm")


@pytest.mark.parametrize("words", list(_started()))
def test_each_of_them_starts_the_service_by_words_that_it_takes(words: list[str]) -> None:
    command = get_command(running.app)
    known = {option for each in command.params for option in each.opts}

    assert words[0] == "run"
    assert "run" in COMMANDS
    assert {word for word in words if word.startswith("--")} <= known


def test_ports_and_probes_are_those_of_the_service(tmp_path: Path) -> None:
    config = load(tmp_path, (), ENVIRON)
    probed = set(re.findall(r"path: (/\w+),? port: admin", TEMPLATES))
    answered = set(re.findall(r'Route\("([^"]+)"', Path(http.__file__).read_text()))

    assert (config.port, config.admin.port) == (8080, 8081)
    assert f"EXPOSE {config.port} {config.admin.port}" in DOCKERFILE
    assert f"containerPort: {config.port}" in TEMPLATES
    assert f"containerPort: {config.admin.port}" in TEMPLATES
    assert probed == {"/livez", "/readyz"}
    assert probed | {"/metrics"} <= answered
    assert f"http://127.0.0.1:{config.admin.port}/livez" in DOCKERFILE
    assert PATH.startswith("/api/v1/fluent-connect")
    assert "path: /api/v1/fluent-connect\n" in TEMPLATES


def test_the_variables_that_they_set_are_keys_of_the_configuration(tmp_path: Path) -> None:
    named = set(re.findall(r"\b(FC_ADMIN_HOST|FC_JOURNAL_URL)\b", DOCKERFILE + TEMPLATES))
    queues = VALUES["storage"]["postgresql"]["queues"]
    named |= {f"FC_QUEUES_{each.upper().replace('-', '_')}_URL" for each in queues}
    url = "sqlite:///elsewhere/connect.db"
    values = {each: "0.0.0.0" if each.endswith("HOST") else url for each in named}

    config = load(tmp_path, (), {**ENVIRON, **values})

    assert not config.warnings
    assert config.admin.host == "0.0.0.0"
    assert {each.url for each in config.queues.values()} == {url}


def test_everything_outlives_the_stop_of_the_service() -> None:
    (systemd,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    (helm,) = re.findall(r"terminationGracePeriodSeconds: (\d+)", TEMPLATES)
    compose = {each["stop_grace_period"] for each in COMPOSE["services"].values()}

    assert int(systemd) > STOPS_WITHIN
    assert int(helm) > STOPS_WITHIN
    assert all(int(each.removesuffix("s")) > STOPS_WITHIN for each in compose)


def test_they_run_without_rights_on_a_root_that_cannot_be_written() -> None:
    for service in COMPOSE["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert next(each for each in service["volumes"] if not each.endswith(":ro")).endswith(
            ":/data"
        )
    for line in (
        "DynamicUser=yes",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "StateDirectory=fluent-connect",
    ):
        assert line in UNIT.splitlines()
    for line in (
        "readOnlyRootFilesystem: true",
        "runAsNonRoot: true",
        "capabilities: { drop: [ALL] }",
    ):
        assert line in TEMPLATES
    assert TEMPLATES.count(f"{USER}\n") == 3


def test_the_unit_restarts_all_but_a_wrong_configuration() -> None:
    assert "Restart=on-failure" in UNIT.splitlines()
    assert "RestartPreventExitStatus=3" in UNIT.splitlines()
    assert INVALID == 3


def test_the_schema_describes_each_value_and_takes_the_defaults() -> None:
    undescribed = list(_undescribed(SCHEMA, "values"))
    unknown = list(_unknown(SCHEMA, VALUES, "values"))

    assert not undescribed
    assert not unknown


def _undescribed(schema: Mapping[str, Any], where: str) -> Iterator[str]:
    for name, each in schema.get("properties", {}).items():
        if not each.get("description"):
            yield f"{where}.{name}"
        yield from _undescribed(each, f"{where}.{name}")


def _unknown(schema: Mapping[str, Any], values: Any, where: str) -> Iterator[str]:
    """Yield the values that the schema does not know, and the keys that have no default."""
    known = schema.get("properties")
    if known is None or not isinstance(values, dict):
        return
    for name in values.keys() ^ known.keys() - {"global"}:
        yield f"{where}.{name}"
    for name in values.keys() & known.keys():
        yield from _unknown(known[name], values[name], f"{where}.{name}")


def test_templates_use_no_value_that_is_not_there() -> None:
    used = set(re.findall(r"\.Values\.([A-Za-z.]+)", TEMPLATES))
    missing = [each for each in used if not _has(VALUES, each.split("."))]

    assert not missing


def _has(values: Any, path: list[str]) -> bool:
    for step in path:
        if not isinstance(values, dict) or step not in values:
            return False
        values = values[step]
    return True


@pytest.mark.parametrize(
    ("name", "out"),
    [
        ("src/fluent_connect/__init__.py", False),
        ("src/fluent_connect/__pycache__/x.cpython-311.pyc", True),
        ("deploy/requirements-image.lock", False),
        ("deploy/connector.env", True),
        ("tests/conftest.py", True),
        (".git/config", True),
    ],
)
def test_nothing_but_what_is_copied_reaches_the_builder(name: str, *, out: bool) -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]

    assert rehearsal().ignored(name, patterns) is out


def rehearsal() -> Any:
    place = DEPLOY / "rehearse.py"
    spec = importlib.util.spec_from_file_location("rehearse", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
