"""AWS Secrets Manager as moto serves it, on a free port of this machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import botocore.session
from moto.server import ThreadedMotoServer

PREFIX = "fc/connect/commercetools/"
SIGN_IN = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class SecretsManager:
    """Holds secrets under the vendor's names."""

    def __init__(self, url: str) -> None:
        self.url = url
        session = botocore.session.Session()
        session.set_credentials("test", "test")
        self._client = session.create_client(
            "secretsmanager", region_name="eu-west-1", endpoint_url=url
        )
        self._names: set[str] = set()

    @property
    def environ(self) -> Mapping[str, str]:
        """Return the variables by which a connector finds it."""
        return {**SIGN_IN, "FC_CREDENTIAL_ENDPOINT": self.url}

    def put(self, name: str, text: str) -> None:
        if name in self._names:
            self._client.put_secret_value(SecretId=PREFIX + name, SecretString=text)
        else:
            self._client.create_secret(Name=PREFIX + name, SecretString=text)
            self._names.add(name)

    def clear(self) -> None:
        for name in self._names:
            self._client.delete_secret(SecretId=PREFIX + name, ForceDeleteWithoutRecovery=True)
        self._names.clear()


@contextmanager
def served() -> Iterator[SecretsManager]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield SecretsManager(f"http://{host}:{port}")
    finally:
        server.stop()
