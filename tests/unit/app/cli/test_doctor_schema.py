"""`doctor` about the schema of an account."""

import pytest

from fluent_connect.sandbox.fluent.knobs import Knobs
from fluent_connect.sandbox.servers import Sandbox
from unit.app.cli.shelf import Shell
from unit.app.cli.test_systems import doctor, environ, sandbox

__all__ = ["environ", "sandbox"]


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(
    ("knobs", "code", "state", "measured"),
    [
        (Knobs(), 0, "ok", "knows all that may be sent"),
        (Knobs(schema="2022"), 0, "warn", "CreateOrderInput (billingAddress, financialT"),
        (Knobs(requires="CreateOrderInput.region"), 9, "fail", "requires CreateOrderInput.region"),
        (Knobs(requires="CreateOrderInput.totalPrice"), 0, "ok", "also requires CreateOrderInput."),
        (Knobs(introspection=False), 0, "skip", "introspection is refused: HTTP 200"),
    ],
)
async def test_the_schema_of_an_account_is_told(  # noqa: PLR0917 - fixtures and a case
    shell: Shell, sandbox: Sandbox, knobs: Knobs, code: int, state: str, measured: str
) -> None:
    for name in ("schema", "requires", "introspection"):
        setattr(sandbox.fluent.knobs, name, getattr(knobs, name))
    ended, found = await doctor(shell, "--only", "fluent")
    told = found["fluent schema"]
    assert told["state"] == state
    assert measured in told["measured"]
    assert ended == code
