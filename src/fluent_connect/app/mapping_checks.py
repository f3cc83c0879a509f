"""Mapping files against the handlers: every target compiled, as the service would compile it."""

from collections.abc import Iterator

from fluent_connect.app.config.mapping import mistake
from fluent_connect.app.config.mistakes import Mistake, did_you_mean
from fluent_connect.app.config.result import Config
from fluent_connect.app.handlers import Handlers, UnresolvedError, dotted
from fluent_connect.clients.fluent.schema.table import fields_of
from fluent_connect.handlers.message_handler import AnyHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.model.yaml import Place

_SIMILAR = "a target that a handler fills"


def mapping_mistakes(config: Config, handlers: Handlers) -> list[Mistake]:
    """Return what is wrong with the rules of each handler that a route leads to."""
    blocks = config.mapping.blocks
    found = list(_unknown(config, handlers))
    for handler in _routed(config, handlers):
        rules = Rules(blocks, handler.targets, settings=Settings, inputs=fields_of)
        found += [mistake(each) for each in rules.faults()]
        found += _unfilled(handler, config)
    return found


def _routed(config: Config, handlers: Handlers) -> list[type[AnyHandler]]:
    found = []
    for route in config.routes:
        try:
            found.append(handlers.resolve(route.target))
        except UnresolvedError:
            continue  # _resolved in lints.py tells of it
    return list(dict.fromkeys(found))


def _unknown(config: Config, handlers: Handlers) -> Iterator[Mistake]:
    """Yield a mistake for each target of a partner's file that nobody fills."""
    blocks = config.mapping.blocks
    filled = {
        name for one in (*handlers.handlers, *_routed(config, handlers)) for name in one.targets
    }
    known = {*blocks.reached(filled), *packaged().tables, *filled}
    for name, place in config.mapping.partners.places.items():
        if name not in known:
            fix = did_you_mean(name, known, f"there are: {', '.join(sorted(known))}")
            what = f"no handler fills the target {name!r}"
            yield Mistake(
                code="CFG041", place=place, what=what, why=_SIMILAR, fix=fix, shown=f"{name}:"
            )


def _unfilled(handler: type[AnyHandler], config: Config) -> Iterator[Mistake]:
    """Yield a mistake for each target of a handler for which there are no rules."""
    for name in handler.targets:
        if name not in config.mapping.blocks.tables:
            what = f"{handler.name} fills the target {name!r}, and no mapping file has rules for it"
            why = "a block of that name in a file under mapping/"
            fix = f"write `{name}: {{ fields: {{ … }} }}` into mapping/{name.partition('-')[0]}.yml"
            yield Mistake(code="CFG041", place=Place(dotted(handler)), what=what, why=why, fix=fix)
