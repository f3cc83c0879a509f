"""A job that writes down when each of its pages was begun and ended, and by which process."""

import asyncio
import json
import os
import time

from fluent_connect.handlers.message_handler import Fetched, MessageHandler
from fluent_connect.jobs.job_handler import JobHandler, Page
from fluent_connect.model.notification import Reference

PAGES = 3


def write(**told: object) -> None:
    """Append a line; in one write, so that lines of several processes do not mix."""
    line = json.dumps({**told, "pid": os.getpid(), "at": time.time()}) + "\n"
    file = os.open(os.environ["BEATS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, line.encode())
    os.close(file)


class BeatsJob(JobHandler):
    """Takes its time for each page, and yields one message with it."""

    name = "beats"

    async def sweep(self, window, cursor, context):
        for number in range(int(cursor or 0), PAGES):
            beat = f"{context.run}-{number}"
            write(began=beat, run=context.run, page=number)
            await asyncio.sleep(0.1)
            write(ended=beat, run=context.run, page=number)
            about = Reference("beat", beat)
            last = number == PAGES - 1
            yield Page(
                [context.message("beats.heard", about, 1)], None if last else str(number + 1)
            )

    async def expected(self, window, context):
        return PAGES


class HeardHandler(MessageHandler):
    """Hears of a page, and does nothing."""

    name = "HeardHandler"

    async def fetch(self, message, context):
        write(heard=message.resource.id)
        return Fetched({}, message.version)

    def map(self, resource, message, context):
        return []
