"""Read the configuration: files, profiles, placeholders, variables and flags become a `Config`."""

import os
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from fluent_connect.app.config import placeholders
from fluent_connect.app.config.accounts import Fed, feed, restrict
from fluent_connect.app.config.credentials import (
    ACTIVE_ACCOUNTS,
    AWS,
    Secrets,
    Values,
    credentials_of,
    exposed,
)
from fluent_connect.app.config.crosschecks import crosscheck
from fluent_connect.app.config.doors import with_fluent
from fluent_connect.app.config.jobs import job_mistakes
from fluent_connect.app.config.mapping import MappingFiles, read_mapping
from fluent_connect.app.config.mistakes import (
    ConfigMistakes,
    CredentialError,
    Mistake,
    errors,
    in_order,
    nearest,
)
from fluent_connect.app.config.queues import Placed, place_queues
from fluent_connect.app.config.replacing import replaced
from fluent_connect.app.config.result import Config, Examined
from fluent_connect.app.config.sources import ROOT, Found, at, gather, layer_of, merged, packaged
from fluent_connect.app.config.validate import Validated, leaves, single_values, validate, written
from fluent_connect.app.config.values import is_secret
from fluent_connect.model.yaml import Place, Table

_PREFIX = "FC_"
_PROFILES = "FC_PROFILES"
_OTHERS = frozenset({_PROFILES, "FC_KILL_AT", "FC_CONFIG"})
_DEFAULTS = "defaults/"


class _Given(msgspec.Struct, frozen=True):
    """All that a configuration is made of, but the secrets."""

    directory: Path | None
    profiles: Sequence[str]
    environ: Mapping[str, str]
    flags: Mapping[str, object]
    engine: str | None
    found: Found
    mapping: MappingFiles


def load(
    directory: Path | None,
    profiles: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Config:
    """Return the configuration of a directory. Raise ConfigMistakes with all its mistakes.

    `overrides` are flags: a dotted key under `fluent-connect` ("admin.port") -> value, and
    "engine", which puts every queue onto that engine. A flag wins over a variable
    (FC_ADMIN_PORT), that over a file, that over a default. No profiles: those of FC_PROFILES.
    """
    examined = examine(directory, profiles, environ, overrides)
    if found := errors(examined.mistakes):
        raise ConfigMistakes(found)
    return examined.config


def examine(
    directory: Path | None,
    profiles: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Examined:
    """Return what can be read and all mistakes, as `load`, but raise nothing."""
    environ = os.environ if environ is None else environ
    flags = {key: value for key, value in (overrides or {}).items() if value is not None}
    engine = flags.pop("engine", None)
    profiles = profiles or [
        one.strip() for one in environ.get(_PROFILES, "").split(",") if one.strip()
    ]
    given = _Given(
        directory,
        profiles,
        environ,
        flags,
        None if engine is None else str(engine),
        gather(directory, profiles),
        read_mapping(directory, profiles, placeholders.from_environment(environ)),
    )
    return _examined(given, None)


def _examined(given: _Given, secrets: Values | None) -> Examined:
    """Return what can be read; `secrets`: these, instead of asking the credential manager."""
    found, environ, flags = given.found, given.environ, given.flags
    variables, stray = _variables(found.table, environ)
    told = {key: (str(value), f"flag --{key.replace('.', '-')}") for key, value in flags.items()}
    table = merged(found.table, layer_of(variables), layer_of(told))
    kept, untold = _kept(table, environ, secrets)
    doubts = () if secrets is not None else tuple(exposed(kept.credentials, kept.names))
    warnings = [*stray, *_literal_secrets(found.table)]
    warnings += [one for one in doubts if one.severity == "warning"]
    table, unset = _replaced(table, environ, kept.values)
    valid = validate(table)
    fed = feed(valid.files, table, valid.broken)
    active = kept.values.get(ACTIVE_ACCOUNTS)
    fed, left_out = (fed, []) if active is None else restrict(fed, active)
    placed = place_queues(valid.files, table, environ, given.engine)
    mapping = given.mapping
    mistakes = [*found.mistakes, *mapping.mistakes, *warnings, *errors(doubts)]
    mistakes += untold or _grouped(unset, given.directory)
    ours = any(one.place.file.startswith(_DEFAULTS) for one in unset)
    causes = {one.place for one in unset}
    told_of = (valid.files, fed, table, valid.broken)
    crossed = [] if untold else [*crosscheck(*told_of), *job_mistakes(*told_of)]
    later = [*valid.mistakes, *fed.mistakes, *placed.mistakes, *crossed]
    mistakes += [
        one
        for one in later
        if one.place not in causes and not (ours and one.place.file.startswith(_DEFAULTS))
    ]
    config = _config(
        valid,
        found,
        table,
        fed,
        placed,
        profiles=tuple(given.profiles),
        warnings=tuple(warnings),
        mapping=mapping,
        left_out=left_out,
        secrets=kept,
        reread=partial(_examined, given),
    )
    return Examined(config, tuple(in_order(mistakes)))


def _variables(
    table: Table, environ: Mapping[str, str]
) -> tuple[dict[str, tuple[str, str]], list[Mistake]]:
    """Return what FC_* variables say about keys, and a warning for each that says nothing."""
    paths = {
        _PREFIX + re.sub(r"[^A-Z0-9]", "_", "_".join(map(str, path[1:])).upper()): path[1:]
        for path in single_values(table)
        if path[0] == ROOT
    }
    written_down = [leaf for tree in (packaged(), table) for _, leaf in leaves(tree)]
    asked = {name for leaf in written_down for name in placeholders.names(leaf.text or "")}
    said = {}
    stray = []
    for name, value in environ.items():
        if name in paths:
            said[".".join(map(str, paths[name]))] = (value, f"env {name}")
        elif name.startswith(_PREFIX) and name not in asked | _OTHERS:
            right = nearest(name, [*paths, *asked])
            fix = f'did you mean "{right}"?' if right else "unset it"
            what = f"the variable {name} says nothing about any key"
            stray.append(
                Mistake(
                    code="CFG031",
                    place=Place(f"env {name}"),
                    what=what,
                    fix=fix,
                    severity="warning",
                )
            )
    return said, stray


def _literal_secrets(table: Table) -> list[Mistake]:
    return [
        Mistake(
            code="CFG030",
            place=leaf.place,
            what=f"{written(path)} stands in the file as it is",
            why="a file is copied, committed and mailed",
            fix=f"write ${{{_variable(path)}}}, and keep the secret in the environment",
            severity="warning",
        )
        for path, leaf in leaves(table)
        if is_secret(path) and leaf.text and not placeholders.names(leaf.text)
    ]


def _variable(path: tuple[str | int, ...]) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", "_".join(str(step) for step in path[1:]).upper())


def _kept(
    table: Table, environ: Mapping[str, str], secrets: Values | None
) -> tuple[Secrets, list[Mistake]]:
    """Return what the credential manager knows of the names that the environment does not.

    Also the mistake that it is, if it cannot be asked.
    """
    credentials = credentials_of(table, environ)
    first = placeholders.from_environment(environ)
    asked = {name for _, leaf in leaves(table) for name in placeholders.names(leaf.text or "")}
    names = frozenset(name for name in asked if first(name) is None)
    if credentials.manager == AWS:
        names |= {ACTIVE_ACCOUNTS}
    kept = Secrets(credentials, names, secrets or {})
    if secrets is not None:
        return kept, []
    try:
        return structs.replace(kept, values=kept.fetch()), []
    except CredentialError as error:
        section = at(table, ROOT, "credential")
        keys = section.keys if isinstance(section, Table) else {}
        untold = Mistake(
            code=error.code,
            place=keys.get("credential-manager", Place("credential-manager")),
            what=str(error),
            why="secrets by reference",
            fix=error.fix,
            shown=f"credential-manager: {credentials.manager}",
        )
        return kept, [untold]


def _replaced(
    table: Table, environ: Mapping[str, str], secrets: Values
) -> tuple[Table, list[Mistake]]:
    """Return the tree with its placeholders replaced, and those that could not be."""
    mistakes: list[Mistake] = []
    lookup = placeholders.from_environment(environ, secrets)
    return replaced(table, lookup, mistakes), mistakes


def _grouped(unset: Sequence[Mistake], directory: Path | None) -> list[Mistake]:
    """Return the mistakes, those of the packaged defaults as one that names each variable."""
    ours = [one for one in unset if one.place.file.startswith(_DEFAULTS)]
    rest = [one for one in unset if one not in ours]
    if ours:
        named = sorted({name for one in ours for name in placeholders.names(one.shown)})
        where = Place(str(directory)) if directory else Place("environment")
        what = f"not set: {', '.join(named)}"
        why = "the account and the door of the environment, as no file names accounts or doors"
        fix = "set them, or write `accounts:` and `doors:` into application-connector.yml"
        rest.append(Mistake(code="CFG020", place=where, what=what, why=why, fix=fix))
    return rest


def _config(
    valid: Validated, found: Found, table: Table, fed: Fed, placed: Placed, **rest: Any
) -> Config:
    connect = valid.files.fluent_connect
    core = valid.files.fluentcommerce
    same = ("connector_name", "host", "port", "admin", "log", "route_mapping", "routes", "doors")
    also = ("retry", "http", "journal", "disk", "packages", "paths", "jobs", "pause", "api_keys")
    jobs = ("job_settings", "time_zone", "notifications")
    last = ("error_table", "subscriptions", "subscription", "custom_types", "gaps")
    taken = {name: getattr(connect, name) for name in (*same, *also, *jobs, *last)}
    keys = {name.strip("[]"): key for name, key in core.fluent_webhook_keys.items()}
    taken["doors"] = with_fluent(connect.doors, keys)
    return Config(
        **taken,
        data=Path(connect.data),
        files=(*found.files, *rest["mapping"].files),
        notices=(*found.notices, *rest["mapping"].notices, *rest.pop("left_out")),
        accounts=fed.accounts,
        settings=fed.settings,
        queues=placed.queues,
        store=placed.journal,
        listeners=placed.listeners,
        credential_manager=connect.credential.credential_manager,
        secrets=structs.replace(
            rest.pop("secrets"),
            every=connect.credential.reread_every,
            overlap=connect.credential.overlap,
        ),
        fluent_domains=core.fluent_domain,
        fluent_webhook_keys=keys,
        broken=valid.broken,
        table=table,
        **rest,
    )
