"""Fluent's own codes for what it refuses (fluent-api.md 2, Errors)."""

from typing import Any

from graphql import GraphQLError

BODY_401 = {
    "errors": [
        {
            "code": "401",
            "message": "Invalid user, Authorization header value does not belong to a valid user",
        }
    ]
}


class RefusedMutationError(GraphQLError):
    """A field that is refused, with the platform's code."""

    def __init__(self, code: str | None, message: str) -> None:
        extensions: dict[str, Any] = {"classification": "DataFetchingException"}
        super().__init__(message, extensions=extensions | ({"code": code} if code else {}))
        self.code = code


class NotImplementedHereError(GraphQLError):
    """Something that Fluent can do and the sandbox cannot."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not implemented in the sandbox: {what}")


def missing(entity: str, ref: object, catalogue: str = "") -> RefusedMutationError:
    """Refuse a reference to what does not exist, naming entity and ref."""
    where = f" in catalogue '{catalogue}'" if catalogue else ""
    return RefusedMutationError("C0120E", f"{entity} with ref '{ref}' was not found{where}.")


def exists(entity: str, ref: str) -> RefusedMutationError:
    """Refuse a second entity of one ref."""
    code = "C0121E" if entity == "order" else "C0123E"
    text = f"Unique constraint violated: {entity} with ref '{ref}' already exists."
    return RefusedMutationError(code, text)
