from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_stamp_tag import planted

from whether.errors import DamageError, RequestError
from whether.stamp import tag_commit
from whether.stamp.git import Said
from whether.stamp.signature import meaning

if TYPE_CHECKING:
    from repositories import Repository

DIGEST = hashlib.sha256(b"a registration").digest()


class TestByGpg:
    def test_holds(self, gpg_repository: Repository) -> None:
        assert tag_commit(gpg_repository.folder, "study", DIGEST).check(folder=gpg_repository.folder) == []

    def test_under_other_words(self, gpg_repository: Repository) -> None:
        real = tag_commit(gpg_repository.folder, "study", hashlib.sha256(b"another").digest())
        forged = real.token.replace(real.digest.encode(), DIGEST.hex().encode())
        with pytest.raises(DamageError, match=r"the signature of the git tag study does not hold. Restore"):
            planted(gpg_repository, replace(real, digest=DIGEST.hex()), forged).check(folder=gpg_repository.folder)

    def test_by_a_key_that_is_not_known(
        self, gpg_repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = tag_commit(gpg_repository.folder, "study", DIGEST)
        monkeypatch.setenv("GNUPGHOME", str(tmp_path / "keyring of nobody"))
        (tmp_path / "keyring of nobody").mkdir(mode=0o700)
        [remark] = found.check(folder=gpg_repository.folder)
        assert "was not checked: its public key is not in the keyring of gpg" in remark

    def test_without_gpg(self, gpg_repository: Repository) -> None:
        found = tag_commit(gpg_repository.folder, "study", DIGEST)
        gpg_repository.git("config", "gpg.program", "/nowhere/gpg")
        [remark] = found.check(folder=gpg_repository.folder)
        assert "was not checked: fatal: cannot run /nowhere/gpg" in remark

    def test_without_a_key(self, gpg_repository: Repository) -> None:
        gpg_repository.git("config", "user.signingKey", "bob@example.org")
        with pytest.raises(RequestError, match=r"git did not sign a tag: error: gpg failed to sign the data.*ssh"):
            tag_commit(gpg_repository.folder, "study", DIGEST)
        assert gpg_repository.git("tag") == ""


@pytest.mark.parametrize(
    ("said", "remark"),
    [
        ("[GNUPG:] EXPKEYSIG 3C35 Ann Lee", "holds, but its key has expired since or was revoked"),
        ("[GNUPG:] REVKEYSIG 3C35 Ann Lee", "holds, but its key has expired since or was revoked"),
        ("[GNUPG:] ERRSIG 3C35 22 8 00 1 9\n[GNUPG:] NO_PUBKEY 3C35", "not in the keyring of gpg"),
        ('Good "git" signature with ED25519 key SHA256:ab\nNo principal matched.', "by the key SHA256:ab, but whose"),
        ("", "was not checked: it ended with 1"),
    ],
)
def test_words_that_are_no_proof_against_it(said: str, remark: str) -> None:
    [found] = meaning("study", Said(1, b"", said))
    assert remark in found


@pytest.mark.parametrize(
    "said", ["[GNUPG:] BADSIG 3C35 Ann Lee", "Could not verify signature.", "error: no signature found"]
)
def test_words_that_are(said: str) -> None:
    with pytest.raises(DamageError, match="the signature of the git tag study does not hold"):
        meaning("study", Said(1, said.encode(), ""))
