"""RSA signatures, PKCS #1 v1.5 (RFC 8017, 8.2), and the keys and certificates that prove them.

Imported where a door needs it: what it loads takes 12 MB.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from functools import partial

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import MD5, SHA1, SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from fluent_connect.ingest.verify.certificate import Certificate, Digest, Signed
from fluent_connect.model.errors import ConfigError, MalformedError

_HASHES: Mapping[Digest, type[HashAlgorithm]] = {
    "md5": MD5,  # An older header of Fluent's; only where it is asked for.
    "sha1": SHA1,
    "sha256": SHA256,
    "sha512": SHA512,
}
_PADDING = PKCS1v15()
_WEAKEST = 1024
_PEM = b"-----BEGIN CERTIFICATE-----"
_PEM_END = b"-----END CERTIFICATE-----"


def holds(key: RSAPublicKey, signature: bytes, signed: bytes, digest: Digest) -> bool:
    """Say whether the key's owner signed exactly this."""
    try:
        key.verify(signature, signed, _PADDING, _HASHES[digest]())
    except InvalidSignature:
        return False
    return True


def by_key(text: str) -> Signed:
    """Return what tells the signatures of a key that stands in PEM or in bare base64.

    Raise ConfigError if it is none.
    """
    bare = "".join(line for line in text.split() if line)
    try:
        if "-----BEGIN" in text:
            key = load_pem_public_key(text.strip().encode())
        else:
            key = load_der_public_key(base64.b64decode(bare, validate=True))
    except (ValueError, binascii.Error) as error:
        raise ConfigError(
            "a Fluent webhook key is an X.509 public key in base64 or PEM, and this is not"
        ) from error
    if not isinstance(key, RSAPublicKey) or key.key_size < _WEAKEST:
        raise ConfigError(f"a Fluent webhook key is an RSA key of at least {_WEAKEST} bits")
    return partial(holds, key)


def certificate(body: bytes) -> Certificate:
    """Return the one certificate that stands in PEM. Raise MalformedError for anything else."""
    text = body.strip()
    whole = text.startswith(_PEM) and text.endswith(_PEM_END) and text.count(b"-----") == 4  # noqa: PLR2004
    if not whole:
        raise MalformedError("not exactly one certificate in PEM")
    try:
        read = x509.load_pem_x509_certificate(text)
        key = read.public_key()
        names = frozenset(_names(read))
    except (ValueError, TypeError) as error:
        raise MalformedError(f"no certificate: {error}") from error
    if not isinstance(key, RSAPublicKey):
        raise MalformedError("a certificate of another kind of key than RSA")
    begins, ends = read.not_valid_before_utc, read.not_valid_after_utc
    return Certificate(text, names, partial(holds, key), begins.timestamp(), ends.timestamp())


def _names(read: x509.Certificate) -> Iterator[str]:
    """Yield whom the certificate names: its alternative names, else its common name."""
    try:
        told = read.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        for each in read.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
            yield str(each.value)
        return
    yield from told.value.get_values_for_type(x509.DNSName)
