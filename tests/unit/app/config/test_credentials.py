"""Secrets by reference: as the configuration reads them from files and AWS Secrets Manager."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aws import SecretsManager
from fluent_connect.app.config.credentials import Credentials
from fluent_connect.app.config.load import examine, load
from fluent_connect.app.config.mistakes import ConfigMistakes, CredentialError, Mistake, errors

Write = Callable[..., Path]
DOORS = "doors: { a: { scheme: api-key, keys: ['${DOOR}', '${shop/doors#next:none}'] } }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "secrets"
    (made / "shop").mkdir(parents=True)
    (made / "DOOR").write_text("from-file\n")
    (made / "shop" / "doors").write_text('{"next": "second", "number": 7}')
    for each in (made / "DOOR", made / "shop" / "doors"):
        each.chmod(0o600)
    return made


def by_file(folder: Path, doors: str = DOORS) -> str:
    manager = f"credential: {{ credential-manager: file, directory: '{folder}' }}"
    return f"fluent-connect:\n  {manager}\n  {doors}\n"


def by_aws(doors: str = DOORS) -> str:
    return (
        f"fluent-connect:\n  credential: {{ credential-manager: aws-secrets-manager }}\n  {doors}\n"
    )


def mistakes(directory: Path, environ: dict[str, str]) -> list[Mistake]:
    return list(examine(directory, (), environ).mistakes)


def test_a_file_is_a_secret_and_holds_members(
    write: Write, environ: dict[str, str], folder: Path
) -> None:
    config = load(write(application__connector=by_file(folder)), (), environ)
    assert config.doors["a"].keys == ("from-file", "second")
    origins = {each.key: each for each in config.origins()}
    assert origins["fluent-connect.doors.a.keys[1]"].origin == f"file {folder}/shop/doors#next"
    assert origins["fluent-connect.doors.a.keys[1]"].value == "***"
    assert "second" not in repr((config.secrets, config.secrets.values))


def test_the_environment_goes_before_a_file(
    write: Write, environ: dict[str, str], folder: Path
) -> None:
    environ |= {"DOOR": "from-env", "SHOP_DOORS_NEXT": "env-too"}
    config = load(write(application__connector=by_file(folder)), (), environ)
    assert config.doors["a"].keys == ("from-env", "env-too")
    assert "DOOR" not in config.secrets.names


def test_a_name_does_not_lead_out_of_the_folder(folder: Path) -> None:
    (folder.parent / "outside").write_text("no")
    known = Credentials(manager="file", directory=folder)
    assert known.fetch(["DOOR", "shop/../../outside", "absent", "shop"]) == {
        "DOOR": ("from-file", f"file {folder}/DOOR")
    }


def test_what_is_no_object_has_no_members(folder: Path) -> None:
    known = Credentials(manager="file", directory=folder)
    assert known.fetch(["shop/doors#absent"]) == {}
    assert known.fetch(["shop/doors#number"])["shop/doors#number"][0] == "7"
    with pytest.raises(CredentialError, match="is no JSON object, and its member 'x'"):
        known.fetch(["DOOR#x"])
    (folder / "DOOR").write_bytes(b"\xff")
    with pytest.raises(CredentialError, match="DOOR cannot be read"):
        known.fetch(["DOOR"])


@pytest.mark.parametrize(
    ("mode", "codes"),
    [(0o600, []), (0o440, []), (0o644, ["CFG061"]), (0o660, ["CFG062"]), (0o602, ["CFG062"])],
)
def test_a_secret_that_others_may_read_is_told_and_one_that_they_may_change_stops(
    write: Write, environ: dict[str, str], folder: Path, mode: int, codes: list[str]
) -> None:
    (folder / "DOOR").chmod(mode)
    found = mistakes(write(application__connector=by_file(folder)), environ)
    assert [each.code for each in found] == codes
    assert bool(errors(found)) is (codes == ["CFG062"])
    for each in found:
        assert str(each.place) == str(folder / "DOOR")
        assert f"chmod 600 {folder / 'DOOR'}" in each.fix


def test_aws_holds_secrets_under_the_vendors_names(
    write: Write, environ: dict[str, str], secrets_manager: SecretsManager
) -> None:
    secrets_manager.put("DOOR", "from-aws")
    secrets_manager.put("shop/doors", '{"next": "second"}')
    config = load(write(application__connector=by_aws()), (), environ)
    assert config.doors["a"].keys == ("from-aws", "second")
    [origin] = [one.origin for one in config.origins() if one.key.endswith("keys[0]")]
    assert origin == "aws fc/connect/commercetools/DOOR"


def test_an_absent_secret_of_aws_is_not_set(
    write: Write, environ: dict[str, str], secrets_manager: SecretsManager
) -> None:
    assert secrets_manager.url
    found = mistakes(write(application__connector=by_aws()), environ)
    told = [each.what for each in found if each.code == "CFG005"]
    assert told == ["${DOOR} is not set, and has no default"]


def test_only_active_accounts_are_worked_for(
    write: Write, environ: dict[str, str], secrets_manager: SecretsManager
) -> None:
    directory = write(application__connector=by_aws("port: 1"))
    name = "api/fluent/activeAccounts"
    active = {"name": "ACME", "region": "sydney", "retailers": [7, 34]}
    secrets_manager.put(name, json.dumps({"accounts": [active]}))
    assert [each.name for each in load(directory, (), environ).accounts] == ["ACME"]
    secrets_manager.put(name, json.dumps({"accounts": [{**active, "retailers": [8]}]}))
    found = errors(mistakes(directory, environ))
    assert [each.what for each in found] == ["none of the accounts is listed as active"]
    secrets_manager.put(name, "[]")
    found = errors(mistakes(directory, environ))
    assert "no list of active accounts" in found[0].what


def test_an_account_that_is_not_active_is_left_out_with_a_notice(
    write: Write, environ: dict[str, str], secrets_manager: SecretsManager
) -> None:
    both = "\n".join(
        f"    - name: {name}\n      retailer: '1'\n      fluent: {{ url: https://f, username: u, "
        "password: '${P}', client-id: c, client-secret: '${P}' }\n"
        f"      commercetools: {{ project-key: {name.lower()}, auth-url: https://a, "
        "api-url: https://a, client-id: c, client-secret: '${P}' }"
        for name in ("ACME", "OTHER")
    )
    directory = write(application__connector=by_aws(f"accounts:\n{both}"))
    secrets_manager.put("P", "p")
    active = {"accounts": [{"name": "OTHER", "retailers": [1]}]}
    secrets_manager.put("api/fluent/activeAccounts", json.dumps(active))
    config = load(directory, (), environ)
    assert [each.name for each in config.accounts] == ["OTHER"]
    assert [each for each in config.notices if "ACME/1 is left out" in each]


def test_an_aws_that_cannot_be_asked_is_one_mistake_with_its_place(
    write: Write, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    directory = write(application__connector=by_aws())
    environ |= {"FC_CREDENTIAL_ENDPOINT": "http://127.0.0.1:9", "FC_CREDENTIAL_REGION": "eu-west-1"}
    found = mistakes(directory, environ)
    assert [each.code for each in found] == ["CFG060"]
    assert str(found[0].place) == f"{directory}/application-connector.yml:2:17"
    assert "secretsmanager:GetSecretValue" in found[0].fix


def test_without_the_extra_the_start_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "application-connector.yml").write_text(by_aws())
    program = (
        "import sys; sys.modules['aiobotocore'] = None\n"
        "from pathlib import Path\n"
        "from fluent_connect.app.config.load import load\n"
        f"load(Path({str(tmp_path)!r}), (), {{}})\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "CFG019" in ran.stderr
    assert "pip install 'fluent-connect[aws]'" in ran.stderr


def test_what_is_wrong_with_a_secret_is_told_with_the_rest(
    write: Write, environ: dict[str, str], folder: Path
) -> None:
    (folder / "DOOR").chmod(0o666)
    text = by_file(folder) + "  prot: 1\n"
    with pytest.raises(ConfigMistakes) as raised:
        load(write(application__connector=text), (), environ)
    assert [each.code for each in raised.value.mistakes] == ["CFG003", "CFG062"]
