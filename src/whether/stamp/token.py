"""A time stamp token of RFC 3161: what it says, and whether it says it of a digest.

The token is kept as the authority's whole answer, so that others can check it without Whether:
`openssl ts -verify -digest HEX -in ANSWER -CAfile ROOT`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from whether.errors import DamageError, RequestError
from whether.stamp.cms import check_signature, in_order
from whether.stamp.witness import RESTORE, Witness, check_digest, utc

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

SHA256 = "2.16.840.1.101.3.4.2.1"
_REFUSALS = {2: "rejected", 3: "still waiting", 4: "about to be revoked", 5: "revoked"}
_REASONS = (  # what OpenSSL says, and what it means
    ("expired", "its certificate had expired when it made the stamp"),
    ("not yet valid", "its certificate was not valid yet when it made the stamp"),
    ("local issuer", "its certificate does not lead to the root that you named"),
    ("self-signed certificate in", "its certificate does not lead to the root that you named"),
    ("self-signed certificate", "its certificate is signed by itself only, and is not the root that you named"),
    ("EKU", "its certificate is not one for time stamps"),
    ("purpose", "its certificate is not one for time stamps"),
    ("digest failure", "its signature does not hold: it was altered"),
    ("signature failure", "its signature does not hold: it was altered, or signed by somebody else"),
)


class TokenError(Exception):
    """What is wrong with a token, as the end of a sentence."""


@dataclass(frozen=True, kw_only=True)
class Stamped:
    """What a time stamp token says.

    Attributes:
        time: when the digest was there, by the authority's clock: UTC, ISO 8601.
        by: the authority's name in its certificate.
        serial: the number that the authority gave this token.
        chain_checked: whether the certificate leads to a root that was named. If not, anybody may have made it.
    """

    time: str
    by: str
    serial: int
    chain_checked: bool


def check_token(token: bytes, digest: bytes, *, certificate: Path | None = None) -> Stamped:
    """See that a token is a time stamp over a digest.

    Args:
        token: an authority's answer, all bytes.
        digest: SHA-256, 32 bytes.
        certificate: the authority's root, or several, PEM or DER. Without it the signature is checked against the
            certificate within the token, and nobody says whose that is.

    Raises:
        DamageError: it is no such token.
        RequestError: the extra `stamp` is not installed, or the certificate cannot be read.
    """
    check_digest(digest)
    need_library()
    roots = read_certificates(certificate) if certificate else []
    try:
        return read_token(token, digest, roots=roots)
    except TokenError as error:
        hint = f" See that {certificate} is the root of the authority that made it." if certificate else ""
        raise DamageError(f"the time stamp does not hold: {error}.{hint} {RESTORE}") from error


def check_stamp(witness: Witness, certificate: Path | None = None) -> list[str]:
    """Check a witness of kind "rfc3161"; arguments, result and errors are those of `Witness.check`."""
    stamped = check_token(witness.token, bytes.fromhex(witness.digest), certificate=certificate)
    for name, said, is_said in (("time", witness.time, stamped.time), ("authority", witness.by, stamped.by)):
        if said != is_said:
            raise DamageError(f"the {name} of the time stamp is {is_said!r}, but {said!r} was registered. {RESTORE}")
    if stamped.chain_checked:
        return []
    return [
        f"the time stamp of {stamped.by} is whole, but its chain was not checked: anybody can make a certificate of "
        "that name. Name the authority's root with --authority-certificate FILE."
    ]


def read_token(token: bytes, digest: bytes, *, roots: Sequence[Certificate] = (), nonce: int | None = None) -> Stamped:
    """What a token says, once it was seen to be a token over a digest.

    Args:
        token: an authority's answer.
        digest: SHA-256, 32 bytes.
        roots: which to trust; without any the chain is not checked.
        nonce: what was asked with, or None when that is not known any more.

    Raises:
        TokenError: it is no such token.
    """
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    with _reading():
        answer = decode_timestamp_response(in_order(token))
        if answer.status != 0:
            said = "; ".join([_REFUSALS.get(answer.status, f"granted with changes ({answer.status})"), *_words(answer)])
            raise TokenError(f"the request was {said}")
        stamp = answer.tst_info
        imprint = stamp.message_imprint
        if imprint.hash_algorithm.dotted_string != SHA256 or imprint.message != digest:
            raise TokenError(f"it is over another digest: {imprint.message.hex()}, expected the SHA-256 {digest.hex()}")
        if nonce is not None and stamp.nonce != nonce:
            raise TokenError("it answers another request: the number that was sent with it did not come back")
        signer = _signer(answer)
        if roots:
            try:
                VerifierBuilder(roots=list(roots), nonce=nonce).build().verify(answer, digest)
            except VerificationError as error:
                raise TokenError(_meaning(str(error))) from error
        else:
            _check_alone(token, signer, stamp.gen_time)
        time, checked = utc(stamp.gen_time), bool(roots)
        return Stamped(time=time, by=_name(signer), serial=stamp.serial_number, chain_checked=checked)


def need_library() -> None:
    """See that the extra is installed.

    Raises:
        RequestError: how to install it.
    """
    try:
        import rfc3161_client  # noqa: F401
    except ImportError as error:
        raise RequestError(
            "time stamps need rfc3161-client, which is not installed: pip install 'whether[stamp]'. A signed git tag "
            "is a witness that needs nothing but git."
        ) from error


def read_certificates(file: Path) -> list[Certificate]:
    """The certificates in a file: PEM, one or several, or one in DER.

    Raises:
        RequestError: there are none.
    """
    need_library()
    from cryptography import x509

    try:
        raw = file.read_bytes()
        pem = b"-----BEGIN" in raw
        found = x509.load_pem_x509_certificates(raw) if pem else [x509.load_der_x509_certificate(raw)]
    except OSError as error:
        raise RequestError(f"the authority's certificate {file} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise RequestError(
            f"{file} holds no certificate: expected PEM (-----BEGIN CERTIFICATE-----) or DER, as authorities offer "
            "their root for download."
        ) from error
    return list(dict.fromkeys(found))


@contextmanager
def _reading() -> Iterator[None]:
    """Whatever the library makes of bytes that are no token becomes one kind of error."""
    try:
        yield
    except TokenError:
        raise
    except Exception as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TokenError(f"its bytes are no time stamp response ({said})") from error


def _signer(answer: TimeStampResponse) -> Certificate:
    """The certificate with whose key a token says it is signed."""
    from cryptography import x509

    brought = [x509.load_der_x509_certificate(each) for each in answer.signed_data.certificates]
    signers = answer.signed_data.signer_infos
    if len(signers) != 1:
        raise TokenError(f"it has {len(signers)} signatures, expected one")
    signer = signers.pop()
    for each in brought:
        if (each.issuer, each.serial_number) == (signer.issuer, signer.serial_number):
            return each
    raise TokenError("it does not bring the certificate that it is signed with")


def _check_alone(token: bytes, signer: Certificate, time: datetime) -> None:
    """See that a token is signed with the key of its own certificate, and that this is one for time stamps."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    if not signer.not_valid_before_utc <= time <= signer.not_valid_after_utc:
        raise TokenError(_meaning("expired" if time > signer.not_valid_after_utc else "not yet valid"))
    try:
        uses = list(signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        uses = []
    if ExtendedKeyUsageOID.TIME_STAMPING not in uses:
        raise TokenError(_meaning("EKU"))
    try:
        check_signature(token, signer)
    except ValueError as error:
        raise TokenError(str(error)) from error


def _meaning(said: str) -> str:
    """What the library's words on a failed verification mean."""
    known = next((meaning for word, meaning in _REASONS if word in said), "")
    reason = re.findall(r'(?:Verify error: |reason: ")([^"]+)', said)
    return known or f"its signature or its certificate does not hold ({reason[-1] if reason else said})"


def _words(answer: TimeStampResponse) -> list[str]:
    return [str(word) for word in answer.status_string]


def _name(certificate: Certificate) -> str:
    """Whose certificate it is, in a word for people."""
    from cryptography.x509 import NameOID

    common = [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return common[0] if common else certificate.subject.rfc4514_string()
