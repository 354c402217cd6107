"""A time stamping authority of one's own: certificates for a day, and answers by the openssl command."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

OPENSSL = shutil.which("openssl")
REPLY = "application/timestamp-reply"
DAY = timedelta(days=1)
CONFIG = """[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.2
digests = {digests}
ordering = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
tsa_name = yes
clock_precision_digits = 3
"""

Answer = tuple[int, dict[str, str], bytes]
Behaviour = Callable[[bytes], Answer]


@dataclass(frozen=True)
class Party:
    """Somebody with a key and a certificate, both also in files."""

    name: str
    key: Any
    certificate: x509.Certificate
    file: Path
    key_file: Path


def party(
    folder: Path, name: str, issuer: Party | None = None, *, stamps: bool = False, ended: int = -1, begun: int = 1,
    kind: str = "ec",
) -> Party:  # fmt: skip
    """Make a party whose certificate the issuer signs, or itself.

    Args:
        folder: for its files.
        name: in its certificate.
        issuer: who signs it.
        stamps: its certificate is for time stamps, and not for signing others.
        ended: days since it ended.
        begun: days since it began.
        kind: of key.
    """
    key: Any = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.COUNTRY_NAME, "NL")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - begun * DAY)
        .not_valid_after(now - ended * DAY)
        .add_extension(x509.BasicConstraints(ca=not stamps, path_length=None), critical=True)
    )
    if stamps:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return Party(name, key, certificate, file, key_file)


def openssl(*words: object) -> str:
    """What the openssl command prints."""
    assert OPENSSL is not None
    return subprocess.run([OPENSSL, *map(str, words)], capture_output=True, text=True, check=True).stdout


def reply(folder: Path, query: bytes, signer: Party, *, chain: Path | None = None, digests: str = "sha256") -> bytes:
    """What an authority answers to a query.

    Args:
        folder: for its files.
        query: bytes of the request.
        signer: whose key signs.
        chain: further certificates that it brings, in this order.
        digests: those that it takes.
    """
    files = {name: folder / name for name in ("config", "query", "answer")}
    files["config"].write_text(CONFIG.format(folder=folder, digests=digests))
    files["query"].write_bytes(query)
    if not (folder / "serial").exists():
        (folder / "serial").write_text("0A\n")
    words = ["-config", files["config"], "-queryfile", files["query"], "-out", files["answer"]]
    words += ["-signer", signer.file, "-inkey", signer.key_file, *(["-chain", chain] if chain else [])]
    openssl("ts", "-reply", *words)
    return files["answer"].read_bytes()
