"""commercetools' own words for what it refuses."""

from typing import Any

from fluent_connect.sandbox.door import Answer, encode


class RefusedRequestError(Exception):
    """A request that is refused, with the platform's status, code and extra fields."""

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.extra = extra

    def answer(self) -> Answer:
        """Answer as the platform does (commercetools.md 3.1)."""
        return error(self.status, self.code, str(self), **self.extra)


def error(status: int, code: str, message: str, **extra: Any) -> Answer:
    """Answer an error body of the platform."""
    body: dict[str, Any] = {
        "statusCode": status,
        "message": message,
        "errors": [{"code": code, "message": message, **extra}],
    }
    if status in {401, 403}:
        body |= {"error": code, "error_description": message}
    return Answer(status=status, body=encode(body))


def invalid(message: str, code: str = "InvalidInput", **extra: Any) -> RefusedRequestError:
    """Refuse an input for good."""
    return RefusedRequestError(400, code, message, **extra)


def not_implemented(what: str) -> RefusedRequestError:
    """Refuse what the platform can do and the sandbox cannot."""
    return RefusedRequestError(501, "NotImplemented", f"not implemented in the sandbox: {what}")


def not_found(what: str) -> RefusedRequestError:
    """Refuse a resource that is not there."""
    message = f"The Resource with ID '{what}' was not found."
    return RefusedRequestError(404, "ResourceNotFound", message)
