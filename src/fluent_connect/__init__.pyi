from fluent_connect.clients.commercetools.model import Update as Update
from fluent_connect.clients.fluent.model import Event as Event
from fluent_connect.clients.fluent.model import Mutation as Mutation
from fluent_connect.clients.fluent.model import Upsert as Upsert
from fluent_connect.handlers.message_handler import Fetched as Fetched
from fluent_connect.handlers.message_handler import HandlerContext as HandlerContext
from fluent_connect.handlers.message_handler import MapContext as MapContext
from fluent_connect.handlers.message_handler import MessageHandler as MessageHandler
from fluent_connect.handlers.message_handler import Refresh as Refresh
from fluent_connect.jobs.job_handler import JobHandler as JobHandler
from fluent_connect.listener.ct_external_message_receiver import (
    CTExternalMessageReceiver as CTExternalMessageReceiver,
)
from fluent_connect.mapping.rules.target import Target as Target
from fluent_connect.model.errors import RetryableError as RetryableError
from fluent_connect.model.errors import Skip as Skip
from fluent_connect.model.errors import UnprocessableError as UnprocessableError
from fluent_connect.model.message import Message as Message

__all__ = [
    "CTExternalMessageReceiver",
    "Event",
    "Fetched",
    "HandlerContext",
    "JobHandler",
    "MapContext",
    "Message",
    "MessageHandler",
    "Mutation",
    "Refresh",
    "RetryableError",
    "Skip",
    "Target",
    "UnprocessableError",
    "Update",
    "Upsert",
]
