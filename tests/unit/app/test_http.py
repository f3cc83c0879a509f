"""The admin port, asked as an ASGI application."""

from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, Gauge

from fluent_connect.app.http import Admin

NOTHING: Any = {"message": {"active": [], "inactive": []}}


async def ask(admin: Admin, path: str, method: str = "GET") -> tuple[int, bytes]:
    told: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        told.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    await admin.app(scope, receive, send)
    return told[0]["status"], b"".join(each.get("body", b"") for each in told[1:])


def admin(*problems: str) -> Admin:
    registry = CollectorRegistry()
    Gauge("seven", "Always.", registry=registry).set(7)
    return Admin(
        routes=lambda: NOTHING,
        handlers=lambda: NOTHING,
        problems=lambda: problems,
        details=lambda: {"ledger": {"accepted": 3}},
        registry=registry,
    )


async def test_a_service_without_problems_is_ready_and_up() -> None:
    status, body = await ask(admin(), "/readyz")
    assert (status, msgspec.json.decode(body)) == (200, {"status": "ready", "problems": []})
    status, body = await ask(admin(), "/actuator/health")
    told = {"status": "UP", "problems": [], "ledger": {"accepted": 3}}
    assert (status, msgspec.json.decode(body)) == (200, told)


async def test_a_service_with_problems_names_them_and_still_lives() -> None:
    for path, word in (("/readyz", "not ready"), ("/actuator/health", "DOWN")):
        status, body = await ask(admin("disk: full"), path)
        told = msgspec.json.decode(body)
        assert (status, told["status"], told["problems"]) == (503, word, ["disk: full"])
    for path in ("/livez", "/healthz"):
        assert await ask(admin("disk: full"), path) == (200, b'{"status":"ok"}')


async def test_metrics_and_descriptions_are_handed_on() -> None:
    status, body = await ask(admin(), "/metrics")
    assert status == 200
    assert b"seven 7.0" in body
    for path in ("/actuator/routes", "/actuator/handlers"):
        status, body = await ask(admin(), path)
        assert (status, msgspec.json.decode(body)) == (200, NOTHING)


async def test_nothing_can_be_changed_here() -> None:
    assert (await ask(admin(), "/actuator/health", "POST"))[0] == 405
    assert (await ask(admin(), "/elsewhere"))[0] == 404
