import re
from collections.abc import Callable
from pathlib import Path

from fluent_connect.app.config.load import load
from fluent_connect.app.config.settings import KEYS
from fluent_connect.app.config.sources import packaged
from fluent_connect.app.config.validate import single_values

Write = Callable[..., Path]

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")


def test_every_key_stands_in_the_reference() -> None:
    parts = {str(path[-1]) for path in single_values(packaged())} | set(KEYS)
    missing = [part for part in sorted(parts) if not re.search(rf"[`.\[]{part}\b", PAGE)]
    assert not missing


def test_every_code_stands_in_the_reference_and_no_other() -> None:
    sources = (ROOT / "src" / "fluent_connect" / "app").rglob("*.py")
    used = {code for file in sources for code in re.findall(r"CFG\d{3}", file.read_text())}
    assert used == set(re.findall(r"^### (CFG\d{3})$", PAGE, re.MULTILINE))


def test_the_example_of_the_reference_loads(write: Write) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    names = re.findall(r"\$\{(\w+)\}", example)
    config = load(write(application__connector=example), (), dict.fromkeys(names, "secret"))
    assert config.accounts[0].fluent.url == "https://acme.sandbox.api.fluentretail.com"
