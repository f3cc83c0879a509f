"""What the URL of a queue on SQS says."""

from urllib.parse import parse_qs, urlsplit

import msgspec

from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.address import shown

FIFO = ".fifo"
_KNOWN = frozenset({"region", "endpoint", "account", "dlq"})


class Address(msgspec.Struct, frozen=True):
    """A queue by its name: in which region, at which endpoint, of which AWS account.

    None: as AWS's own settings say (variables, profile, role). `dlq`: its dead-letter queue.
    """

    queue: str
    dlq: str
    region: str | None = None
    endpoint: str | None = None
    account: str | None = None

    @property
    def fifo(self) -> bool:
        """Say whether it is a FIFO queue: its name says so."""
        return self.queue.endswith(FIFO)


def address(name: str, url: str) -> Address:
    """Return where the queue `name` lives.

    `sqs://queue?region=eu-west-1`, or the queue's own URL with `sqs+` before it:
    `sqs+https://sqs.eu-west-1.amazonaws.com/123456789012/queue`. Further: `endpoint`, `account`
    (of another owner), `dlq` (the name of the dead-letter queue).
    """
    parts = urlsplit(url)
    told = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if "@" in parts.netloc:
        message = "credentials come from AWS's own chain: variables, profile or role"
        raise ConfigError(f"{shown(url)}: {message}")
    if unknown := sorted(told.keys() - _KNOWN):
        raise ConfigError(
            f"{shown(url)}: no setting {unknown[0]}; known: {', '.join(sorted(_KNOWN))}"
        )
    if parts.scheme == "sqs":
        queue = parts.netloc or name
        account, region, endpoint = told.get("account"), told.get("region"), told.get("endpoint")
    else:
        account, queue, region, endpoint = _of_its_own(url)
    return Address(queue, told.get("dlq") or _dlq(queue), region, endpoint, account)


def _of_its_own(url: str) -> tuple[str, str, str | None, str | None]:
    """Return owner, queue, region and endpoint of a queue's own URL."""
    parts = urlsplit(url.removeprefix("sqs+"))
    owner, _, queue = parts.path.strip("/").partition("/")
    if parts.scheme not in {"http", "https"} or not queue or "/" in queue:
        told = "write sqs://queue?region=eu-west-1, or sqs+ before the queue's own URL"
        raise ConfigError(f"{shown(url)} leads to no queue of SQS: {told}")
    steps = (parts.hostname or "").split(".")
    amazon = steps[0] == "sqs" and "amazonaws" in steps
    region = steps[1] if amazon else None
    return owner, queue, region, None if amazon else f"{parts.scheme}://{parts.netloc}"


def _dlq(queue: str) -> str:
    """Return the name of a dead-letter queue, which is of the same kind."""
    return f"{queue.removesuffix(FIFO)}-dlq{FIFO if queue.endswith(FIFO) else ''}"
