"""What `map try` is about: messages made of a file, or found in the journal."""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fluent_connect.app.build import account_map, externals, route_map
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.config.mistakes import did_you_mean
from fluent_connect.app.config.result import Config
from fluent_connect.app.shadow.draw import Payload
from fluent_connect.app.shadow.editions import Edition
from fluent_connect.app.shadow.given import Given, given
from fluent_connect.app.shadow.recorded import Records
from fluent_connect.app.shadow.versions import NoVersionError, version
from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.journal.messages import (
    MessageFilter,
    messages_from_rows,
    messages_statement,
)
from fluent_connect.listener.ct_external_message_receiver import CTExternalMessageReceiver
from fluent_connect.listener.ct_queue_listener import CTQueueListener
from fluent_connect.model.codec import decode_json, decode_message
from fluent_connect.model.errors import ConnectError, MalformedError, UnprocessableError
from fluent_connect.model.message import Message, lane
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Skipped
from fluent_connect.model.parcel import CT_QUEUE, Parcel
from fluent_connect.queues.store import Delivery, Store

_FILE = "file"
_MOST = 20


class Subject(msgspec.Struct, frozen=True):
    """One message to draw, and how its sender's request is had. `skipped`: why none came of it."""

    message: Message | None
    payload: Payload
    skipped: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags say: which route, which account, and of a bare resource its type and kind."""

    route: str | None = None
    account: str | None = None
    type_id: str | None = None
    kind: str = "ResourceUpdated"


def file_of(text: str) -> bytes | None:
    """Return the bytes of the file that `text` names ("-": standard input); None if it is an id."""
    if text == "-":
        return sys.stdin.buffer.read()
    path = Path(text)
    if path.is_file():
        return path.read_bytes()
    if path.suffix == ".json" or "/" in text:
        raise CliError("CLI007", f"there is no file {text!r}", where=str(path.absolute()))
    return None


def read(body: bytes, wanted: Wanted) -> Given:
    """Return what a file holds. Raise CliError if it is nothing that is known."""
    try:
        return given(body, wanted.type_id)
    except UnprocessableError as error:
        do = "give the JSON of a resource as the API returns it, a notification, or an envelope"
        do = "name its type: --type order" if "type of the resource" in str(error) else do
        raise CliError("CLI021", str(error), do=do) from error


def resources(path: Path) -> Sequence[Mapping[str, Any]]:
    """Return the resources in a file: one, a list of them, or the answer to a query."""
    if not path.is_file():
        raise CliError("CLI007", f"there is no file {str(path)!r}", where=str(path.absolute()))
    try:
        value = decode_json(path.read_bytes())
    except MalformedError as error:
        raise CliError("CLI021", str(error), where=str(path)) from error
    if isinstance(value, dict):
        value = value.get("results", [value])
    found = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    if not found or not all("id" in each for each in found):
        raise CliError("CLI021", "no resource with an id is in it", where=str(path))
    return found


def version_of(named: str, running: Edition, profiles: Sequence[str]) -> Edition:
    """Return the version that a flag names. Raise CliError if it is none."""
    try:
        return version(named, running, profiles)
    except NoVersionError as error:
        do = "name a configuration folder, a folder with mapping files, or `defaults`"
        raise CliError("CLI007", str(error), do=do) from error


def of_resource(found: Given, edition: Edition, wanted: Wanted) -> list[Subject]:
    """Return the message that asks the route of a resource's type to look at it."""
    resource = found.resource or {}
    account = _account(edition.config, resource, wanted)
    if wanted.route is None:
        route = edition.routes.upserting(found.type_id)
        if route is None:
            do = "name the route: --route"
            raise CliError("CLI014", f"no route brings {found.type_id} about", do=do)
        name = route.name
    else:
        name = known_route(edition, wanted.route)
    about = Reference(found.type_id, str(resource["id"]))
    message = Message(
        id=_FILE,
        name=name,
        key=lane(account.name, account.retailer, about),
        account=account.name,
        retailer=account.retailer,
        project_key=account.commercetools.project_key,
        resource=about,
        kind=wanted.kind,
        version=int(resource["version"]),
    )
    return [Subject(message, _nothing)]


async def of_notifications(found: Given, edition: Edition, wanted: Wanted) -> list[Subject]:
    """Return the messages that the listener makes of notifications, or why it makes none."""
    config, handlers = edition.config, edition.handlers
    listener = CTQueueListener(
        route_map(config.route_mapping, edition.routes),
        account_map(config.accounts),
        receiver=(handlers.receiver() or CTExternalMessageReceiver)(),
        external=externals(config.doors, config.accounts, edition.routes),
    )
    subjects: list[Subject] = []
    for number, body in enumerate(found.notifications):
        parcel = Parcel(f"{_FILE}-{number}", "", body)
        payload = _said(msgspec.json.decode(body))
        try:
            outcome = await listener(Delivery(CT_QUEUE, parcel, 1, None, "", 0.0))
        except ConnectError as error:
            subjects.append(Subject(None, payload, str(error)))
            continue
        made = [decode_message(put.parcel.body) for put in outcome.puts]
        if not made:
            why = outcome.fate.reason if isinstance(outcome.fate, Skipped) else outcome.error
            subjects.append(Subject(None, payload, str(why)))
        subjects += [Subject(each, payload) for each in _chosen(made, edition, wanted)]
    return subjects


async def of_journal(opened: Store, text: str, edition: Edition, wanted: Wanted) -> list[Subject]:
    """Return the newest message about each resource that an id of the journal leads to."""
    route = known_route(edition, wanted.route) if wanted.route else None
    which = MessageFilter(text=text, account=wanted.account, limit=_MOST)
    rows = messages_from_rows(await opened.read(messages_statement(which)))
    if not rows:
        do = "look through `fluent-connect events list`, or check --data and --account"
        raise CliError("CLI007", f"no message is known of {text!r}", do=do)
    records = Records(opened, edition.config, edition.handlers)
    subjects: dict[tuple[str, str, str, str], Subject] = {}
    for row in rows:
        recorded = await records.message(row)
        message = recorded.message
        if route is not None:
            message = msgspec.structs.replace(message, name=route)
        key = (message.name, message.account, message.retailer, str(message.resource))
        subjects.setdefault(key, Subject(message, _kept(records, recorded.unit)))
    return list(subjects.values())


def _kept(records: Records, unit: str) -> Payload:
    async def payload() -> Mapping[str, object] | None:
        return await records.payload(unit)

    return payload


def _chosen(made: Sequence[Message], edition: Edition, wanted: Wanted) -> list[Message]:
    """Return the messages for the account that is meant, on the route that is meant."""
    name, _, retailer = (wanted.account or "").partition("/")
    meant = [
        each
        for each in made
        if (not name or each.account == name) and (not retailer or each.retailer == retailer)
    ]
    if wanted.route is None:
        return meant
    route = known_route(edition, wanted.route)
    return [msgspec.structs.replace(each, name=route) for each in meant]


def _account(config: Config, resource: Mapping[str, Any], wanted: Wanted) -> Account:
    """Return the account that is named, else the one that the resource belongs to."""
    told = {f"{each.name}/{each.retailer}": each for each in config.accounts}
    if wanted.account is not None:
        found = [each for name, each in told.items() if wanted.account in {name, each.name}]
        if not found:
            do = did_you_mean(wanted.account, told, f"there are: {', '.join(told)}")
            raise CliError("CLI014", f"no account is called {wanted.account!r}", do=do)
        return found[0]
    accounts = Accounts(config.accounts)
    projects = dict.fromkeys(each.commercetools.project_key for each in config.accounts)
    belongs = (accounts.resolve(project, resource) for project in projects)
    return next((each for each in belongs if each is not None), config.accounts[0])


def known_route(edition: Edition, name: str) -> str:
    """Return the route of that name, or the only one whose name ends so. Raise CliError if none."""
    if name in edition.routes:
        return name
    known = [route.name for route in edition.routes]
    matching = [each for each in known if each.endswith(name)]
    if len(matching) == 1:
        return matching[0]
    do = did_you_mean(name, known, "see `fluent-connect routes list`")
    raise CliError("CLI014", f"no route is called {name!r}", do=do)


def _said(value: object) -> Callable[[], Awaitable[Mapping[str, object] | None]]:
    async def payload() -> Mapping[str, object] | None:
        return value if isinstance(value, Mapping) else None

    return payload


async def _nothing() -> Mapping[str, object] | None:
    return None
