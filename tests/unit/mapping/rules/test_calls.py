"""`call`: functions by their dotted path, checked before the first message."""

import sys
from types import ModuleType
from typing import Any

import pytest

from fluent_connect.mapping.values import Typed
from fluent_connect.model.errors import RetryableError, Skip, UnprocessableError
from unit.mapping.rules.filling import attributed, filled, mistakes, order


def initials(text: str | None, between: str = "") -> str:
    return between.join(word[0] for word in (text or "").split())


def broken(text: str) -> str:
    raise KeyError(text)


def skipping() -> None:
    raise Skip("not ours")


def later() -> None:
    raise RetryableError("not yet")


def refusing() -> None:
    raise UnprocessableError("cannot be told")


async def waiting() -> None:
    """Wait for nothing."""


def told(value: Any) -> str:
    return type(value).__name__


@pytest.fixture(autouse=True)
def _partner(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("partner_functions")
    for each in (initials, broken, skipping, later, refusing, waiting, told):
        setattr(module, each.__name__, each)
    module.number = 5  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "partner_functions", module)


def test_a_function_gets_its_arguments_by_name() -> None:
    given = "{ text: order.origin, between: { value: '.' } }"
    rule = f"it: {{ call: partner_functions.initials, with: {given} }}"
    assert filled(rule, order(origin="Point of sale")) == {"it": "P.o.s"}


def test_a_function_without_arguments_needs_none() -> None:
    assert filled("it: { call: partner_functions.initials, with: { text: order.origin } }") == {}


def test_an_argument_keeps_its_fluent_type() -> None:
    source = order(custom={"fields": {}})
    held: Any = source.order.custom
    held.fields["a"] = Typed("STRING", "x")
    rule = "it: { call: partner_functions.told, with: { value: order.custom.fields.a } }"
    assert filled(rule, source) == {"it": "Typed"}
    assert filled("it: order.custom.fields.a", source) == {"it": "x"}
    assert attributed("it: order.custom.fields.a", source) == {"it": ("STRING", "x")}


def test_what_a_function_raises_is_dead_with_its_place_and_name() -> None:
    rule = "it: { call: partner_functions.broken, with: { text: order.id } }"
    with pytest.raises(
        UnprocessableError, match=r"^1\.yml:3:17: partner_functions\.broken raised KeyError: 'o-1'"
    ) as raised:
        filled(rule)
    assert isinstance(raised.value.__cause__, KeyError)


def test_our_own_errors_pass_a_function() -> None:
    with pytest.raises(Skip, match=r"^not ours$"):
        filled("it: { call: partner_functions.skipping }")
    with pytest.raises(RetryableError, match=r"^not yet$"):
        filled("it: { call: partner_functions.later }")
    with pytest.raises(UnprocessableError, match=r"1\.yml:3:5: order\.it: cannot be told"):
        filled("it: { call: partner_functions.refusing }")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{ call: nowhere.at_all }", "no module 'nowhere' can be imported"),
        ("{ call: initials }", "'initials' is no dotted path"),
        ("{ call: partner_functions.initals }", 'did you mean "initials"?'),
        ("{ call: partner_functions.number }", "cannot be called"),
        ("{ call: partner_functions.waiting }", "cannot be called"),
        ("{ call: partner_functions.initials }", "missing a required argument: 'text'"),
        ("{ call: partner_functions.told, with: { valu: order.id } }", "it takes value"),
        ("{ call: partner_functions.told, with: { value: order.nr } }", "order has no 'nr'"),
        ("{ call: partner_functions.told, with: order.id }", "`with` takes a table"),
    ],
)
def test_a_function_that_cannot_be_called_is_a_mistake(rule: str, message: str) -> None:
    [found] = mistakes(f"order: {{ fields: {{ it: {rule} }} }}")
    assert found.startswith("1.yml:1:")
    assert message in found


def test_a_module_that_cannot_be_imported_is_a_mistake(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "partner_broken.py").write_text("import nothing_such\n")
    (tmp_path / "partner_raising.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    text = "order: {{ fields: {{ it: {{ call: partner_{}.f }} }} }}"
    [found] = mistakes(text.format("broken"))
    assert "partner_broken.f cannot be imported: ModuleNotFoundError" in found
    [found] = mistakes(text.format("raising"))
    assert "partner_raising.f cannot be imported: ZeroDivisionError" in found
