from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from repositories import make, on_push

from whether.digest import canonical
from whether.errors import DamageError, RequestError, WorkError
from whether.stamp import Witness, check_tag, seen_outside, tag_commit

if TYPE_CHECKING:
    from repositories import Repository

DIGEST = hashlib.sha256(b"a registration").digest()
NAME = "study/signs-1"
REF = f"refs/tags/{NAME}"
STILL = "`whether register` without a witness from outside still registers"


def planted(repository: Repository, real: Witness, raw: bytes) -> Witness:
    """A witness of a tag that somebody wrote himself, here and at the remote."""
    words = ("hash-object", "-t", "tag", "-w", "--stdin")
    made = repository.git(*words, stdin=raw.decode())
    repository.git(*words, stdin=raw.decode(), at=repository.remote)
    for place in (repository.folder, repository.remote):
        repository.git("update-ref", f"refs/tags/{real.data['tag']}", made, at=place)
    data = {**real.data, "object": made, "token": base64.b64encode(raw).decode()}
    return replace(real, sha256=hashlib.sha256(raw).hexdigest(), data=data)


class TestTagged:
    def test_a_witness_says_who_and_when(self, repository: Repository) -> None:
        before = datetime.now(UTC).replace(microsecond=0)
        found = tag_commit(repository.folder, NAME, DIGEST)
        assert (found.kind, found.by, found.digest) == ("git tag", "Ann Lee <ann@example.org>", DIGEST.hex())
        assert before <= datetime.fromisoformat(found.time) <= datetime.now(UTC)
        assert found.sha256 == hashlib.sha256(found.token).hexdigest()
        assert found.data["commit"] == repository.git("rev-parse", "HEAD")
        assert found.data["remote"] == str(repository.remote)
        assert found.data["object"] == repository.git("rev-parse", REF, at=repository.remote)

    def test_git_agrees(self, repository: Repository) -> None:
        tag_commit(repository.folder, NAME, DIGEST)
        repository.git("verify-tag", NAME)
        message = repository.git("tag", "--list", "--format=%(contents)", NAME)
        assert message.startswith(f"Registration of a study with Whether\n\nsha256 {DIGEST.hex()}\n")

    def test_nothing_else_is_changed(self, repository: Repository) -> None:
        repository.git("config", "push.followTags", "true")
        repository.git("tag", "--no-sign", "-a", "-m", "mine", "mine")
        repository.git("branch", "other")
        before = repository.everything()
        tag_commit(repository.folder, NAME, DIGEST)
        after = repository.everything()
        assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == {
            f"study/.git/{REF}",
            f"remote.git/{REF}",
        }

    def test_from_a_folder_within(self, repository: Repository) -> None:
        repository.git("remote", "set-url", "origin", "../remote.git")
        found = tag_commit(repository.folder / "lab", NAME, DIGEST)
        assert check_tag(found, folder=repository.folder / "lab") == []

    def test_another_remote(self, repository: Repository) -> None:
        repository.git("remote", "rename", "origin", "public")
        assert tag_commit(repository.folder, NAME, DIGEST, remote="public").check(folder=repository.folder) == []

    @pytest.mark.parametrize(
        ("address", "outside"),
        [
            ("https://example.org/ann/lab.git", True),
            ("ssh://git@example.org/lab.git", True),
            ("git@example.org:lab.git", True),
            ("/srv/git/lab.git", False),
            ("../remote.git", False),
            ("file:///srv/git/lab.git", False),
            ("ssh://git@localhost/lab.git", False),
            ("./with:colon", False),
        ],
    )
    def test_a_remote_on_this_machine_is_nobody_outside(
        self, repository: Repository, address: str, outside: bool
    ) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        said = seen_outside(replace(found, data={**found.data, "remote": address}))
        assert (said == []) == outside
        assert all(f"was pushed to {address}, on this machine: nothing shows" in one for one in said)

    def test_registering_says_so(self, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        from whether.cli.registering import _by_tag

        monkeypatch.chdir(repository.folder)
        found, remarks = _by_tag(NAME, DIGEST)
        assert remarks == seen_outside(found) != []

    def test_a_repository_with_longer_hashes(self, repository: Repository, tmp_path: Path) -> None:
        longer = make(tmp_path / "longer", repository.key, hashes="sha256")
        found = tag_commit(longer.folder, NAME, DIGEST)
        assert len(found.data["object"]) == 64
        assert found.check(folder=longer.folder) == []

    def test_plain_values_there_and_back(self, repository: Repository) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        canonical(found.plain())
        assert Witness.from_plain(found.plain()) == found

    def test_a_password_in_the_address_is_not_told(self, repository: Repository) -> None:
        repository.git("config", f"url.{repository.remote}.insteadOf", "https://ann:secret@example.org/lab.git")
        repository.git("remote", "set-url", "origin", "https://ann:secret@example.org/lab.git")
        assert tag_commit(repository.folder, NAME, DIGEST).data["remote"] == str(repository.remote)


class TestRefused:
    @pytest.mark.parametrize("name", ["", "-d", "a b", "a..b", "a.lock", "a/", "a~1", "a;b", "ä", "a\n", "@{", "a//b"])
    def test_names(self, repository: Repository, name: str) -> None:
        self._see(repository, rf"{re.escape(repr(name))} is no name for a git tag", name=name)

    def test_no_repository(self, no_settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
        (tmp_path / "empty").mkdir()
        with pytest.raises(RequestError, match=rf"there is no git repository at .*empty .*`git init` there. {STILL}"):
            tag_commit(tmp_path / "empty", NAME, DIGEST)

    def test_no_folder(self, repository: Repository) -> None:
        with pytest.raises(RequestError, match=r"there is no folder .*nowhere. A signed git tag needs git"):
            tag_commit(repository.folder / "nowhere", NAME, DIGEST)

    def test_no_git(self, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(repository.folder))
        with pytest.raises(RequestError, match=r"git is not installed. A signed git tag needs git and a repository"):
            tag_commit(repository.folder, NAME, DIGEST)

    def test_no_commit_and_no_remote_at_once(self, repository: Repository, tmp_path: Path) -> None:
        repository.git("init", "--quiet", tmp_path / "new")
        said = r"(?s)has no commit yet.*has no remote.*`git remote add origin ADDRESS`"
        with pytest.raises(RequestError, match=said):
            tag_commit(tmp_path / "new", NAME, DIGEST)

    def test_an_unknown_remote(self, repository: Repository) -> None:
        self._see(repository, r"unknown remote of the git repository 'orign'; did you mean 'origin'", remote="orign")

    def test_a_changed_file(self, repository: Repository) -> None:
        (repository.folder / "signs.py").write_text("yes = 2\n")
        self._see(repository, r"files differ from the commit that the tag would name: signs.py. Commit them and push")

    def test_a_commit_that_was_not_pushed(self, repository: Repository) -> None:
        repository.git("commit", "--quiet", "--no-gpg-sign", "--allow-empty", "-m", "More")
        self._see(repository, r"remote origin does not have the commit .*Push it first: `git push origin HEAD`")

    def test_a_commit_below_what_was_pushed_is_there(self, repository: Repository, tmp_path: Path) -> None:
        """Also where others pushed what this repository has never seen."""
        repository.git("clone", "--quiet", repository.remote, tmp_path / "theirs")
        theirs = ("-c", "user.name=Bob", "-c", "user.email=bob@example.org")
        repository.git(*theirs, "commit", "--quiet", "--allow-empty", "-m", "Other", at=tmp_path / "theirs")
        repository.git("push", "--quiet", "origin", "HEAD:other", at=tmp_path / "theirs")
        assert tag_commit(repository.folder, NAME, DIGEST).check(folder=repository.folder) == []

    def test_a_name_that_is_taken_here(self, repository: Repository) -> None:
        repository.git("tag", "--no-sign", NAME)
        self._see(repository, rf"there is a git tag {NAME} already, and it is left as it is")

    def test_a_name_that_is_taken_there(self, repository: Repository) -> None:
        repository.git("tag", NAME, "main", at=repository.remote)
        self._see(repository, rf"the git remote origin has a tag {NAME} already")

    def test_no_key(self, repository: Repository) -> None:
        repository.git("config", "--unset", "user.signingKey")
        self._see(repository, rf"git did not sign a tag: .*signingkey.*`git config gpg.format ssh`.*{STILL}")

    def test_a_key_that_is_not_there(self, repository: Repository) -> None:
        repository.git("config", "user.signingKey", "/nowhere/key")
        self._see(repository, r"git did not sign a tag: error: .*/nowhere/key.*`git config user.signingKey")

    def test_a_remote_that_is_not_reached(self, repository: Repository) -> None:
        repository.remote.rename(repository.remote.with_name("away"))
        with pytest.raises(WorkError, match=rf"git remote origin was not reached: .*Nothing was tagged. {STILL}"):
            tag_commit(repository.folder, NAME, DIGEST)
        assert repository.git("tag") == ""

    def test_a_remote_that_refuses(self, repository: Repository) -> None:
        on_push(repository, "pre-receive", "echo no tags of yours >&2", "exit 1")
        self._see(repository, rf"was not pushed to origin: .*declined.*taken away here again.*{STILL}", kind=WorkError)

    def test_a_remote_that_takes_and_forgets(self, repository: Repository) -> None:
        on_push(repository, "post-receive", f"git update-ref -d {REF}")
        self._see(repository, r"git pushed the tag .*, but origin does not show it. The tag was taken", kind=WorkError)

    def test_one_who_stops_the_push_leaves_no_tag(
        self, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stopped(*given: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("whether.stamp.tag._push", stopped)
        with pytest.raises(KeyboardInterrupt):
            tag_commit(repository.folder, NAME, DIGEST)
        assert repository.git("tag") == ""

    @staticmethod
    def _see(
        repository: Repository, said: str, name: str = NAME, remote: str | None = None, kind: type = RequestError
    ) -> None:
        """What is said, and that nothing was changed."""
        before = repository.everything()
        with pytest.raises(kind, match=said):
            tag_commit(repository.folder, name, DIGEST, remote=remote)
        assert repository.everything() == before


class TestChecked:
    def test_all_of_it(self, repository: Repository) -> None:
        assert tag_commit(repository.folder, NAME, DIGEST).check(folder=repository.folder) == []

    def test_in_the_working_directory(self, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        monkeypatch.chdir(repository.folder)
        assert found.check() == []

    def test_a_key_that_nobody_names(self, repository: Repository) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        repository.git("config", "--unset", "gpg.ssh.allowedSignersFile")
        [remark] = check_tag(found, folder=repository.folder)
        assert re.search(r"signature of the git tag .* holds, by the key SHA256:\S+, but whose that is", remark)

    def test_elsewhere(self, repository: Repository, tmp_path: Path) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        [remark] = check_tag(found, folder=tmp_path)
        assert re.search(r"the signature .* was not checked: it is in no repository at .*git fetch origin tag", remark)
        [remark] = check_tag(found, folder=tmp_path / "nowhere", ask_remote=False)
        assert re.search(r"the signature .* was not checked: there is no folder", remark)

    def test_a_remote_out_of_reach(self, repository: Repository) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        repository.remote.rename(repository.remote.with_name("away"))
        [remark] = check_tag(found, folder=repository.folder)
        assert re.search(r"whether .*remote.git still has the git tag .* was not checked: fatal: ", remark)
        assert check_tag(found, folder=repository.folder, ask_remote=False) == []

    def test_an_address_runs_no_command(self, repository: Repository, tmp_path: Path) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        repository.git("config", "protocol.ext.allow", "always")
        for address in (f"ext::touch {tmp_path}/made", f"--upload-pack=touch {tmp_path}/made"):
            [remark] = check_tag(replace(found, data={**found.data, "remote": address}), folder=repository.folder)
            assert "was not checked" in remark
        assert not (tmp_path / "made").exists()

    def test_gone_from_the_remote(self, repository: Repository) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        repository.git("tag", "-d", NAME, at=repository.remote)
        with pytest.raises(DamageError, match=r"was registered at .*remote.git, which does not have it any more. Push"):
            found.check(folder=repository.folder)

    def test_another_at_the_remote(self, repository: Repository) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        repository.git("tag", "-f", NAME, "main", at=repository.remote)
        with pytest.raises(DamageError, match=r"was registered at .*remote.git, which has [0-9a-f]{10} of that name"):
            found.check(folder=repository.folder)

    def test_moved_here(self, repository: Repository) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        repository.git("tag", "-f", "--no-sign", NAME, "HEAD")
        with pytest.raises(
            DamageError, match=rf"the git tag {NAME} was moved: .* `git fetch --force origin tag {NAME}`"
        ):
            found.check(folder=repository.folder)

    def test_another_digest(self, repository: Repository) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        with pytest.raises(DamageError, match=r"is not the one that was registered: digest 000.*not in its message"):
            replace(found, digest="0" * 64).check(folder=repository.folder)

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("by", "Bob <bob@example.org>", "tagger 'Bob <bob@example.org>' at"),
            ("time", "2020-01-01T00:00:00+00:00", "at 2020-01-01T00:00:00"),
        ],
    )
    def test_another_tagger_or_time(self, repository: Repository, field: str, value: str, said: str) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        with pytest.raises(DamageError, match=rf"is not the one that was registered: .*{said}"):
            replace(found, **{field: value}).check(folder=repository.folder)

    @pytest.mark.parametrize("field", ["tag", "commit", "object"])
    def test_other_data(self, repository: Repository, field: str) -> None:
        found = tag_commit(repository.folder, NAME, DIGEST)
        with pytest.raises(DamageError, match=rf"is not the one that was registered: {field} 'other'"):
            replace(found, data={**found.data, field: "other"}).check(folder=repository.folder)

    @pytest.mark.parametrize("known", [True, False])
    def test_a_signature_under_other_words(self, repository: Repository, known: bool) -> None:
        """A tag that somebody wrote himself, with the signature of a real one, at the remote too."""
        if not known:
            repository.git("config", "--unset", "gpg.ssh.allowedSignersFile")
        real = tag_commit(repository.folder, NAME, hashlib.sha256(b"another").digest())
        forged = real.token.replace(real.digest.encode(), DIGEST.hex().encode())
        with pytest.raises(DamageError, match=rf"the signature of the git tag {NAME} does not hold"):
            planted(repository, replace(real, digest=DIGEST.hex()), forged).check(folder=repository.folder)

    def test_no_signature(self, repository: Repository) -> None:
        real = tag_commit(repository.folder, NAME, DIGEST)
        bare = real.token.partition(b"-----BEGIN")[0]
        with pytest.raises(DamageError, match=rf"the signature of the git tag {NAME} does not hold"):
            planted(repository, real, bare).check(folder=repository.folder)

    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            (b"", "is not a git tag of a commit"),
            (b"\xff\xfe", "is not a git tag of a commit"),
            (b"object a\ntype tree\ntag t\ntagger A <a> 1 +0000\n\nm", "is not a git tag of a commit"),
            (b"object a\ntype commit\ntag t\ntagger A <a> 9999999999999999 +0000\n\nm", "has an impossible time"),
        ],
    )
    def test_a_token_that_is_no_tag(self, raw: bytes, said: str) -> None:
        data = {"token": base64.b64encode(raw).decode()}
        sha256 = hashlib.sha256(raw).hexdigest()
        found = Witness(kind="git tag", by="", time="", digest=DIGEST.hex(), sha256=sha256, data=data)
        with pytest.raises(DamageError, match=said):
            found.check(ask_remote=False)
