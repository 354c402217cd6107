"""The few things about a token's bytes that its library does not do.

`rfc3161-client` verifies a signature only along a chain up to a root. Where nobody named a root, `check_signature`
shows at least that the token was signed with the key of the certificate that it brings, and not altered since.

Source: RFC 5652, section 5.4: the signature is over the signed attributes, written as a SET, and one of these is the
digest of the content. RFC 3161.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm
    from cryptography.x509 import Certificate

_CERTIFICATES = 0xA0
_OPTIONAL = (_CERTIFICATES, 0xA1)  # and what is revoked
_SET = b"\x31"
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_PSS = bytes.fromhex("2a864886f70d01010a")
_HASHES = {bytes.fromhex(f"60864801650304020{n}"): name for n, name in enumerate(("SHA256", "SHA384", "SHA512"), 1)}


@dataclass(frozen=True)
class Element:
    """One element of DER: its tag, all its bytes, and those after tag and length."""

    tag: int
    whole: bytes
    content: bytes

    @property
    def parts(self) -> list[Element]:
        """The elements that it holds, one after the other.

        Raises:
            ValueError: when it holds something else.
        """
        found: list[Element] = []
        at = 0
        while at < len(self.content):
            found.append(element(self.content[at:]))
            at += len(found[-1].whole)
        return found


def element(data: bytes) -> Element:
    """The element with which some bytes begin.

    Raises:
        ValueError: when they begin with none, or end within it.

    Example:
        >>> element(bytes.fromhex("30030201079999")).parts[0].content
        b'\\x07'
    """
    if len(data) < 2 or data[1] == 0x80:
        raise ValueError("its bytes are no DER")
    start = 2 + (data[1] & 0x7F if data[1] > 0x80 else 0)
    length = data[1] if start == 2 else int.from_bytes(data[2:start], "big")
    whole = data[: start + length]
    if len(whole) != start + length:
        raise ValueError("its bytes end too early")
    return Element(data[0], whole, whole[start:])


def in_order(answer: bytes) -> bytes:
    """An authority's answer with its certificates in the order that DER wants and the library insists on.

    OpenSSL, and authorities built on it, write them in the order of their file. Neither is what was signed.

    Args:
        answer: all bytes of it; what is no answer comes back as it is.
    """
    try:
        certificates = next(part for part in _signed_data(answer) if part.tag == _CERTIFICATES)
        ordered = b"".join(sorted(part.whole for part in certificates.parts))
    except (ValueError, IndexError, StopIteration):
        return answer
    return answer.replace(certificates.content, ordered, 1)


def check_signature(answer: bytes, signer: Certificate) -> None:
    """See that an answer's token was signed with the key of a certificate and not altered since.

    Args:
        answer: all bytes of it.
        signer: the certificate, whatever it is worth.

    Raises:
        ValueError: it was not, or it is not signed in a way that is known here.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes

    try:
        _version, _digests, content, signers = (part for part in _signed_data(answer) if part.tag not in _OPTIONAL)
        _version, _name, digest, attributes, way, signature = signers.parts[0].parts[:6]
        stamped = content.parts[1].parts[0].content
        said = {each.parts[0].content: each.parts[1].parts[0].content for each in attributes.parts}
        name, padded = _HASHES.get(digest.parts[0].content), way.parts[0].content == _PSS
    except (ValueError, IndexError) as error:
        raise ValueError("its bytes are no signed message") from error
    if name is None:
        raise ValueError("it is signed over a digest that is none of SHA-256, SHA-384 and SHA-512")
    algorithm: hashes.HashAlgorithm = getattr(hashes, name)()
    counted = hashes.Hash(algorithm)
    counted.update(stamped)
    try:
        if counted.finalize() != said.get(_MESSAGE_DIGEST):
            raise InvalidSignature
        verify(signer, signature.content, _SET + attributes.whole[1:], algorithm, padded=padded)
    except InvalidSignature as error:
        raise ValueError("its signature does not hold: it was altered, or signed by somebody else") from error


def verify(signer: Certificate, signature: bytes, data: bytes, algorithm: HashAlgorithm, *, padded: bool) -> None:
    """Verify a signature with the key of a certificate, in the way that its kind of key has.

    Args:
        signer: the certificate.
        signature: what its key is said to have made.
        data: of these bytes.
        algorithm: the hash, but for Ed25519, which has its own.
        padded: whether RSA pads at random (PSS).

    Raises:
        InvalidSignature: its key did not.
        ValueError: the kind of key is not known here.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    try:
        key = signer.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"the key of its certificate cannot be used ({error})") from error
    if isinstance(key, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
        key.verify(signature, data, pss if padded else padding.PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(algorithm))
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
    else:
        raise ValueError(f"its kind of key ({type(key).__name__}) is not known here")


def _signed_data(answer: bytes) -> list[Element]:
    """What an answer's token holds: version, digests, content, certificates, signers.

    Raises:
        ValueError, IndexError: when it holds no token.
    """
    token = element(answer).parts[1]
    return token.parts[1].parts[0].parts
