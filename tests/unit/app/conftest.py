"""Files in a folder of their own, and the variables of one account."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aws import SIGN_IN, SecretsManager, served

ENVIRON = {
    "FC_PROJECT_KEY": "shop",
    "FC_CT_API_URL": "https://api.example.com/",
    "FC_CT_AUTH_URL": "https://auth.example.com",
    "FC_CT_CLIENT_ID": "ct-client",
    "FC_CT_CLIENT_SECRET": "ct-secret",
    "FC_FLUENT_URL": "https://acme.example.com",
    "FC_FLUENT_ACCOUNT": "ACME",
    "FC_FLUENT_RETAILER": "7",
    "FC_FLUENT_USERNAME": "user",
    "FC_FLUENT_PASSWORD": "fluent-password",
    "FC_FLUENT_CLIENT_ID": "ACME",
    "FC_FLUENT_CLIENT_SECRET": "fluent-secret",
    "FC_DOOR_SECRET": "door-secret",
}

Write = Callable[..., Path]


@pytest.fixture
def environ() -> dict[str, str]:
    return dict(ENVIRON)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files given as `name="text"` (a `__` in the name is a dash, `.yml` is added)."""

    def files(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name.replace('__', '-')}.yml").write_text(text, encoding="utf-8")
        return tmp_path

    return files


@pytest.fixture(scope="session")
def _served() -> Iterator[SecretsManager]:
    with served() as made:
        yield made


@pytest.fixture
def secrets_manager(
    _served: SecretsManager, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[SecretsManager]:
    """An empty AWS Secrets Manager, which the variables lead to."""
    for name, value in SIGN_IN.items():
        monkeypatch.setenv(name, value)
    environ.update(_served.environ)
    yield _served
    _served.clear()
