"""The document of the HTTP surface, held against the routes and against a running service."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from e2e.harness import Connector, configure
from e2e.rotating import public_pem
from fluent_connect.app.http import Admin
from fluent_connect.app.job_pages import JobPages
from fluent_connect.app.scheduler_door import PREFIX
from fluent_connect.ingest.webhook import FLUENT_PATH, PATH
from fluent_connect.model.yaml import plain, read
from fluent_connect.queues.engines.memory import MemoryStore

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
FILE = Path(__file__).parents[2] / "docs" / "reference" / "openapi.yaml"
_SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
_OPERATORS = ("/console", "/api/v1/admin")
"""Pages and calls of the console, which is no interface for other programs."""
_DOORS = {
    "default": {"schemes": ["api-key", "basic"], "keys": ["right"], "users": {"u": "right"}},
    "open": {"scheme": "none", "open-handshake": True},
    "else": {"kind": "external", "scheme": "none"},
    "fluent": {"kind": "external", "scheme": "fluent", "fluent": {"public-keys": [public_pem(0)]}},
}


async def _never_due() -> dict[str, float]:
    return {}


def documented() -> dict[str, Any]:
    found = plain(read(FILE.read_text(encoding="utf-8"), str(FILE)).root)
    assert isinstance(found, dict)
    return found


def test_the_document_has_each_route_and_no_other() -> None:
    jobs = JobPages(MemoryStore(), (), _never_due)
    admin = Admin(
        routes=dict,
        handlers=dict,
        problems=list,
        details=dict,
        registry=CollectorRegistry(),
        more=jobs.routes(),
    )
    here = {str(getattr(route, "path", "")) for route in admin.app.routes}
    real = {path for path in here if not path.startswith(_OPERATORS)}
    real |= {PATH, f"{PATH}/{{door}}", FLUENT_PATH}
    real |= {f"{PREFIX}{do}/{{account}}/{{retailer}}/{{job}}" for do in ("add", "stop")}
    paths = documented()["paths"]
    assert set(paths) == real
    for path, item in paths.items():
        assert ("servers" in item) == (path in here), path


def attack(url: str, tag: str, *more: str, file: Path = FILE) -> None:
    """Have everything of that tag tried out; fail with what schemathesis says."""
    excluded = "negative_data_rejection,positive_data_acceptance,ignored_auth,unsupported_method"
    command = [
        *(str(_SCHEMATHESIS), "run", str(file), "--url", url, "--include-tag", tag),
        *("--checks", "all", "--exclude-checks", excluded, "--max-response-time", "1"),
        *("--phases", "coverage,fuzzing", "--max-examples", "25", "--seed", "1", "--no-color"),
        *("--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure", *more),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{ran.stdout[-6000:]}{ran.stderr[-2000:]}"


async def test_nothing_that_is_documented_answers_500_or_takes_a_second(
    environ: dict[str, str], tmp_path: Path
) -> None:
    config = configure(tmp_path / "config", doors=_DOORS, api_keys=["right"])
    async with Connector(tmp_path / "data", environ, config=config) as connector:
        attack(connector.url, "webhooks", "-H", "x-api-key: right")
        attack(connector.url, "jobs", "-H", "x-api-key: right")
        attack(connector.admin, "admin")
        wrong = tmp_path / "wrong.yaml"
        wrong.write_text(FILE.read_text(encoding="utf-8").replace('"200":', '"201":'))
        with pytest.raises(AssertionError, match="ST103 Undocumented status code"):
            attack(connector.admin, "admin", file=wrong)
        assert "Traceback" not in connector.text
        assert connector.alive
