"""No public case is left out without a reason."""

from vectors.origins import files, here, read
from vectors.skipped import SKIPPED

pytestmark = here


def test_the_list_of_what_is_skipped_does_not_grow_by_itself() -> None:
    assert len(SKIPPED) == 18
    assert all(reason for reason in SKIPPED.values())


def test_what_is_skipped_is_there() -> None:
    standard = read("standard-webhooks/cases.json")
    known = {f"standard-webhooks/verify/{each['id']}" for each in standard["verify_cases"]}
    known |= {f"standard-webhooks/sign/{index}" for index in range(len(standard["sign_cases"]))}
    ruby = read("sns/ruby-message-verifier-cases.json")["cases"]
    known |= {f"sns/ruby/{each['id']}" for each in ruby}
    bindings = read("cloudevents/binding-feature-cases.json")["cases"]
    known |= {f"cloudevents/binding/{each['id']}" for each in bindings}
    known |= {f"eventgrid/{path.stem}" for path in files("eventgrid-pubsub/*.json")}
    groups = read("hmac-rsa/json_web_signature_test.json")["testGroups"]
    known |= {f"jws/{test['tcId']}" for group in groups for test in group["tests"]}
    assert SKIPPED.keys() <= known


def test_every_file_of_vectors_is_read_by_a_test() -> None:
    """The counts are those of the index: a new file wants a test, or a reason here."""
    counts = {folder: len(files(f"{folder}/*")) for folder in _FILES}
    assert counts == _FILES
    groups = read("hmac-rsa/json_web_signature_test.json")["testGroups"]
    tests = [(group, test) for group in groups for test in group["tests"]]
    assert len(tests) == 401
    valid = [test for group, test in tests if test["result"] == "valid" and "public" in group]
    taken = [test for test in valid if f"jws/{test['tcId']}" not in SKIPPED]
    assert (len(valid), len(taken)) == (36, 32)


_FILES = {
    "sns": 11,
    "cloudevents": 5,
    "hmac-rsa": 4,
    "json": 318,
    "standard-webhooks": 2,
    "eventgrid-pubsub": 19,
}
