"""Ask an authority for a time stamp (RFC 3161)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from whether.errors import RequestError, WorkError, gather
from whether.stamp.token import TokenError, need_library, read_certificates, read_token
from whether.stamp.witness import WITHOUT, Witness, check_digest, witness

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def stamp_at(authority: str, digest: bytes, *, certificate: Path | None = None, timeout: float = 30.0) -> Witness:
    """Have an authority say that a digest is there now.

    Args:
        authority: its address, http or https.
        digest: SHA-256, 32 bytes. The authority learns nothing else.
        certificate: the authority's root, or several, PEM or DER. Without it the chain is not checked, and `check` of
            the witness says so.
        timeout: seconds of silence after which to give up.

    Raises:
        RequestError: the address or the certificate is none, or the extra `stamp` is not installed.
        WorkError: the authority was not reached, refused, or answered something else than was asked.
    """
    check_digest(digest)
    gather(need_library, lambda: check_address(authority), lambda: _roots(certificate))
    roots = _roots(certificate)
    query, nonce = _query(digest)
    from whether.stamp.post import no_stamp, post

    token = post(authority, query, timeout)
    try:
        stamped = read_token(token, digest, roots=roots, nonce=nonce)
    except TokenError as error:
        hint = f" If {certificate} is not its root, name the right one with --authority-certificate." if roots else ""
        raise no_stamp(authority, f"{error}.{hint} Ask again, or another authority.") from error
    return witness("rfc3161", token, digest, by=stamped.by, time=stamped.time, data={"authority": authority})


def check_address(authority: str) -> None:
    """See that an authority's address is one that can be asked.

    Raises:
        RequestError: what is wrong with it.
    """
    try:
        parts = urlsplit(authority)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or any(letter.isspace() or not letter.isprintable() for letter in authority):
        raise RequestError(f"the authority is {authority!r}; expected an address such as https://freetsa.org/tsr.")
    if parts.username is not None or parts.password is not None:
        raise RequestError(
            "the authority's address holds a name or a password, which would stand in the ledger for everybody to "
            "read. Authorities that ask for one are not supported; expected an address such as "
            "https://freetsa.org/tsr."
        )


def _query(digest: bytes) -> tuple[bytes, int]:
    """The bytes of a request for a stamp over a digest, and the number that must come back."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder().data(digest).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    # The builder hashes what it is given. The stamp shall be over the digest itself, as others will look for it there.
    query = request.as_bytes().replace(hashlib.sha256(digest).digest(), digest, 1)
    if request.nonce is None or digest not in query:
        raise WorkError(f"rfc3161-client built a request that is not over the digest it was given. {WITHOUT}")
    return query, request.nonce


def _roots(certificate: Path | None) -> list[Certificate]:
    return read_certificates(certificate) if certificate else []
