"""A client of both sandbox APIs, and inputs for Fluent."""

import base64
from collections.abc import Mapping
from typing import Any

import aiohttp

from fluent_connect.sandbox.servers import Sandbox

CATALOGUE = {"ref": "DEFAULT:1"}


class Caller:
    """Calls both APIs with the tokens of their sandbox."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session
        self._tokens: dict[str, str] = {}

    async def sign_in(self) -> None:
        basic = "Basic " + base64.b64encode(b"sandbox:sandbox").decode()
        form = {"grant_type": "client_credentials"}
        url = f"{self.sandbox.commercetools_url}/oauth/token"
        async with self.session.post(url, data=form, headers={"Authorization": basic}) as answer:
            self._tokens["commercetools"] = (await answer.json())["access_token"]
        _, body = await self.fluent_token()
        self._tokens["fluent"] = body["access_token"]

    async def fluent_token(self, **form: str) -> tuple[int, Any]:
        defaults = {
            "grant_type": "password",
            "username": "sandbox",
            "password": "sandbox",
            "client_id": "SANDBOX",
            "client_secret": "sandbox",
            "scope": "api",
        }
        url = f"{self.sandbox.fluent_url}/oauth/token"
        async with self.session.post(url, data={**defaults, **form}) as answer:
            return answer.status, await answer.json()

    async def ct(
        self, method: str, path: str, body: object = None, **query: Any
    ) -> tuple[int, Any]:
        url = f"{self.sandbox.commercetools_url}/sandbox/{path}"
        headers = {"Authorization": f"Bearer {self._tokens['commercetools']}"}
        async with self.session.request(
            method, url, json=body, params=query, headers=headers
        ) as answer:
            return answer.status, await answer.json()

    async def graphql(self, query: str, **variables: Any) -> Any:
        status, body = await self.graphql_status(query, **variables)
        assert status == 200, body
        return body

    async def graphql_status(self, query: str, **variables: Any) -> tuple[int, Any]:
        return await self.fluent("POST", "graphql", {"query": query, "variables": variables})

    async def fluent(
        self, method: str, path: str, body: object = None, **query: Any
    ) -> tuple[int, Any]:
        url = f"{self.sandbox.fluent_url}/{path}"
        headers = {"Authorization": f"Bearer {self._tokens['fluent']}"}
        async with self.session.request(
            method, url, json=body, params=query, headers=headers
        ) as answer:
            return answer.status, await answer.json()

    async def mutate(
        self, name: str, given: Mapping[str, Any], shown: str = "id ref status"
    ) -> Any:
        type_ = name[0].upper() + name[1:] + "Input"
        text = f"mutation($input: {type_}) {{ {name}(input: $input) {{ {shown} }} }}"
        return await self.graphql(text, input=given)

    async def made(self, name: str, given: Mapping[str, Any], shown: str = "id ref status") -> Any:
        body = await self.mutate(name, given, shown)
        assert "errors" not in body, body
        return body["data"][name]


def customer(username: str = "u1", **more: Any) -> dict[str, Any]:
    given = {"username": username, "primaryEmail": "a@example.com", "timezone": "UTC"}
    return {**given, "promotionOptIn": False, "retailer": {"id": "1"}, **more}


def category(ref: str = "c1", **more: Any) -> dict[str, Any]:
    return {"ref": ref, "type": "DEFAULT", "name": ref, "catalogue": CATALOGUE, **more}


def product(ref: str = "P1", **more: Any) -> dict[str, Any]:
    return {**category(ref), "gtin": ref, **more}


def order(customer_id: str, ref: str = "O1", **more: Any) -> dict[str, Any]:
    item = {"ref": "l1", "productRef": "V1", "productCatalogueRef": "DEFAULT:1", "quantity": 2}
    return {
        "ref": ref,
        "type": "HD",
        "retailer": {"id": "1"},
        "customer": {"id": customer_id},
        "items": [item],
        **more,
    }


def code(body: Any) -> str | None:
    found: str | None = body["errors"][0].get("extensions", {}).get("code")
    return found
