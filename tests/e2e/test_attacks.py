"""A running service under attack, at a tenth of what `make attacks` does."""

from pathlib import Path

import pytest

from fluent_connect.sandbox.servers import Sandbox
from hostile.assault import Scale, timed, told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
_TENTH = Scale(
    slow=150,
    hoard=15,
    broken=1_000,
    flood=500,
    replayed=200,
    tampered=500,
    confused=120,
    rate=30.0,
    calm=2.0,
)


async def test_honest_traffic_keeps_its_rate_and_nothing_unproven_is_stored(
    sandbox: Sandbox, environ: dict[str, str], tmp_path: Path
) -> None:
    assert sandbox.fluent_url in environ.values()
    result, seconds = await timed(_TENTH, tmp_path / "data", environ)
    print(told(result, seconds))
    assert result.findings == []
    assert set(result.answers["broken"]) <= {"400", "401", "404", "405", "408", "413", "415"}
    assert set(result.answers["tampered"]) == {"401"}
    assert set(result.answers["confused"]) <= {"401", "503"}
    assert set(result.answers["slow"]) <= {"0", "408"}
    assert set(result.answers["hoard"]) <= {"0", "408", "503"}
    assert result.answers["hoard"].get("503"), "nothing was held against who hoards"
