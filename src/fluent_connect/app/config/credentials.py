"""Where `${NAME}` finds secrets beside the environment: in files, or in AWS Secrets Manager."""

import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec

from fluent_connect.app.config import placeholders
from fluent_connect.app.config.mistakes import CredentialError, Mistake
from fluent_connect.app.config.sources import ROOT, at
from fluent_connect.app.config.values import Secret
from fluent_connect.model.yaml import Leaf, Node, Place, Table

AWS = "aws-secrets-manager"
ACTIVE_ACCOUNTS = "api/fluent/activeAccounts"
"""The vendor's name of the secret that lists the accounts to work for."""
_FOLDER = "/run/secrets"
_OTHERS_READ, _OTHERS_WRITE = stat.S_IROTH, stat.S_IWOTH | stat.S_IWGRP

Values = Mapping[str, tuple[str, str]]
"""Per name its value, and where that stands."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The credential manager that the configuration names, and how it is reached.

    `NAME#member` is a member of the JSON object that the secret NAME holds.
    """

    manager: str = "env"
    directory: Path = Path(_FOLDER)
    prefix: str = ""
    region: str | None = None
    endpoint: str | None = None

    @property
    def changes(self) -> bool:
        """Say whether what it holds can change while we run."""
        return self.manager != "env"

    def fetch(self, names: Collection[str]) -> Values:
        """Return what is known of these names; blocks. Raise CredentialError."""
        wanted = sorted({name.partition("#")[0] for name in names})
        if self.manager == AWS:
            from fluent_connect.app.config import aws_secrets  # noqa: PLC0415 - an extra

            told = aws_secrets.fetch(wanted, self.prefix, self.region, self.endpoint)
            found = {name: (text, f"aws {self.prefix}{name}") for name, text in told.items()}
        elif self.manager == "file":
            found = {name: _read(path) for name, path in self.files(wanted)}
        else:
            found = {}
        return dict(_members(names, found))

    def files(self, names: Collection[str]) -> Iterator[tuple[str, Path]]:
        """Yield the files that these names stand for, as far as they are there."""
        for name in names:
            path = self.directory / name
            if ".." not in path.parts and path.is_file():
                yield name, path


class Secrets(msgspec.Struct, frozen=True):
    """What a configuration has from its credential manager, by which names, and how to ask again.

    every: seconds between two looks for changes; 0 = never. overlap: for how long what a sender
    proves himself by counts after it was replaced.
    """

    credentials: Credentials = Credentials()
    names: frozenset[str] = frozenset()
    values: Values = {}
    every: float = 0.0
    overlap: float = 0.0

    def fetch(self) -> Values:
        """Return what they are now; blocks. Raise CredentialError."""
        return self.credentials.fetch(self.names)

    def __repr__(self) -> str:
        return f"Secrets({sorted(self.values)})"


def credentials_of(table: Table, environ: Mapping[str, str]) -> Credentials:
    """Return what an unresolved tree says of the credential manager."""
    lookup = placeholders.from_environment(environ)
    section = at(table, ROOT, "credential")

    def text(node: Node | None, key: str) -> str | None:
        leaf = at(node, key) if isinstance(node, Table) else None
        if not isinstance(leaf, Leaf):
            return None
        try:
            return placeholders.resolve(leaf, lookup).text
        except placeholders.PlaceholderError:
            return None

    name = text(at(table, ROOT), "connector-name") or "commercetools"
    return Credentials(
        manager=text(section, "credential-manager") or "env",
        directory=Path(text(section, "directory") or _FOLDER),
        prefix=text(section, "prefix") or f"fc/connect/{name}/",
        region=text(section, "region"),
        endpoint=text(section, "endpoint"),
    )


def exposed(credentials: Credentials, names: Collection[str]) -> Iterator[Mistake]:
    """Yield a mistake for each file with a secret that others may read, or change."""
    if credentials.manager != "file":
        return
    for _, path in credentials.files({name.partition("#")[0] for name in names}):
        mode = path.stat().st_mode
        if mode & _OTHERS_WRITE:
            yield Mistake(
                code="CFG062",
                place=Place(str(path)),
                what="others than its owner may change this secret",
                why="whoever may change it may knock at our doors",
                fix=f"chmod 600 {path}",
            )
        elif mode & _OTHERS_READ:
            yield Mistake(
                code="CFG061",
                place=Place(str(path)),
                what="everybody on this host may read this secret",
                why="a secret is for its owner, and at most for one group",
                fix=f"chmod 600 {path} (a mounted secret: defaultMode 0400, or fsGroup with 0440)",
                severity="warning",
            )


def _read(path: Path) -> tuple[str, str]:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n"), f"file {path}"
    except (OSError, UnicodeDecodeError) as error:
        fix = "let the service's user read it, as UTF-8"
        raise CredentialError(f"{path} cannot be read: {error}", "CFG060", fix) from error


def _members(names: Collection[str], found: Values) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the value of each name that is there; members out of their JSON object."""
    for name in names:
        whole, _, member = name.partition("#")
        if whole not in found:
            continue
        text, source = found[whole]
        value = _member(text, member, source) if member else text
        if value is not None:
            yield name, (Secret(value), f"{source}#{member}" if member else source)


def _member(text: str, member: str, source: str) -> str | None:
    try:
        told = msgspec.json.decode(text.encode(), type=dict[str, msgspec.Raw]).get(member)
        value = None if told is None else msgspec.json.decode(told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fix = f'{source} holds a JSON object such as {{"{member}": "…"}}, or is asked for whole'
        what = f"{source} is no JSON object, and its member {member!r} is asked for"
        raise CredentialError(what, "CFG060", fix) from error
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
