import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from fluent_connect.app.config.load import examine, load
from fluent_connect.app.config.mistakes import (
    ConfigMistakes,
    Mistake,
    distance,
    errors,
    nearest,
    render_mistakes,
)
from fluent_connect.app.handlers import Handlers
from fluent_connect.app.lints import check

Write = Callable[..., Path]

ACCOUNT = """\
    - name: ACME
      retailer: 7
      fluent: {url: "https://f", username: u, password: "${P}", client-id: c, client-secret: "${P}"}
      commercetools:
        {project-key: shop, auth-url: "https://a", api-url: "https://b", client-id: c,
         client-secret: "${P}"}
"""

# What is written below `fluent-connect:`, the code, line and column of the mistake (the first
# line below `fluent-connect:` is 2), and a piece of the fix.
STAGED = [
    ("  port: eighty", "CFG006", 2, 9, "a whole number"),
    ("  port: 99999", "CFG006", 2, 9, "at most 65535"),
    ("  prot: 8080", "CFG003", 2, 3, '"port"'),
    ("  connectorName: shop", "CFG004", 2, 3, "connector-name"),
    ("  connector_name: shop", "CFG004", 2, 3, "connector-name"),
    ("  connector-name: Shop1", "CFG006", 2, 19, "lower-case letters"),
    ("  port: 8080\n  port: 8081", "CFG002", 3, 3, "remove one"),
    ("  port: 8080\n\thost: x", "CFG001", 3, 1, "spaces, not with a tab"),
    ("  host: a: b", "CFG001", 2, 10, "quotes"),
    ("  data: [a, b", "CFG001", 2, 9, "close the bracket"),
    ("  data: *place", "CFG001", 2, 9, "define the anchor"),
    ("  data: ${WHERE}", "CFG005", 2, 9, "set WHERE"),
    ("  data: ${WHERE:x", "CFG009", 2, 9, "${NAME:default}"),
    ("  data: ${1:x}", "CFG009", 2, 9, "${NAME:default}"),
    ("  log: { level: inof }", "CFG008", 2, 17, '"info"'),
    ("  log: [info]", "CFG006", 2, 3, "a table of keys"),
    ("  http: { transport: httpx }", "CFG008", 2, 22, "aiohttp"),
    ("  http: { batch: { max: 0 } }", "CFG006", 2, 25, "at least 1"),
    ("  http: { batch: { max: 500 } }", "CFG006", 2, 25, "at most 200"),
    ("  http: { batch: { complexity: 20000 } }", "CFG006", 2, 32, "at most 11111"),
    ("  http: { batch: { size: 3MB } }", "CFG006", 2, 26, "at most 2097152"),
    ("  retry: { parent-deadline: 3 days }", "CFG006", 2, 29, "3d"),
    ("  disk: { warn: 120% }", "CFG006", 2, 17, "80%"),
    ("  disk: { warn: 95%, refuse: 80% }", "CFG026", 2, 17, "warn before refusing"),
    ("  queues: { event-queue: { url: here } }", "CFG006", 2, 33, "sqlite:///"),
    ("  queues: { event-queue: { url: 'sqllite:///x' } }", "CFG008", 2, 33, '"sqlite"'),
    ("  queues: { event-queue: { concurrency: 0 } }", "CFG006", 2, 41, "at least 1"),
    ("  message-listener-mode: sqqs", "CFG008", 2, 26, '"sqs"'),
    ("  time-zone: Europe/Berln", "CFG006", 2, 14, "Europe/Berlin"),
    ("  jobs: [{ name: load-orders, cron: '61 * * * *' }]", "CFG006", 2, 37, "daily at two"),
    ("  jobs: [{ name: load-orders, cron: '0 0 31 2 *' }]", "CFG006", 2, 37, "daily at two"),
    ("  jobs: [{ name: load-orders, time-zone: Mars }]", "CFG006", 2, 42, "IANA"),
    ("  jobs: [{ name: load-orders, every: 100ms }]", "CFG006", 2, 38, "every: 15m"),
    ("  jobs: [{ name: load-orders, every: 1h, cron: '* * * * *' }]", "CFG026", 2, 48, "remove"),
    ("  jobs: [{ name: load-orders }, { name: load-orders }]", "CFG013", 2, 41, "give each"),
    ("  jobs: [{ name: load-orders, account: ACNE }]", "CFG018", 2, 40, '"ACME"'),
    ("  jobs: [{ name: load-orders, retailer: 8 }]", "CFG018", 2, 41, "write one of 7"),
    ("  jobs: [{ name: load-ordres }]", "CFG012", 2, 18, "there are"),
    (
        "  message-listener-mode: sqs\n  available-listeners: [kafka]",
        "CFG011",
        2,
        26,
        "available-listeners",
    ),
    (
        "  message-listener-mode: sqs\n  queues: { event-queue: { url: 'kafka://x' } }",
        "CFG011",
        3,
        33,
        "remove `message-listener-mode:`",
    ),
    (
        "  routes:\n    - route: a.b.c\n      handler: X\n      handler-name: Y",
        "CFG006",
        3,
        7,
        "handler-name",
    ),
    (
        "  routes:\n    - { route: a.b, handler: X }\n    - { route: a.b, handler: Y }",
        "CFG013",
        4,
        16,
        "remove one",
    ),
    (
        "  routes:\n    - route: commercetools.connect.a.create\n      handler-name: OrderCraete",
        "CFG012",
        4,
        21,
        "there are",
    ),
    (
        "  route-mapping: [{ route: commercetools.connect.order.craete, props: { name: order } }]",
        "CFG014",
        2,
        28,
        '"commercetools.connect.order.create"',
    ),
    ("  route-mapping:\n    - props: { name: order }", "CFG006", 3, 7, "skip"),
    ("  route-mapping:\n    - route: a.b.c", "CFG006", 3, 7, "name: order"),
    ("  settings: { order-reff: id }", "CFG003", 2, 15, '"order-ref"'),
    ("  settings: { order_ref: id }", "CFG004", 2, 15, "order-ref"),
    ("  settings: { order-ref: number }", "CFG008", 2, 26, "order-number"),
    ("  settings: { standard-product-ref: '{key}' }", "CFG025", 2, 37, "P_{key}"),
    ("  doors:\n    shop: { scheme: api-kee, keys: '${P}' }", "CFG008", 3, 21, '"api-key"'),
    ("  doors:\n    shop: { scheme: basic }", "CFG024", 3, 5, "users"),
    (
        "  doors:\n    shop: { scheme: api-key, keys: '${P}', accounts: ACNE }",
        "CFG018",
        3,
        54,
        '"ACME"',
    ),
    (
        "  doors:\n    shop: { scheme: api-key, keys: '${P}', id-from: /id }",
        "CFG026",
        3,
        53,
        "kind: external",
    ),
    ("  doors:\n    shop: { accounts: ACME }", "CFG024", 3, 5, "scheme"),
    (
        "  doors:\n    shop: { kind: external, scheme: none, id-from: 'header:' }",
        "CFG026",
        3,
        52,
        "header:<name>",
    ),
    ("  doors:\n    shop: { secrets: whsec_% }", "CFG024", 3, 5, "as the sender shows"),
    ("  accounts:\n    - name: ACME", "CFG007", 3, 7, "retailer"),
    (f"  accounts:\n{ACCOUNT}{ACCOUNT}", "CFG021", 9, 7, "`when`"),
    (
        f"  accounts:\n{ACCOUNT}  account-mapping: {{project-key: shop, account: A, retailer: 8}}",
        "CFG018",
        9,
        3,
        "ACME/7",
    ),
    ("  credential: { credential-manager: vault }", "CFG008", 2, 37, "env"),
    ("  jobs: [{ name: sync, every: 1h, cron: '* * * * *' }]", "CFG026", 2, 41, "one of the two"),
]


def examined(directory: Path, environ: dict[str, str]) -> list[Mistake]:
    found = examine(directory, (), {**environ, "P": "secret"})
    linted = check(found.config, Handlers()) if not errors(found.mistakes) else []
    return errors([*found.mistakes, *linted])


@pytest.mark.parametrize("staged", STAGED, ids=lambda staged: staged[0].strip()[:40])
def test_a_staged_mistake_names_file_line_column_and_a_fix(
    staged: tuple[str, str, int, int, str], write: Write, environ: dict[str, str]
) -> None:
    text, code, line, column, fix = staged
    directory = write(application__connector="fluent-connect:\n" + text + "\n")
    mistakes = examined(directory, environ)
    where = f"{directory / 'application-connector.yml'}:{line}:{column}"
    first = [one for one in mistakes if one.code == code and str(one.place) == where]
    assert first, render_mistakes(mistakes)
    assert fix in first[0].fix + first[0].why, first[0]
    assert where in render_mistakes(first)


def test_an_unknown_root_is_a_mistake(write: Write, environ: dict[str, str]) -> None:
    directory = write(application__connector="fluent-conect:\n  port: 1\n")
    [mistake] = examined(directory, environ)
    assert (mistake.code, mistake.place.line, mistake.place.column) == ("CFG003", 1, 1)
    assert '"fluent-connect"' in mistake.fix


def test_a_dotted_root_is_told_how_to_nest(write: Write, environ: dict[str, str]) -> None:
    directory = write(application__connector="fluent-connect.port: 1\n")
    [mistake] = examined(directory, environ)
    assert "`fluent-connect:`" in mistake.fix


def test_all_mistakes_are_shown_at_once(write: Write, environ: dict[str, str]) -> None:
    text = """\
        fluent-connect:
          prot: 1
          log: { level: loud }
          data: ${NOWHERE}
          settings: { order-reff: id }
          routes:
            - { route: a.b, handler: X }
            - { route: a.b, handler: Y }
    """
    with pytest.raises(ConfigMistakes) as raised:
        load(write(application__connector=textwrap.dedent(text)), (), environ)
    codes = [one.code for one in raised.value.mistakes]
    assert codes == ["CFG003", "CFG008", "CFG005", "CFG003", "CFG013"]


def test_without_files_one_mistake_names_every_missing_variable(environ: dict[str, str]) -> None:
    del environ["FC_FLUENT_PASSWORD"], environ["FC_DOOR_SECRET"]
    with pytest.raises(ConfigMistakes) as raised:
        load(None, (), environ)
    [mistake] = raised.value.mistakes
    assert mistake.code == "CFG020"
    assert mistake.what == "not set: FC_DOOR_SECRET, FC_FLUENT_PASSWORD"


def test_a_missing_directory_and_profile_are_named(write: Write, environ: dict[str, str]) -> None:
    with pytest.raises(ConfigMistakes, match="does not exist"):
        load(Path("/nowhere/at/all"), (), environ)
    directory = write(application__connector="", application__connector__production="")
    with pytest.raises(ConfigMistakes, match='did you mean "production"'):
        load(directory, ("productoin",), environ)


def test_a_literal_secret_is_a_warning_that_does_not_show_it(
    write: Write, environ: dict[str, str]
) -> None:
    text = "fluent-connect:\n  doors:\n    a: { scheme: api-key, keys: [hunter2] }\n"
    config = load(write(application__connector=text), (), environ)
    [warning] = config.warnings
    assert (warning.code, warning.place.line, warning.severity) == ("CFG030", 3, "warning")
    assert "hunter2" not in render_mistakes(config.warnings)
    assert "hunter2" not in repr(config.doors)


def test_a_secret_of_a_wrong_type_is_not_shown(write: Write, environ: dict[str, str]) -> None:
    text = "fluent-connect:\n  doors:\n    a: { scheme: basic, users: hunter2 }\n"
    mistakes = examined(write(application__connector=text), environ)
    assert mistakes
    assert "hunter2" not in render_mistakes(mistakes)


def test_a_file_that_is_no_text_is_a_mistake(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "application-connector.yml").write_bytes(b"fluent-connect:\n  host: \xff\n")
    mistakes = examined(tmp_path, environ)
    assert [one.code for one in mistakes] == ["CFG001"]
    assert "UTF-8" in mistakes[0].fix


def test_distance_counts_a_swap_once() -> None:
    assert distance("create", "craete") == 1
    assert distance("", "abc") == 3
    assert nearest("xyz", ["port", "host"]) is None
    assert nearest("anything", []) is None
