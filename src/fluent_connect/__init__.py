"""fluent-connect: every change in commercetools, carried to Fluent OMS.

What partners import stands here. A name is loaded when it is first asked for, so that whoever
imports one of them, or only a room of the house, waits for nothing else; `__init__.pyi` tells
editors and type checkers the same.
"""

from importlib import import_module

_HOMES = {
    "CTExternalMessageReceiver": "listener.ct_external_message_receiver",
    "Event": "clients.fluent.model",
    "Fetched": "handlers.message_handler",
    "HandlerContext": "handlers.message_handler",
    "JobHandler": "jobs.job_handler",
    "MapContext": "handlers.message_handler",
    "Message": "model.message",
    "MessageHandler": "handlers.message_handler",
    "Mutation": "clients.fluent.model",
    "Refresh": "handlers.message_handler",
    "RetryableError": "model.errors",
    "Skip": "model.errors",
    "Target": "mapping.rules.target",
    "UnprocessableError": "model.errors",
    "Update": "clients.commercetools.model",
    "Upsert": "clients.fluent.model",
}

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


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
