"""What handlers fill Fluent's inputs with."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.mapping.rules.besides import besides, moved
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.cuts import Cut
from fluent_connect.mapping.rules.tracing import Origin, Recorder
from fluent_connect.mapping.values import DEFAULTS

_CHOICES = tuple(each for each in dir(DEFAULTS) if each.endswith("_attributes"))


class Given(msgspec.Struct, frozen=True):
    """What paths can begin with beside the source's own fields."""

    settings: Any = None
    account: str = ""
    retailer: str = ""
    project: str | None = None
    props: Mapping[str, str] = {}


class Mapper:
    """Rules at work for one account and route; `cuts` holds what did not fit whole so far."""

    __slots__ = (
        "_rules",
        "account",
        "choices",
        "cuts",
        "given",
        "locales",
        "project",
        "props",
        "retailer",
        "settings",
    )

    def __init__(self, rules: Rules, given: Given | None = None) -> None:
        given = given or Given()
        self._rules = rules
        self.given = given
        self.settings = settings = given.settings
        self.account = given.account
        self.retailer = given.retailer
        self.project = given.project
        self.props = given.props
        self.locales: Sequence[str] = getattr(settings, "locales", ())
        chosen = all(hasattr(settings, each) for each in _CHOICES)
        self.choices: Any = settings if chosen else DEFAULTS
        self.cuts: list[Cut] = []

    def fill(self, target: str, source: msgspec.Struct) -> dict[str, object]:
        """Return the object that the target's rules make of a source; what says nothing is not in.

        Raise UnprocessableError, with the place of the rule, where a rule cannot be followed;
        LookupError for a target without rules.
        """
        made: dict[str, object] = self._rules.filling(target, source.__class__)((self, source))
        return made

    def copied(self, made: Mapping[str, object]) -> dict[str, object]:
        """Return a filled object once more, to be added to without a change to the first.

        It shares what is in it; cheaper than filling the target twice.
        """
        return {
            name: [*value] if isinstance(value, list) else value for name, value in made.items()
        }

    def added(
        self, made: dict[str, object], target: str, source: msgspec.Struct
    ) -> dict[str, object]:
        """Fill a second target into a filled object, and return that.

        What is there already stays; attributes are added one by one.
        """
        return besides(made, self.fill(target, source))

    def bound(self, given: Given) -> "Mapper":
        """Return a mapper of the same rules for another account or route."""
        return type(self)(self._rules, given)

    def anew(self) -> "Mapper":
        """Return a mapper of the same rules and account, for one `map` call: nothing cut yet."""
        return type(self)(self._rules, self.given)

    def traced(self) -> "TracedMapper":
        """Return a mapper of the same rules and account that knows where all came from."""
        return TracedMapper(self._rules.tracing(), self.given)

    def digest(self) -> str:
        """Return a text that changes when the rules of the declared targets change."""
        return self._rules.digest()


class TracedMapper(Mapper):
    """A mapper that tells of each object that it filled where its parts came from."""

    __slots__ = ("_origins", "recorder")

    def __init__(self, rules: Rules, given: Given | None = None) -> None:
        super().__init__(rules, given)
        self.recorder = Recorder()
        self._origins: dict[int, tuple[object, Sequence[Origin]]] = {}

    def fill(self, target: str, source: msgspec.Struct) -> dict[str, object]:
        """Return the object, as `Mapper.fill`, and remember where its parts came from."""
        self.recorder = Recorder()
        made = super().fill(target, source)
        self._origins[id(made)] = (made, tuple(self.recorder.found))
        return made

    def copied(self, made: Mapping[str, object]) -> dict[str, object]:
        """Return the object once more, as `Mapper.copied`; it came from where the first did."""
        copy = super().copied(made)
        self._origins[id(copy)] = (copy, self.origins(made))
        return copy

    def added(
        self, made: dict[str, object], target: str, source: msgspec.Struct
    ) -> dict[str, object]:
        """Fill a second target in, as `Mapper.added`, and remember where that came from."""
        known, more = self.origins(made), self.fill(target, source)
        new = tuple(moved(self.origins(more), made, more))
        self._origins[id(made)] = (made, (*known, *new))
        return besides(made, more)

    def origins(self, made: object) -> Sequence[Origin]:
        """Return the origins of an object that this mapper filled; of any other, none."""
        held = self._origins.get(id(made))
        return held[1] if held is not None and held[0] is made else ()
