"""The JSONTestSuite through the HTTP door: nothing brings it down, nothing wrong goes on."""

import contextlib

import pytest

from fluent_connect.model.codec import decode_json
from fluent_connect.model.errors import MalformedError
from fluent_connect.model.outcome import Dead
from vectors.origins import files, here, post

pytestmark = here


def named(pattern: str) -> list[object]:
    """Return what the files of a pattern hold, each with its name."""
    return [pytest.param(path.read_bytes(), id=path.stem) for path in files(f"json/{pattern}")]


@pytest.mark.parametrize("body", named("*.json"))
async def test_every_body_is_stored_and_comes_to_an_end(body: bytes) -> None:
    passed = await post(body)
    assert passed.status == 202
    assert passed.parcel is not None
    assert passed.parcel.body == body
    assert await passed.fate() is not None


@pytest.mark.parametrize("body", named("n_*.json"))
async def test_what_must_be_refused_ends_dead(body: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_json(body)
    fate = await (await post(body)).fate()
    assert isinstance(fate, Dead)
    assert fate.reason.startswith("malformed")


@pytest.mark.parametrize("body", named("y_*.json"))
def test_what_must_be_accepted_is_read(body: bytes) -> None:
    decode_json(body)


@pytest.mark.parametrize("body", named("i_*.json"))
def test_what_may_go_either_way_does(body: bytes) -> None:
    with contextlib.suppress(MalformedError):
        decode_json(body)
