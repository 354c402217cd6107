"""What an outside witness left behind, of either kind: plain values for the ledger, and how they are checked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from whether.errors import DamageError

Kind = Literal["rfc3161", "git tag"]
KINDS: tuple[Kind, ...] = get_args(Kind)
RESTORE = "Restore the ledger from a copy of the lab; without one this witness shows nothing."
WITHOUT = "`whether register` without a witness from outside still registers the study, self-witnessed."

_FIELDS = ("by", "digest", "kind", "sha256", "time")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Witness:
    """Somebody outside the lab says that a digest stood at a time.

    Attributes:
        kind: "rfc3161" or "git tag".
        by: who says so: the name in the authority's certificate, or the tagger's.
        time: when, in UTC, ISO 8601: the authority's clock, or the tagger's.
        digest: SHA-256 of the registration, 64 hexadecimal digits.
        sha256: SHA-256 of the token's bytes, which enters the seeds of the study.
        data: what its kind needs to be checked again; "token" is the token, base64. Strings only.
    """

    kind: Kind
    by: str
    time: str
    digest: str
    sha256: str
    data: Mapping[str, str]

    @property
    def token(self) -> bytes:
        """The bytes of the token: an authority's whole answer, or a tag as git stores it.

        Raises:
            DamageError: when they are not those that were witnessed.
        """
        try:
            raw = base64.b64decode(self.data["token"], validate=True)
        except (KeyError, binascii.Error) as error:
            raise DamageError(f"the witness ({self.kind}, {self.by}) holds no token: {error}") from error
        if hashlib.sha256(raw).hexdigest() != self.sha256:
            raise DamageError(
                f"the token of the witness ({self.kind}, {self.by}) is not the one whose SHA-256 was registered: "
                f"expected {self.sha256}. {RESTORE}"
            )
        return raw

    def plain(self) -> dict[str, Any]:
        """Plain values, from which `from_plain` makes it again."""
        return {**{name: getattr(self, name) for name in _FIELDS}, "data": dict(self.data)}

    @staticmethod
    def from_plain(value: object) -> Witness:
        """The witness that plain values tell of; whether it speaks true is told by `check`.

        Raises:
            DamageError: when they are not what `plain` wrote.
        """
        wrong = _mistake(value)
        if wrong:
            raise DamageError(f"what the ledger says of a witness from outside cannot be read: {wrong}. {RESTORE}")
        assert isinstance(value, Mapping)
        return Witness(**{name: value[name] for name in _FIELDS}, data=dict(value["data"]))

    def check(
        self, certificate: Path | None = None, *, folder: Path | None = None, ask_remote: bool = True
    ) -> list[str]:
        """See that the token says what the witness says, over this digest.

        Args:
            certificate: the authority's root (PEM or DER), for an RFC 3161 token.
            folder: where the git repository is; the working directory when None.
            ask_remote: ask the git remote whether it still holds the tag. The address is the one in the witness, so
                a lab of a stranger names whom this machine speaks to.

        Returns:
            What could not be checked here, as sentences; empty when all was.

        Raises:
            DamageError: when the token is not what was registered or does not hold.
            RequestError: when the check needs what is not there: the extra `stamp`, the certificate's file.
        """
        if self.kind == "rfc3161":
            from whether.stamp.token import check_stamp

            return check_stamp(self, certificate)
        from whether.stamp.tag import check_tag

        return check_tag(self, folder=folder, ask_remote=ask_remote)


def witness(
    kind: Kind, raw: bytes, digest: bytes, *, by: str, time: str, data: Mapping[str, str] | None = None
) -> Witness:
    """A witness from the bytes of its token.

    Args:
        kind: which.
        raw: the token.
        digest: SHA-256 of the registration, 32 bytes.
        by: who says so.
        time: when, as `utc` writes it.
        data: what else its kind needs.
    """
    token = base64.b64encode(raw).decode("ascii")
    sha256 = hashlib.sha256(raw).hexdigest()
    return Witness(
        kind=kind, by=by, time=time, digest=digest.hex(), sha256=sha256, data={**(data or {}), "token": token}
    )


def check_digest(digest: bytes) -> bytes:
    """A digest as it is, when it has the length of a SHA-256.

    Raises:
        ValueError: when it has not.
    """
    if not isinstance(digest, bytes) or len(digest) != 32:
        raise ValueError(f"a witness is asked about the 32 bytes of a SHA-256, got {digest!r}")
    return digest


def utc(time: datetime) -> str:
    """A time in UTC as ISO 8601, so that such strings sort as the times do.

    Example:
        >>> utc(datetime.fromisoformat("2026-03-01T10:30:00+02:00"))
        '2026-03-01T08:30:00+00:00'
    """
    return time.astimezone(UTC).isoformat()


def _mistake(value: object) -> str:
    """What is wrong with plain values that should be a witness; empty when nothing."""
    if not isinstance(value, Mapping):
        return f"expected a mapping, got {type(value).__name__}"
    missing = [name for name in (*_FIELDS, "data") if name not in value]
    if missing:
        return f"it lacks {', '.join(missing)}"
    texts = [value[name] for name in _FIELDS]
    data = value["data"]
    if not isinstance(data, Mapping) or not all(isinstance(text, str) for text in (*texts, *data, *data.values())):
        return "its values are no strings"
    if value["kind"] not in KINDS:
        return f"its kind is {value['kind']!r}, known are {', '.join(KINDS)}"
    for name in ("digest", "sha256"):
        if not _SHA256.fullmatch(value[name]):
            return f"its {name} is {value[name]!r}, not 64 hexadecimal digits"
    try:
        zone = datetime.fromisoformat(value["time"]).tzinfo
    except ValueError:
        zone = None
    return "" if zone is not None else f"its time is {value['time']!r}, not a time with a zone in ISO 8601"
