from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from merge_cases import FailingError, at, chain_of, contents, fetched, forget, push, to, writes
from store_cases import CHILD, FAILED, PARENT, age, answer_folder, flip

from whether.digest import digest
from whether.errors import DamageError, RequestError, WorkError
from whether.store import Near, Store, clean, merge, quarantine, verify
from whether.store.folder import MARK
from whether.store.reach import is_plain


class TestCarrying:
    def test_everything_travels_byte_for_byte_but_work_and_last(self, filled: Store, url: str, tmp_path: Path) -> None:
        filled.work.write("piece", b"step 500")
        answer_folder(filled).write("figures/accuracy.svg", b"<svg>")
        told: list[tuple[int, int]] = []
        merged = merge(Near(filled), at(url), lambda done, of: told.append((done, of)))
        assert [merged.records, merged.states, merged.profiles, merged.entries, merged.answers] == [3, 3, 1, 3, 1]
        assert told == [(1, 3), (2, 3), (3, 3)]
        stays = ("work/", "answers/last", "answers/.publish.lock")
        theirs = {where: raw for where, raw in contents(str(filled.root)).items() if not where.startswith(stays)}
        assert contents(url) == theirs
        assert merged.bytes == sum(
            len(raw) for where, raw in contents(url).items() if where.split("/")[0] not in ("ledger", "lab.json")
        )
        assert verify(fetched(url, tmp_path / "looked at")) == []

    def test_again_there_is_nothing_to_do(self, filled: Store, url: str) -> None:
        push(filled, url)
        before = contents(url)
        merged = push(filled, url)
        assert [merged.records, merged.states, merged.bytes, merged.entries, merged.answers] == [0] * 5
        assert merged.alike == 3
        assert contents(url) == before

    def test_there_and_back(self, filled: Store, url: str, tmp_path: Path) -> None:
        push(filled, url)
        back = Store.find(tmp_path / "back")
        merged = merge(at(url, create=False), Near(back))
        assert merged.records == 3
        assert verify(back) == []
        assert back.answers.latest() is None
        assert back.states.read(CHILD, filled.records.read(CHILD)["state"]["sha256"]) == b"child's weights"

    def test_what_each_has_the_other_gets(self, filled: Store, other: Store) -> None:
        chain = chain_of(other, 3, "other")
        assert to(filled, other) == [3, 3, 3, 0]
        assert to(other, filled) == [4, 3, 0, 0]
        assert (
            filled.records.listing()
            == other.records.listing()
            == {PARENT, CHILD, FAILED, *chain} | {digest(["other", "measure"])}
        )
        assert verify(filled) == verify(other) == []

    def test_whenever_it_is_cut_off_the_lab_is_sound_and_the_next_goes_on(
        self, filled: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chain_of(filled, 2, "more")
        tries = 0
        for _ in writes(monkeypatch):
            target = url.replace("/other", f"/other{tries}")
            with contextlib.suppress(FailingError, WorkError, RequestError):
                push(filled, target)
            assert verify(fetched(target, tmp_path / f"cut {tries}")) == []
            push(filled, target)
            assert verify(fetched(target, tmp_path / f"whole {tries}")) == []
            assert sum(where.startswith(("records/", "states/")) for where in contents(target)) == 11
            tries += 1
        assert tries > 15

    def test_a_state_that_a_killed_command_left_there_is_made_the_right_one(self, filled: Store, url: str) -> None:
        at(url).publish(f"states/{CHILD[:2]}/{CHILD}.safetensors", b"other weights, without a record")
        push(filled, url)
        assert contents(url)[f"states/{CHILD[:2]}/{CHILD}.safetensors"] == b"child's weights"

    def test_what_was_dropped_here_travels_as_a_record(self, filled: Store, url: str, tmp_path: Path) -> None:
        clean(filled, {CHILD}, dry_run=False)
        merged = push(filled, url)
        assert [merged.records, merged.states, merged.damaged] == [3, 1, []]
        assert verify(fetched(url, tmp_path / "looked at")) == []

    def test_what_was_dropped_there_is_put_back(self, filled: Store, other: Store) -> None:
        to(filled, other)
        clean(other, set(), dry_run=False)
        assert to(filled, other) == [0, 3, 0, 0]
        assert verify(other) == []

    def test_temporaries_and_strangers_stay(self, filled: Store, url: str) -> None:
        for where in ("records/ab/notes.txt", f"records/{CHILD}.json", "states/x", "ledger/README", "profiles/mine"):
            (filled.root / where).parent.mkdir(exist_ok=True)
            (filled.root / where).write_text("{}")
        for name in (".DS_Store", ".answer.json.1-aa.partial", "what?.txt"):
            (answer_folder(filled).path / name).write_text("")
        push(filled, url)
        assert len(contents(url)) == 1 + 3 + 3 + 3 + 1 + 1  # mark, records, states, ledger, profile, answer
        assert not is_plain("answers/x/../../../y")


class TestSameAndOther:
    def test_other_times_are_no_other_result(self, filled: Store, other: Store) -> None:
        other.keep(
            PARENT, {"curve": [1.5], "seconds": 9, "host": "there"}, state=b"parent's weights", optimizer=b"mine"
        )
        other.records.write(FAILED, {"failure": "another", "seconds": 3})
        stood = other.records.path(PARENT).read_bytes()
        merged = merge(Near(filled), Near(other))
        assert (merged.alike, merged.other_bits) == (2, [])
        assert other.records.path(PARENT).read_bytes() == stood
        assert other.states.path(PARENT, "optimizer").read_bytes() == b"mine"
        # Its child pinned the seal of the record here, not the weights.
        assert (merged.records, merged.held) == (0, 1)

    def test_other_bits_stand_and_what_was_made_from_ours_stays(self, store: Store, other: Store) -> None:
        chain = chain_of(store, 3, "net")
        other.keep(chain[0], {"kind": "point", "parents": {}}, state=b"other bits")
        merged = merge(Near(store), Near(other))
        assert merged.other_bits == [chain[0]]
        assert (merged.records, merged.held) == (0, 3)
        assert verify(other) == []

    def test_a_child_of_the_same_weights_is_carried(self, store: Store, other: Store) -> None:
        chain = chain_of(store, 2, "net")
        other.keep(chain[0], {"kind": "point", "parents": {}, "seconds": 7}, state=b"weights net 0")
        assert to(store, other) == [2, 1, 0, 0]
        assert verify(other) == []

    def test_numbers_that_differ_are_other_bits(self, store: Store, other: Store) -> None:
        for lab, value in ((store, 0.5), (other, 0.25)):
            lab.records.write(digest("accuracy"), {"kind": "measure", "value": value, "profile": str(value)})
        assert merge(Near(store), Near(other)).other_bits == [digest("accuracy")]

    def test_parents_come_first_however_digests_are_sorted(self, store: Store, other: Store) -> None:
        chain_of(store, 40, "long")
        seen: list[str] = []
        keep = other.keep

        def noting(name: str, *rest: object, **more: object) -> bool:
            parents = store.records.read(name)["parents"]
            assert set(parents) <= set(seen)
            seen.append(name)
            return keep(name, *rest, **more)  # type: ignore[arg-type]

        other.keep = noting  # type: ignore[method-assign,assignment]
        assert to(store, other)[0] == 41

    def test_somebody_makes_a_piece_there_meanwhile(self, store: Store, other: Store) -> None:
        chain = chain_of(store, 2, "net")
        target = Near(other)
        keep = target.keep

        def slower(name: str, *rest: object) -> bool:
            if name == chain[0]:
                other.keep(name, {"kind": "point", "parents": {}}, state=b"theirs was first")
            return keep(name, *rest)  # type: ignore[arg-type]

        target.keep = slower  # type: ignore[method-assign,assignment]
        merged = merge(Near(store), target)
        assert (merged.records, merged.held) == (0, 2)
        assert verify(other) == []


class TestDamage:
    def test_a_damaged_record_stays_with_what_was_made_from_it(self, store: Store, other: Store) -> None:
        chain = chain_of(store, 3, "net")
        flip(store.records.path(chain[1]), 40)
        merged = merge(Near(store), Near(other))
        assert [finding.place for finding in merged.damaged] == [f"records/{chain[1][:2]}/{chain[1]}.json"]
        assert merged.damaged[0].what == "Its bytes are not what was written there."
        assert "`whether verify` in that lab tells more" in merged.damaged[0].remedy
        assert (merged.records, merged.held) == (1, 2)
        assert verify(other) == []

    @pytest.mark.parametrize("lost", [False, True])
    def test_a_damaged_or_lost_state(self, filled: Store, other: Store, lost: bool) -> None:
        path = filled.states.path(PARENT, "optimizer")
        path.unlink() if lost else flip(path, 3)
        merged = merge(Near(filled), Near(other))
        what = "A record names it, but it does not stand." if lost else "Its bytes are not what was written there."
        assert [(finding.place, finding.what) for finding in merged.damaged] == [
            (path.relative_to(filled.root).as_posix(), what)
        ]
        assert other.records.listing() == {FAILED}
        assert not other.states.has(PARENT)
        assert verify(other) == []

    def test_a_parent_that_is_gone(self, filled: Store, other: Store) -> None:
        quarantine(filled, PARENT)
        merged = merge(Near(filled), Near(other))
        assert (merged.held, merged.damaged) == (1, [])
        assert other.records.listing() == {FAILED}

    def test_a_damaged_profile_and_an_edited_answer(self, filled: Store, other: Store) -> None:
        flip(filled.profiles.path(digest("cpu")), 3)
        path = answer_folder(filled).path / "answer.json"
        path.write_text(path.read_text().replace("yes", "no"))
        merged = merge(Near(filled), Near(other))
        assert [finding.place.split("/")[0] for finding in merged.damaged] == ["profiles", "answers"]
        assert other.profiles.listing() == set()
        assert other.answers.listing() == []

    def test_a_damaged_ledger_is_left_out_and_its_answers_too(self, filled: Store, other: Store) -> None:
        flip(filled.ledger.path(1), 30)
        merged = merge(Near(filled), Near(other))
        assert [finding.place for finding in merged.damaged] == ["ledger/00000001.json"]
        assert (merged.records, merged.left) == (3, ["lottery-ticket"])
        assert other.ledger.entries() == []

    def test_a_record_that_is_damaged_there(self, filled: Store, other: Store) -> None:
        to(filled, other)
        flip(other.records.path(CHILD), 40)
        merged = merge(Near(filled), Near(other))
        assert [finding.place for finding in merged.damaged_there] == [f"records/{CHILD[:2]}/{CHILD}.json"]
        assert merged.damaged == []

    def test_nothing_is_merged_into_a_damaged_ledger(self, filled: Store, url: str) -> None:
        push(filled, url)
        entry = json.loads(contents(url)["ledger/00000001.json"])
        at(url).replace("ledger/00000001.json", json.dumps(entry).encode())
        chain_of(filled, 1, "more")
        before = contents(url)
        with pytest.raises(DamageError, match=r"the ledger of .*other is damaged at ledger/00000001.json: .* Restore"):
            push(filled, url)
        assert contents(url) == before


class TestPlaces:
    def test_a_new_place_is_marked(self, store: Store, url: str) -> None:
        push(store, url)
        assert contents(url) == {"lab.json": MARK}

    def test_a_folder_of_others_is_refused(self, store: Store, url: str) -> None:
        if url.startswith("memory"):
            MemoryFileSystem().pipe_file(f"/{url.removeprefix('memory://')}/thesis.tex", b"")
        else:
            (Path(url) / "x").mkdir(parents=True)
        before = contents(url)
        with pytest.raises(RequestError, match=r"whether push: .*other is no lab: it holds .* Name another, for"):
            push(store, url)
        assert contents(url) == before

    def test_what_a_killed_push_left_is_no_stranger(self, store: Store) -> None:
        files = MemoryFileSystem()
        files.pipe_file("/killed-push/lab/.lab.json.7-ab.partial", b"half")
        push(store, "memory://killed-push/lab")
        assert files.cat_file("/killed-push/lab/lab.json") == MARK
        forget("memory://killed-push/lab")

    def test_no_lab_to_pull_from(self, url: str) -> None:
        with pytest.raises(RequestError, match=r"whether push: there is no lab at .*other"):
            at(url, create=False)
        assert contents(url) == {} or not Path(url).exists()

    def test_a_damaged_mark_and_one_of_a_later_format(self, store: Store) -> None:
        from whether.store.sealed import seal

        url = "memory://marks/lab"
        push(store, url)
        MemoryFileSystem().pipe_file("/marks/lab/lab.json", b"{}")
        with pytest.raises(DamageError, match=r"memory://marks/lab/lab\.json is damaged"):
            at(url)
        MemoryFileSystem().pipe_file("/marks/lab/lab.json", seal({"format": 99, "kind": "whether lab"}))
        with pytest.raises(RequestError, match="memory://marks/lab is a lab of format 99"):
            at(url)
        forget(url)

    def test_a_lab_and_itself(self, filled: Store, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(filled.root)
        for name in (str(filled.root), f"file://{filled.root}", str(tmp_path / "link")):
            with pytest.raises(RequestError, match="is this lab itself: there is nothing to merge"):
                merge(Near(filled), at(name))
        inside = Near(Store.find(filled.root / "work" / "inner"))
        with pytest.raises(RequestError, match="the one lies in the other"):
            merge(Near(filled), inside)

    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("", "no place is named. Expected a folder, or a URL such as s3://bucket/lab"),
            ("memroy://x", "unknown protocol 'memroy'; did you mean 'memory'"),
            ("cluster:lab", "'cluster:lab' is neither a folder nor a URL. For another machine: ssh://cluster/lab"),
            ("ftp://me:secret@localhost:1/x", "ftp://me@localhost:1/x cannot be reached: ConnectionRefusedError"),
        ],
    )
    def test_wrong_addresses(self, url: str, told: str) -> None:
        with pytest.raises(RequestError) as raised:
            at(url)
        assert told in str(raised.value)
        assert "secret" not in str(raised.value)

    def test_a_missing_package_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from fsspec.registry import known_implementations

        monkeypatch.setitem(known_implementations, "far", {"class": "nowhere.Far", "err": "Install farfs for far"})
        with pytest.raises(RequestError, match="far:// needs a package that is not installed: Install farfs for far"):
            at("far://x/lab")


class TestRefusals:
    def test_while_reading_and_writing(self, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        url = "memory://refusing/lab"
        there = at(url)

        def refuse(*words: object, **more: object) -> None:
            raise PermissionError("not yours\nmore")

        with monkeypatch.context() as patch:
            patch.setattr(MemoryFileSystem, "pipe_file", refuse)
            with pytest.raises(WorkError, match=r"could not write ledger/00000000.json of memory://refusing/lab: "):
                merge(Near(filled), there)
        merge(Near(filled), there)
        with monkeypatch.context() as patch:
            patch.setattr(MemoryFileSystem, "cat_file", refuse)
            with pytest.raises(WorkError, match=r"PermissionError: not yours\. What was carried over stays"):
                merge(Near(filled), there)
        with monkeypatch.context() as patch:
            patch.setattr(MemoryFileSystem, "find", refuse)
            with pytest.raises(WorkError, match="could not list ledger of"):
                merge(Near(filled), there)
        forget(url)

    def test_a_place_that_can_only_be_read(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*words: object, **more: object) -> None:
            raise NotImplementedError

        monkeypatch.setattr(MemoryFileSystem, "pipe_file", refuse)
        with pytest.raises(RequestError, match="memory://read-only/lab can be read, but not written to"):
            push(store, "memory://read-only/lab")


def test_an_optimiser_state_that_a_killed_run_left_goes_with_the_next(store: Store) -> None:
    store.states.write(PARENT, b"momentum of a killed run", "optimizer")
    store.keep(PARENT, {"kind": "point"}, state=b"weights")
    assert not store.states.has(PARENT, "optimizer")
    age(store.states.path(PARENT))
    assert verify(store) == []
