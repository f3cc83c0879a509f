"""How a dry run tells what it would have written: a line each, or JSON."""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from fluent_connect.app.dryrun.station import Ended
from fluent_connect.app.dryrun.values import Against, Written
from fluent_connect.clients.redact import masked

_VALUE = 40
_FIELDS = 4
_FAILED = {"dead", "waits"}


class Teller:
    """Writes a line for each write, and one for each message that came to something else.

    `width`: of the lines, None = as long as they are.
    """

    def __init__(
        self,
        say: Callable[[str], object] | None = None,
        *,
        json: bool = False,
        width: int | None = None,
    ) -> None:
        self._say = say or _to_stdout
        self._json = json
        self._width = width

    def written(self, write: Written) -> None:
        """Tell of a write that was not sent; of a repeat, only in JSON."""
        if self._json:
            self._tell({"what": "write", **msgspec.to_builtins(write)})
        elif not write.again:
            self._line(line(write))

    def ended(self, message: Ended) -> None:
        """Tell what a message came to; where its writes told it already, only in JSON."""
        if self._json:
            told = msgspec.to_builtins(message)
            self._tell({"what": "message", **told, "reason": masked(message.reason)})
        elif message.outcome in _FAILED:
            word = "would die" if message.outcome == "dead" else "would wait"
            where = f"{message.account}/{message.retailer}"
            self._line(f"{where}  {word}  {message.resource}: {masked(message.reason)}")

    def summary(self, messages: Mapping[str, int], writes: Mapping[str, int]) -> None:
        """Tell how many messages came to what, and how many writes of each kind were not sent."""
        if self._json:
            self._tell({"what": "summary", "messages": messages, "writes": writes})
            return
        told = _counted(messages)
        self._say(f"dry run: {sum(messages.values())} messages" + (f": {told}" if told else ""))
        self._say(f"not sent: {_counted(writes) or 'nothing'}")

    def _tell(self, value: object) -> None:
        self._say(msgspec.json.encode(value).decode())

    def _line(self, text: str) -> None:
        text = " ".join(text.splitlines())
        if self._width is not None and len(text) > self._width:
            text = text[: self._width - 1] + "…"
        self._say(text)


def line(write: Written) -> str:
    """Return a write in one line: whose, what, and what it would change."""
    about = f" {write.about}" if write.about else ""
    wrong = f"  INVALID {'; '.join(write.violations)}" if write.violations else ""
    return f"{write.account}  {write.operation}{about}{wrong}  {_summary(write)}"


def _summary(write: Written) -> str:
    if not write.held:
        count = len(write.changes)
        word = "new" if write.operation.startswith("create") else "not looked up"
        return f"{word}: {count} field{'' if count == 1 else 's'}"
    shown = [*_few(write)]
    left = len(write.changes) - len(shown)
    return "; ".join([*shown, *([f"{left} more"] if left > 0 else [])])


def _few(write: Written) -> Iterator[str]:
    yield from (_change(each) for each in write.changes[:_FIELDS])


def _change(one: Against) -> str:
    return f"{one.field}: {_value(one.held)} -> {_value(one.wanted)}"


def _value(value: Any) -> str:
    text = "nothing" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= _VALUE else text[: _VALUE - 1] + "…"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _to_stdout(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
