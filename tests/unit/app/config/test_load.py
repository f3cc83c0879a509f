import json
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from fluent_connect.app.config.load import load
from fluent_connect.app.config.mistakes import ConfigMistakes
from fluent_connect.app.config.result import Config, render_origins
from fluent_connect.app.config.values import Secret, duration, size

Write = Callable[..., Path]

VENDOR = """\
fluent-connect:
  connector-name: commercetools
  message-listener-mode: sqs
  batch-listener-mode: sqs
  available-listeners: ["sqs","kafka"]
  credential:
    credential-manager: aws-secrets-manager
  job-scheduler:
    job-scheduler-type: message-queue
  route-mapping:
    - route: "commercetools.connect.category.upsert"
      props:
        name: "category"
        inclusion-filter:
          - "ResourceCreated"
          - "ResourceUpdated"
    - route: "commercetools.connect.customer.upsert"
      props:
        name: "customer"
      inclusion-filter:
        - "ResourceUpdated"
        - "ResourceCreated"
    - route: commercetools.connect.order.create
      props: { name: order, inclusion-filter: [OrderCreated] }
  routes:
    - route: commercetools.connect.order.create
      handler-name: OrderCreateHandler
      props: {}
    - route: fc.connect.order.webhook.status-update
      handler-name: OrderStatusUpdatedHandler
      props:
        order-status-mapping: fc.connect.commercetools.order.order-status-mapping
        page: { size: 100, fields: [a, b] }
    - route: batch-inventory-sync
      handler: InventorySyncJobHandler
  listeners:
    batch:        { name: BATCH_QUEUE }
    message:      { name: MESSAGE_QUEUE }
    notification: { name: NOTIFICATION_QUEUE }
    commercetools:
      name: CT_QUEUE
      fluent-account: ACME
      props: { poll-wait: 20, visibility-timeout: 120, dlq-name: CT_QUEUE_DLQ, threads: 4 }
"""

CORE = """\
spring: { application: { name: connector } }
fluentcommerce:
  fluent-domain:
    sandbox: sandbox.api.fluentretail.com
    production: api.fluentretail.com
  fluent-webhook-keys:
    "[sydney_sandbox]": "MIIB"
"""


def loaded(
    directory: Path | None, environ: dict[str, str], *profiles: str, **flags: object
) -> Config:
    return load(directory, profiles, environ, flags)


@pytest.mark.usefixtures("secrets_manager")
def test_a_file_with_the_vendors_keys_loads_unchanged(
    write: Write, environ: dict[str, str]
) -> None:
    directory = write(application__connector=VENDOR, application=CORE)
    environ["CT_QUEUE"] = "ct-from-variable"
    config = loaded(directory, environ)
    assert [entry.type_id for entry in config.route_mapping] == ["category", "customer", "order"]
    assert config.route_mapping[1].kinds == {"ResourceUpdated", "ResourceCreated"}
    assert config.routes[1].props == {
        "order-status-mapping": "fc.connect.commercetools.order.order-status-mapping",
        "page.size": "100",
        "page.fields": "a,b",
    }
    assert config.queues["event-queue"].url == "sqs://MESSAGE_QUEUE"
    assert config.queues["batch-queue"].url == "sqs://BATCH_QUEUE"
    assert config.queues["ct-queue"].url == "sqs://ct-from-variable"
    assert config.queues["ct-queue"].lease == 120
    listener = config.listeners["commercetools"]
    assert (listener.poll_wait, listener.dlq_name) == (20, "CT_QUEUE_DLQ")
    assert listener.props == {"threads": "4"}
    assert config.credential_manager == "aws-secrets-manager"
    assert config.fluent_webhook_keys == {"sydney_sandbox": "MIIB"}
    assert any("spring" in notice for notice in config.notices)


def test_packaged_routes_stand_below_those_of_a_file(write: Write, environ: dict[str, str]) -> None:
    text = """\
        fluent-connect:
          routes:
            - route: commercetools.connect.order.create
              handler: com.fluentcommerce.connect.custom.MyOrderHandler
    """
    config = loaded(write(application__connector=textwrap.dedent(text)), environ)
    targets = {route.route: route.target for route in config.routes}
    order = targets.pop("commercetools.connect.order.create")
    assert order == "com.fluentcommerce.connect.custom.MyOrderHandler"
    assert targets["commercetools.connect.product.upsert"] == "ProductUpsertHandler"
    assert len(targets) == 6


def test_without_files_the_defaults_and_one_account_of_the_environment_hold(
    environ: dict[str, str],
) -> None:
    config = loaded(None, {**environ, "FC_FLUENT_CATALOGUE": "PC:MASTER:7"}, data="/srv/fc")
    [account] = config.accounts
    assert (account.name, account.retailer, account.fluent.account) == ("ACME", "7", "ACME")
    assert account.commercetools.api_url == "https://api.example.com"
    assert config.settings["ACME", "7"].catalogue == "PC:MASTER:7"
    assert {queue.url for queue in config.queues.values()} == {"sqlite:////srv/fc/connect.db"}
    assert config.doors["default"].all_schemes == ("api-key", "standard-webhooks")
    assert config.doors["default"].keys == ("door-secret",)
    assert (config.port, config.admin.port, config.admin.host) == (8080, 8081, "127.0.0.1")
    skipped = {entry.type_id: entry.skip for entry in config.route_mapping if entry.skip}
    assert skipped == {"inventory-entry": "stock flows from Fluent to commercetools"}
    assert not config.warnings


def test_secrets_do_not_show_in_a_repr(environ: dict[str, str]) -> None:
    config = loaded(None, environ)
    text = repr((config, config.accounts, config.doors))
    assert not any(secret in text for secret in ("fluent-password", "ct-secret", "door-secret"))
    assert repr(Secret("x")) == "'***'"
    assert f"{config.accounts[0].fluent.password}" == "fluent-password"


def test_the_last_profile_wins_tables_merge_and_lists_replace(
    write: Write, environ: dict[str, str]
) -> None:
    directory = write(
        application__connector="fluent-connect: { port: 1, admin: { port: 2 }, pause: [a, b] }",
        application__connector__dev="fluent-connect: { admin: { host: dev }, pause: [c] }",
        application__connector__eu="fluent-connect: { admin: { host: eu }, port: null }",
    )
    config = loaded(directory, environ, "dev", "eu")
    assert (config.port, config.admin.port, config.admin.host) == (8080, 2, "eu")
    assert config.pause == ("c",)
    config = loaded(directory, {**environ, "FC_PROFILES": "eu, dev"})
    assert (config.admin.host, config.profiles) == ("dev", ("eu", "dev"))
    assert loaded(directory, environ).admin.host == "127.0.0.1"


def test_springs_other_files_are_ignored_with_one_notice(
    write: Write, environ: dict[str, str]
) -> None:
    directory = write(bootstrap="x: y", bootstrap__dev="x: y", application__connector="")
    (directory / "logback-spring.xml").write_text("<x/>")
    [notice] = loaded(directory, environ).notices
    assert all(name in notice for name in ("bootstrap.yml", "bootstrap-dev.yml", "logback-spring"))


def test_placeholders_nest_default_and_escape(write: Write, environ: dict[str, str]) -> None:
    text = "fluent-connect: { data: '${A:${B:deep}}/$${C}', host: '${fc.host}', pause: '${L:a,b}' }"
    directory = write(application__connector=text)
    config = loaded(directory, {**environ, "FC_HOST": "h"})
    assert (str(config.data), config.host, config.pause) == ("deep/${C}", "h", ("a", "b"))
    assert str(loaded(directory, {**environ, "FC_HOST": "", "B": "b"}).data) == "b/${C}"


def test_the_credential_manager_file_reads_secrets_from_a_folder(
    write: Write, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "DOOR").write_text("from-file\n")
    text = (
        f"fluent-connect: {{ credential: {{ credential-manager: file, directory: '{tmp_path}' }}, "
        "doors: { a: { scheme: api-key, keys: '${DOOR}' } } }"
    )
    assert loaded(write(application__connector=text), environ).doors["a"].keys == ("from-file",)


def test_a_flag_wins_over_a_variable_over_a_file_over_a_default(
    write: Write, environ: dict[str, str]
) -> None:
    directory = write(application__connector="fluent-connect: { port: 1, log: { level: debug } }")
    name = str(directory / "application-connector.yml")

    def port(environ: dict[str, str], **flags: object) -> tuple[str, str]:
        config = load(directory, (), environ, flags)
        [found] = [one for one in config.origins() if one.key == "fluent-connect.port"]
        return found.value, found.origin

    assert port(environ) == ("1", f"{name}:1:25")
    assert port({**environ, "FC_PORT": "2"}) == ("2", "env FC_PORT")
    assert port({**environ, "FC_PORT": "2"}, port=3) == ("3", "flag --port")
    assert port(environ, port=None) == ("1", f"{name}:1:25")


def test_origins_name_every_key_and_mask_secrets(write: Write, environ: dict[str, str]) -> None:
    directory = write(application__connector="fluent-connect: { data: '${D:x}' }")
    origins = {one.key: one for one in loaded(directory, {**environ, "D": "y"}).origins()}
    assert origins["fluent-connect.data"].origin == "env D"
    assert origins["fluent-connect.http.transport"].origin == "default"
    password = origins["fluent-connect.accounts[0].fluent.password"]
    assert (password.value, password.origin) == ("***", "env FC_FLUENT_PASSWORD")
    text = render_origins(list(origins.values()))
    assert "door-secret" not in text
    assert "# env FC_FLUENT_PASSWORD" in text
    assert "#" not in render_origins([password], origin=False)


def test_a_variable_that_says_nothing_is_a_warning(environ: dict[str, str]) -> None:
    [warning] = loaded(None, {**environ, "FC_PROT": "1"}).warnings
    assert (warning.code, warning.fix) == ("CFG031", 'did you mean "FC_PORT"?')


@pytest.mark.usefixtures("secrets_manager")
def test_the_engine_flag_overrules_the_files(write: Write, environ: dict[str, str]) -> None:
    config = loaded(write(application__connector=VENDOR), environ, engine="sqlite")
    assert {queue.engine for queue in config.queues.values()} == {"sqlite"}


ACCOUNTS = """\
fluent-connect:
  settings: { order-ref: id, order-number-deadline: 2d }
  accounts:
    - &one
      name: ACME
      retailer: 007
      fluent:
        domain: sandbox
        username: u
        password: ${P}
        client-id: c
        client-secret: ${P}
      commercetools:
        project-key: shop
        auth-url: https://auth.example.com
        api-url: https://api.example.com
        client-id: c
        client-secret: ${P}
        scopes: "a:shop, b:shop"
      settings: { locales: "de, en" }
    - <<: *one
      retailer: 8
"""


def test_accounts_take_settings_of_their_own_over_those_of_all(
    write: Write, environ: dict[str, str]
) -> None:
    config = loaded(write(application__connector=ACCOUNTS), {**environ, "P": "p"})
    first, second = config.accounts
    assert (first.retailer, second.retailer) == ("007", "8")
    assert first.fluent.url == "https://acme.sandbox.api.fluentretail.com"
    assert first.commercetools.scopes == ("a:shop", "b:shop")
    settings = config.settings["ACME", "007"]
    assert (settings.order_ref, settings.locales) == ("id", ["de", "en"])
    assert settings.order_number_deadline == 2 * 86400


def test_an_account_mapping_tells_parts_of_a_project_apart(
    write: Write, environ: dict[str, str]
) -> None:
    text = ACCOUNTS + textwrap.indent(
        textwrap.dedent("""\
            account-mapping:
              - {project-key: shop, account: ACME, retailer: 007, store: eu, catalogue: "EU:1"}
              - {project-key: shop, account: ACME, retailer: 8, custom: {brand: b}}
        """),
        "  ",
    )
    config = loaded(write(application__connector=text), {**environ, "P": "p"})
    first, second = config.accounts
    assert (first.when.store, second.when.custom) == ("eu", {"brand": "b"})
    assert config.settings["ACME", "007"].catalogue == "EU:1"
    assert config.settings["ACME", "8"].catalogue == "DEFAULT:1"


def test_the_vendors_account_mapping_is_read(write: Write, environ: dict[str, str]) -> None:
    text = """\
        fluent-connect:
          account-mapping:
            {"fluent":{"accountId":"ACME","retailerId":"7"},"externalAccount":{"projectKey":"shop"}}
    """
    [account] = loaded(write(application__connector=textwrap.dedent(text)), environ).accounts
    assert (account.name, account.when.always) == ("ACME", True)


def test_an_external_door_says_where_its_message_comes_from(
    write: Write, environ: dict[str, str]
) -> None:
    text = """\
        fluent-connect:
          doors:
            carrier:
              kind: external
              scheme: basic
              users: { carrier: "${P}" }
              body-limit: 64KiB
              accounts: [ACME]
              name-from: carrier.parcel.scanned
              id-from: /scan/id
    """
    directory = write(application__connector=textwrap.dedent(text))
    door = loaded(directory, {**environ, "P": "p"}).doors["carrier"]
    assert (door.body_limit, door.users) == (65536, {"carrier": "p"})
    assert (door.name_from, door.id_from) == ("carrier.parcel.scanned", "/scan/id")


def test_retries_are_those_of_the_policy(write: Write, environ: dict[str, str]) -> None:
    directory = write(application__connector="fluent-connect: { retry: { waits: '1s, 1m' } }")
    policy = loaded(directory, environ).retry.policy
    assert (policy.waits, policy.jitter, policy.park_waits) == ((1, 60), 0.2, (60, 300, 900))


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("1h30m", 5400), ("250ms", 0.25), ("3d", 259200), ("5", 5)]
)
def test_durations_are_written_with_units(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


def test_sizes_are_written_with_units() -> None:
    assert (size("10MiB"), size("1kB".upper()), size("5")) == (10485760, 1000, 5)


def test_an_account_without_address_is_a_mistake(write: Write, environ: dict[str, str]) -> None:
    text = ACCOUNTS.replace("domain: sandbox", "domain: sandbx")
    with pytest.raises(ConfigMistakes, match='did you mean "sandbox"'):
        loaded(write(application__connector=text), {**environ, "P": "p"})


def test_fluents_keys_make_its_door_and_fill_one_that_has_none(
    write: Write, environ: dict[str, str]
) -> None:
    keys = {"[sydney_sandbox]": _PUBLIC_KEY}
    section = {"doors": {"fluent": {"kind": "external", "scheme": "fluent"}}}
    for connect in ({}, section):
        folder = write(
            application=json.dumps({"fluentcommerce": {"fluent-webhook-keys": keys}}),
            application__connector=json.dumps({"fluent-connect": connect}),
        )
        door = loaded(folder, environ).doors["fluent"]
        assert (door.kind, door.all_schemes) == ("external", ("fluent",))
        assert door.fluent.public_keys == (_PUBLIC_KEY,)


_PUBLIC_KEY = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC7vbqajDw4o6gJy8UtmIbkcpnkO3Kwc4qsEnSZp/TR+fQi62F79RHW"
    "mwKOtFmwteURgLbj7D/WGuNLGOfa/2vse3G2eHnHl5CB8ruRX9fBl/KgwCVr2JaEuUm66bBQeP5XeBotdR4cvX38uPYi"
    "vCDdPjJ1QWPdspTBKcxeFbccDwIDAQAB"
)
"""An RSA key of 1024 bits that belongs to nobody."""
