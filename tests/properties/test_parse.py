import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from fluent_connect.listener.envelopes import unwrap
from fluent_connect.listener.parse import parse
from fluent_connect.model.errors import MalformedError, Skip, UnprocessableError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
FIELDS = (
    "notificationType",
    "projectKey",
    "id",
    "type",
    "version",
    "resource",
    "resourceVersion",
    "sequenceNumber",
    "payloadNotIncluded",
    "message",
    "specversion",
    "data",
    "detail",
    "detail-type",
    "Type",
    "TopicArn",
    "Message",
    "eventType",
)
KINDS = st.sampled_from(["Message", "ResourceCreated", "ResourceDeleted", "Event", "1.0"])
RESOURCE = st.fixed_dictionaries({"typeId": st.text(), "id": st.text()})
NEARLY = st.dictionaries(st.sampled_from(FIELDS), KINDS | RESOURCE | JSON)


@given(st.binary())
def test_no_bytes_bring_anything_but_a_malformed_error(body: bytes) -> None:
    with contextlib.suppress(MalformedError):
        parse(body)
    with contextlib.suppress(UnprocessableError, Skip):
        unwrap(body)


@given(NEARLY)
def test_what_is_nearly_a_notification_is_one_or_malformed(value: dict[str, object]) -> None:
    body = json.dumps(value).encode()
    with contextlib.suppress(MalformedError):
        assert parse(body).id
    with contextlib.suppress(UnprocessableError, Skip):
        assert unwrap(body) is not None
