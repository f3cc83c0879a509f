from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fluent_connect.app.remembered import FILE, Remembered
from fluent_connect.ingest.verify.published import Published
from fluent_connect.model.errors import RetryableError
from unit.ingest.signers import CERTIFICATE, NOW, certificate, published

URL = "https://issuer.example/keys"
OTHER = "https://other.example/keys"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def logs() -> Iterator[list[object]]:
    with capture_logs() as seen:
        yield seen  # type: ignore[misc]


def placed(folder: Path, body: bytes, size: int | None = None) -> None:
    """Have that for the file, and so long."""
    folder.mkdir(exist_ok=True)
    with (folder / FILE).open("wb") as out:
        out.write(body)
        out.truncate(size)


def here(folder: Path) -> list[tuple[str, int]]:
    return [(each.name, each.stat().st_mode & 0o077) for each in folder.iterdir()]


async def recalled(folder: Path, *urls: str, now: float = NOW) -> Published:
    known = Published()
    for url in urls:
        known.key_set(url)
    Remembered(folder, known, lambda: now).recall()
    return known


async def test_keys_and_certificates_are_known_after_a_restart(folder: Path) -> None:
    await Remembered(folder, published()).keep()
    known = await recalled(folder, URL)
    assert known.certificates.at(CERTIFICATE).names == {"sns.amazonaws.com"}
    assert known.key_set(URL).key("a", NOW + 60) is not None
    assert known.key_set(URL).fetched == NOW
    assert list(known.key_sets) == [URL]
    assert here(folder) == [(FILE, 0)]


async def test_keys_of_the_day_before_yesterday_are_not_trusted(folder: Path) -> None:
    await Remembered(folder, published()).keep()
    known = await recalled(folder, URL)
    with pytest.raises(RetryableError):
        known.key_set(URL).key("a", NOW + 2 * 86_400)


async def test_a_certificate_that_has_ended_is_forgotten(folder: Path) -> None:
    made = published()
    made.certificates.take("https://sns/longer.pem", certificate(ends=NOW + 9 * 86_400))
    await Remembered(folder, made).keep()
    known = await recalled(folder, now=NOW + 2 * 86_400)
    assert list(known.certificates.known) == ["https://sns/longer.pem"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"certificates":{"https://x":"bm8="}}',
        b'{"key_sets":{"https://issuer.example/keys":{"body":"bm8=","fetched":1}}}',
    ],
    ids=range(5),
)
async def test_a_spoilt_file_is_told_and_costs_a_fetch(
    folder: Path, body: bytes, logs: list[dict[str, object]]
) -> None:
    placed(folder, body)
    known = await recalled(folder, URL)
    assert known.key_set(URL).fetched is None
    assert [line["event"] for line in logs] == ["keys of doors could not be read"]
    await Remembered(folder, published()).keep()
    assert (await recalled(folder, URL)).key_set(URL).fetched == NOW


async def test_no_file_is_nothing_to_tell(folder: Path, logs: list[object]) -> None:
    await recalled(folder, URL)
    assert logs == []


async def test_a_folder_that_takes_no_file_is_told_once(
    folder: Path, logs: list[dict[str, object]]
) -> None:
    placed(folder, b"")
    kept = Remembered(folder / FILE, published())
    await kept.keep()
    await kept.keep()
    assert [line["event"] for line in logs] == ["keys of doors could not be written"]


async def test_a_file_of_any_size_is_not_read(folder: Path, logs: list[dict[str, object]]) -> None:
    placed(folder, b"", 2**40)
    await recalled(folder, URL)
    assert logs[0]["why"] == "too large"
