from __future__ import annotations

import hashlib
import re
import socket
import sys
import time
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from whether.digest import canonical
from whether.errors import DamageError, RequestError, WorkError
from whether.stamp import Witness, check_token, stamp_at
from whether.stamp.post import LARGEST

if TYPE_CHECKING:
    from stamps import Party

    from conftest import Authority

    Parties = dict[str, Party]

pytest.importorskip("rfc3161_client", reason="the extra `stamp` is not installed here")

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from rfc3161_client import decode_timestamp_response
from stamps import REPLY, openssl, reply

from whether.stamp.cms import verify

DIGEST = hashlib.sha256(b"a registration").digest()
STILL = "`whether register` without a witness from outside still registers"


class TestStamped:
    def test_a_witness_says_who_and_when(self, authority: Authority, parties: Parties) -> None:
        before = datetime.now(UTC).replace(microsecond=0)
        found = stamp_at(authority.url, DIGEST, certificate=parties["root"].file)
        assert (found.kind, found.by, found.digest) == ("rfc3161", "stamps", DIGEST.hex())
        assert found.sha256 == hashlib.sha256(found.token).hexdigest()
        assert found.data["authority"] == authority.url
        said = datetime.fromisoformat(found.time)
        assert before <= said <= datetime.now(UTC)
        assert found.time.endswith("+00:00")

    def test_openssl_agrees(self, authority: Authority, parties: Parties, tmp_path: Path) -> None:
        found = stamp_at(authority.url, DIGEST, certificate=parties["root"].file)
        (tmp_path / "tsr").write_bytes(found.token)
        words = ["-digest", DIGEST.hex(), "-in", tmp_path / "tsr", "-CAfile", parties["root"].file]
        assert openssl("ts", "-verify", *words) == "Verification: OK\n"

    def test_what_is_asked(self, authority: Authority, tmp_path: Path) -> None:
        for _ in range(2):
            stamp_at(authority.url, DIGEST)
        shown = []
        for number, asked in enumerate(authority.asked):
            assert asked.headers["Content-Type"] == "application/timestamp-query"
            (tmp_path / f"{number}").write_bytes(asked.body)
            shown.append(openssl("ts", "-query", "-in", tmp_path / f"{number}", "-text"))
        assert "Hash Algorithm: sha256" in shown[0]
        assert "Certificate required: yes" in shown[0]
        bytes_shown = re.findall(r"[0-9a-f]{2}", " ".join(re.findall(r"0000 - (.*?)   |0010 - (.*?)   ", shown[0])[0]))
        assert bytes(int(each, 16) for each in bytes_shown) == DIGEST[:16]
        assert DIGEST in authority.asked[0].body
        nonces = {re.findall(r"Nonce: 0x([0-9A-F]+)", each)[0] for each in shown}
        assert len(nonces) == 2

    def test_a_chain_that_was_checked_needs_no_remark(self, authority: Authority, parties: Parties) -> None:
        found = stamp_at(authority.url, DIGEST, certificate=parties["root"].file)
        assert found.check(parties["root"].file) == []

    def test_without_a_root_the_remark_says_so(self, authority: Authority) -> None:
        [remark] = stamp_at(authority.url, DIGEST).check()
        assert "its chain was not checked" in remark
        assert "--authority-certificate FILE" in remark

    @pytest.mark.parametrize("rooted", [True, False])
    @pytest.mark.parametrize("signer", ["stamps", "rsa"])
    def test_kinds_of_keys(self, authority: Authority, parties: Parties, signer: str, rooted: bool) -> None:
        authority.stamps(parties[signer])
        assert stamp_at(authority.url, DIGEST, certificate=parties["root"].file if rooted else None).by == signer

    def test_a_root_may_be_der(self, authority: Authority, parties: Parties, tmp_path: Path) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        (tmp_path / "root.der").write_bytes(parties["root"].certificate.public_bytes(Encoding.DER))
        assert stamp_at(authority.url, DIGEST, certificate=tmp_path / "root.der").by == "stamps"

    def test_one_of_several_roots_does(self, authority: Authority, parties: Parties, tmp_path: Path) -> None:
        roots = [parties[name].file.read_bytes() for name in ("other", "root", "root")]
        (tmp_path / "roots.pem").write_bytes(b"".join(roots))
        found = stamp_at(authority.url, DIGEST, certificate=tmp_path / "roots.pem")
        assert found.check(tmp_path / "roots.pem") == []

    def test_certificates_in_any_order(self, authority: Authority, parties: Parties, tmp_path: Path) -> None:
        """OpenSSL does not sort them as DER would have it, and the library refuses that: of two orders at least one."""
        refused = 0
        for order in permutations(["root", "middle"]):
            chain = tmp_path / "-".join(order)
            chain.write_bytes(b"".join(parties[name].file.read_bytes() for name in order))
            authority.stamps(parties["below"], chain=chain)
            for certificate in (parties["root"].file, None):
                found = stamp_at(authority.url, DIGEST, certificate=certificate)
                assert found.by == "below"
            try:
                decode_timestamp_response(found.token)
            except ValueError as error:
                assert "InvalidSetOrdering" in str(error)  # noqa: PT017
                refused += 1
        assert refused >= 1

    def test_plain_values_there_and_back(self, authority: Authority, parties: Parties) -> None:
        found = stamp_at(authority.url, DIGEST)
        canonical(found.plain())
        assert Witness.from_plain(found.plain()) == found

    def test_nothing_is_asked_twice(self, authority: Authority) -> None:
        stamp_at(authority.url, DIGEST)
        assert len(authority.asked) == 1


def swapped(old: bytes, new: bytes) -> Any:
    def change(answer: bytes) -> bytes:
        assert old in answer
        return answer.replace(old, new)

    return change


class TestBadAnswers:
    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ((500, {}, b""), "it answered 500 .*RFC 3161 service"),
            ((404, {}, b"no such page"), "it answered 404 Not Found"),
            ((302, {"Location": "ftp://elsewhere/tsr"}, b""), "it sends on to ftp://elsewhere/tsr. If you trust"),
            ((307, {"Location": "http://127.0.0.1:1/tsr"}, b""), "it sends on to http://127.0.0.1:1/tsr"),
            ((200, {"Content-Type": "text/html"}, b"<html>"), f"it answered text/html, expected {REPLY}"),
            ((200, {"Content-Type": REPLY}, b""), "its bytes are no time stamp response"),
            ((200, {"Content-Type": REPLY}, b"\x30\x03\x02\x01\x00"), "its bytes are no time stamp response"),
            ((200, {"Content-Type": REPLY}, b"0" * (LARGEST + 2)), f"it answered more than {LARGEST} bytes"),
            ((200, {"Content-Type": REPLY, "Content-Length": "90"}, b"short"), "its bytes are no time stamp response"),
            # granted, and no token with it
            ((200, {"Content-Type": REPLY}, b"\x30\x05\x30\x03\x02\x01\x00"), "its bytes are no time stamp response"),
        ],
    )
    def test_is_told(self, authority: Authority, answer: Any, said: str) -> None:
        authority.behaviour = lambda query: answer
        with pytest.raises(WorkError, match=rf"no time stamp from {authority.url}: {said}(.|\n)*{STILL}"):
            stamp_at(authority.url, DIGEST, timeout=5)

    def test_nobody_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with socket.socket() as taken:  # bound, and nobody listens
            taken.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{taken.getsockname()[1]}/tsr"
            with pytest.raises(WorkError, match=f"it was not reached: .*refused.*{STILL}"):
                stamp_at(address, DIGEST)

    def test_silence(self, authority: Authority) -> None:
        authority.behaviour = lambda query: time.sleep(0.3) or (200, {}, b"")
        with pytest.raises(WorkError, match="it was not reached: timed out"):
            stamp_at(authority.url, DIGEST, timeout=0.1)

    def test_a_refusal(self, authority: Authority, parties: Parties) -> None:
        authority.stamps(parties["stamps"], digests="sha512")
        with pytest.raises(WorkError, match=r"the request was rejected; .*not supported.*another authority"):
            stamp_at(authority.url, DIGEST)

    @pytest.mark.parametrize("rooted", [True, False])
    @pytest.mark.parametrize(
        ("signer", "said"),
        [("expired", "had expired when it made the stamp"), ("early", "was not valid yet when it made the stamp")],
    )
    def test_out_of_its_time(
        self, authority: Authority, parties: Parties, signer: str, said: str, rooted: bool
    ) -> None:
        authority.stamps(parties[signer])
        with pytest.raises(WorkError, match=f"its certificate {said}"):
            stamp_at(authority.url, DIGEST, certificate=parties["root"].file if rooted else None)

    def test_another_root(self, authority: Authority, parties: Parties) -> None:
        file = parties["other"].file
        with pytest.raises(WorkError, match=f"does not lead to the root that you named. If {file} is not its root"):
            stamp_at(authority.url, DIGEST, certificate=file)

    def test_a_stamp_of_earlier(self, authority: Authority, parties: Parties) -> None:
        old = stamp_at(authority.url, DIGEST).token
        authority.behaviour = lambda query: (200, {"Content-Type": REPLY}, old)
        for certificate in (None, parties["root"].file):
            with pytest.raises(WorkError, match="it answers another request"):
                stamp_at(authority.url, DIGEST, certificate=certificate)

    def test_a_stamp_over_something_else(self, authority: Authority, parties: Parties) -> None:
        other = hashlib.sha256(b"another registration").digest()

        def behave(query: bytes) -> Any:
            asked = query.replace(DIGEST, other)
            return 200, {"Content-Type": REPLY}, reply(authority.folder, asked, parties["stamps"])

        authority.behaviour = behave
        with pytest.raises(WorkError, match=f"it is over another digest: {other.hex()}, expected .*{DIGEST.hex()}"):
            stamp_at(authority.url, DIGEST)

    @pytest.mark.parametrize("rooted", [True, False])
    def test_an_altered_time(self, authority: Authority, parties: Parties, rooted: bool) -> None:
        def another_second(answer: bytes) -> bytes:
            found = re.search(rb"\x18[\x0f-\x13]\d{13}(\d)", answer)
            assert found is not None
            at = found.start(1)
            return answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :]

        authority.stamps(parties["stamps"], another_second)
        with pytest.raises(WorkError, match="its signature does not hold: it was altered"):
            stamp_at(authority.url, DIGEST, certificate=parties["root"].file if rooted else None)

    @pytest.mark.parametrize("rooted", [True, False])
    def test_an_altered_stamp(self, authority: Authority, parties: Parties, rooted: bool) -> None:
        policy = bytes.fromhex("2a030401"), bytes.fromhex("2a030402")
        authority.stamps(parties["stamps"], swapped(*policy))
        with pytest.raises(WorkError, match="its signature does not hold"):
            stamp_at(authority.url, DIGEST, certificate=parties["root"].file if rooted else None)

    @pytest.mark.parametrize("rooted", [True, False])
    def test_a_signature_of_somebody_else(self, authority: Authority, parties: Parties, rooted: bool) -> None:
        authority.stamps(parties["stamps"], lambda answer: answer[:-1] + bytes([answer[-1] ^ 1]))
        with pytest.raises(WorkError, match="its signature does not hold"):
            stamp_at(authority.url, DIGEST, certificate=parties["root"].file if rooted else None)

    def test_a_certificate_for_something_else(self, authority: Authority, parties: Parties) -> None:
        stamping, answering = bytes.fromhex("2b06010505070308"), bytes.fromhex("2b06010505070309")
        authority.stamps(parties["stamps"], swapped(stamping, answering))
        with pytest.raises(WorkError, match="its certificate is not one for time stamps"):
            stamp_at(authority.url, DIGEST)


class TestBadRequests:
    @pytest.mark.parametrize(
        "address",
        [
            *("freetsa.org/tsr", "ftp://freetsa.org/tsr", "file:///etc/passwd", "http://", "https:///tsr", ""),
            *(
                "http://freetsa.org:99999/",
                "http://freetsa.org:x/",
                "http://free tsa.org/",
                "http://a\n.org/",
                "http://[",
            ),
        ],
    )
    def test_addresses(self, address: str) -> None:
        with pytest.raises(RequestError, match=re.escape(f"the authority is {address!r}; expected an address such as")):
            stamp_at(address, DIGEST)

    @pytest.mark.parametrize("address", ["https://ann:secret@example.org/tsr", "https://ann@example.org/tsr"])
    def test_a_password_is_not_put_into_the_ledger(self, address: str) -> None:
        with pytest.raises(RequestError, match="holds a name or a password") as caught:
            stamp_at(address, DIGEST)
        assert "ann" not in str(caught.value)

    def test_all_mistakes_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match=r"(?s)the authority is 'nobody'.*root.pem cannot be read: No such file"):
            stamp_at("nobody", DIGEST, certificate=tmp_path / "root.pem")

    @pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
    def test_a_file_without_certificate(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "root.pem").write_bytes(content)
        with pytest.raises(RequestError, match=r"root.pem holds no certificate: expected PEM"):
            stamp_at("https://example.org", DIGEST, certificate=tmp_path / "root.pem")

    def test_without_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "rfc3161_client", None)
        for ask in (lambda: stamp_at("https://example.org", DIGEST), lambda: check_token(b"", DIGEST)):
            with pytest.raises(RequestError, match=re.escape("pip install 'whether[stamp]'")):
                ask()

    @pytest.mark.parametrize("digest", [b"", DIGEST[:31], DIGEST.hex(), hashlib.sha512(b"").digest()])
    def test_only_a_sha256(self, digest: Any) -> None:
        with pytest.raises(ValueError, match="the 32 bytes of a SHA-256, got"):
            stamp_at("https://example.org", digest)


class TestChecked:
    def test_what_a_token_says(self, authority: Authority, parties: Parties) -> None:
        token = stamp_at(authority.url, DIGEST).token
        alone, rooted = check_token(token, DIGEST), check_token(token, DIGEST, certificate=parties["root"].file)
        assert (alone.by, alone.serial, alone.chain_checked, rooted.chain_checked) == ("stamps", 11, False, True)

    def test_of_another_digest(self, authority: Authority) -> None:
        token = stamp_at(authority.url, DIGEST).token
        with pytest.raises(DamageError, match=r"the time stamp does not hold: it is over another digest: .*Restore"):
            check_token(token, hashlib.sha256(b"").digest())

    def test_against_another_root(self, authority: Authority, parties: Parties) -> None:
        found = stamp_at(authority.url, DIGEST)
        with pytest.raises(DamageError, match=r"does not lead to the root that you named. See that .*other.pem is the"):
            found.check(parties["other"].file)

    @pytest.mark.parametrize("rooted", [True, False])
    def test_whatever_became_of_its_bytes_is_damage(self, authority: Authority, parties: Parties, rooted: bool) -> None:
        """No change makes the library or us fall over, and none changes what is said."""
        token, certificate = stamp_at(authority.url, DIGEST).token, parties["root"].file if rooted else None
        said, held = check_token(token, DIGEST, certificate=certificate), 0
        changed = [token[:at] for at in range(0, len(token), 29)]
        changed += [token[:at] + bytes([token[at] ^ 0x81]) + token[at + 1 :] for at in range(0, len(token), 5)]
        for each in changed:
            try:
                found = check_token(each, DIGEST, certificate=certificate)
            except DamageError:
                continue
            held += 1
            assert (found.time, found.serial) == (said.time, said.serial)
        # What is not signed may differ: without a chain the certificate itself, where it does not hold the key.
        assert held < len(changed) * (0.05 if rooted else 0.4)


class TestKeys:
    @pytest.mark.parametrize("kind", ["rsa", "pss", "ec", "ed25519"])
    def test_a_signature_holds_for_what_was_signed_only(self, kind: str) -> None:
        sha, pss = hashes.SHA384(), padding.PSS(padding.MGF1(hashes.SHA384()), 48)
        if kind in ("rsa", "pss"):
            private = rsa.generate_private_key(65537, 2048)
            signature = private.sign(b"said", pss if kind == "pss" else padding.PKCS1v15(), sha)
        elif kind == "ec":
            private = ec.generate_private_key(ec.SECP384R1())
            signature = private.sign(b"said", ec.ECDSA(sha))
        else:
            private = ed25519.Ed25519PrivateKey.generate()
            signature = private.sign(b"said")
        verify(Owner(private), signature, b"said", sha, padded=kind == "pss")
        with pytest.raises(InvalidSignature):
            verify(Owner(private), signature, b"not said", sha, padded=kind == "pss")

    def test_a_kind_that_is_not_known(self) -> None:
        key = x25519.X25519PrivateKey.generate()
        with pytest.raises(ValueError, match=r"its kind of key .*X25519.* is not known here"):
            verify(Owner(key), b"", b"", hashes.SHA256(), padded=False)


class Owner:
    """As much of a certificate as has a key."""

    def __init__(self, key: Any) -> None:
        self.public_key = key.public_key
