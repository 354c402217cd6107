"""What is not as it was left shows as such, says where and what to do, and holds nothing else up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from web_cases import add, bench, crawl, folder_of, get, read

from whether.errors import WorkError
from whether.store.folder import Store
from whether.store.sealed import seal, unseal
from whether.web.app import create_app
from whether.web.judged import is_whole
from whether.web.view import View

BIG, SMALL, OTHER = (folder_of(f"question-0{place}") for place in range(3))


def flip(path: Path, at: int = -40) -> None:
    """Change one byte of a file."""
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(bytes(raw))


def others_work(app: Any, damaged: str) -> None:
    """Whether all pages but those of one answer are as they should be."""
    for address in ("/", "/studies", "/ledger", f"/answers/{OTHER}", "/questions/question-02", "/questions/xor"):
        assert get(app, address).status == 200, address
    assert damaged != OTHER
    assert "This answer is not shown" not in get(app, f"/answers/{OTHER}").text


class TestAnswers:
    def test_a_changed_one_is_not_shown(self, root: Path, app: Any) -> None:
        assert read(get(app, f"/answers/{SMALL}")).named("figure")
        flip(root / "answers" / SMALL / "answer.json")
        page = read(get(app, f"/answers/{SMALL}"))
        assert "This answer is not shown" in page.words
        assert f"answers/{SMALL}/answer.json : It is not what the ledger says was answered." in page.words
        assert "Run its question again" in page.words
        assert page.named("figure") == []
        listed = read(get(app, "/")).words
        assert "Damaged 1" in listed
        assert "Answered 2" in listed
        for page_of in ("runs", "cover"):
            assert "This answer is not shown" in get(app, f"/answers/{SMALL}/{page_of}").text
        for file in ("answer.json", "runs.csv", "report.html", "figures/claims.svg", "cover.json"):
            assert get(app, f"/answers/{SMALL}/{file}").status == 404
        others_work(app, SMALL)

    def test_so_are_an_empty_one_and_one_that_nobody_entered(self, root: Path, app: Any) -> None:
        (root / "answers" / SMALL / "answer.json").write_bytes(b"")
        stray = root / "answers" / f"stray-{'0' * 8}"
        stray.mkdir()
        (stray / "answer.json").write_bytes((root / "answers" / OTHER / "answer.json").read_bytes())
        assert "This answer is not shown" in get(app, f"/answers/{SMALL}").text
        assert "The ledger has no entry for this answer" in get(app, f"/answers/{stray.name}").text
        assert "Damaged 2" in read(get(app, "/")).words

    def test_an_older_one_that_was_put_back(self, root: Path) -> None:
        file = root / "answers" / SMALL / "answer.json"
        before = file.read_bytes()
        answer = bench().answer_of("question-01", 4, 6, 1)
        add(Store(root), answer)
        file.write_bytes(before)
        assert "It is an earlier answer than the latest" in get(create_app(root), f"/answers/{SMALL}").text

    @pytest.mark.parametrize(
        "wrong",
        [
            {"format": 99},
            {"table": "none"},
            {"claims": [{"said": "x"}]},
            {"claims": 7},
            {"nonsense": 1},
            {"replicates": "many"},
            {"options": ["a"]},
            {"circumstances": 5},
            {"arms": [None]},
            {"looks": [{"n": "x"}]},
            {"verdict": "perhaps"},
            {"grade": "excellent"},
            {"text": None},
            {"data": []},
        ],
    )
    def test_one_that_was_entered_but_is_no_answer_of_ours(self, root: Path, wrong: Mapping[str, Any]) -> None:
        store = Store(root)
        folder = store.answers.open("odd", "ab" * 32)
        store.conclude(folder, bench().answer_of("odd", 4, 5, 1).plain() | dict(wrong))
        app = create_app(root)
        assert "It cannot be read as an answer." in get(app, f"/answers/{folder.name}").text or "format" in wrong
        assert "This answer is not shown" in get(app, f"/answers/{folder.name}").text
        listed = read(get(app, "/"))
        assert f"/answers/{folder.name}" in listed.links()
        assert "Damaged 1" in listed.words
        others_work(app, folder.name)

    def test_a_mended_one_is_shown_again(self, root: Path, app: Any) -> None:
        file = root / "answers" / SMALL / "answer.json"
        before = file.read_bytes()
        file.write_bytes(b"{}")
        assert "This answer is not shown" in get(app, f"/answers/{SMALL}").text
        file.write_bytes(before)
        assert "This answer is not shown" not in get(app, f"/answers/{SMALL}").text


class TestLedger:
    def test_a_changed_entry_is_told_on_every_page(self, root: Path, app: Any) -> None:
        flip(root / "ledger" / "00000001.json")
        for address, got in crawl(app, networks=0).items():
            if "html" in got.headers["content-type"] and "report.html" not in address:
                alerts = [said for _, said in read(got).elements if said.get("role") == "alert"]
                assert len(alerts) == 1, address
                assert "ledger/00000001.json" in got.text, address
        page = read(get(app, "/ledger"))
        assert "Entry 1 of the ledger was altered or cannot be read" in page.words
        assert "Restore the ledger from a copy of the lab." in page.words
        assert "Whole" not in page.words

    def test_a_gap(self, root: Path, app: Any) -> None:
        (root / "ledger" / "00000002.json").unlink()
        assert "Entry 2 of the ledger is missing" in read(get(app, "/ledger")).words
        assert get(app, "/studies").status == 200

    def test_a_damaged_registration(self, root: Path, app: Any) -> None:
        study = bench().registered("question-00", 0)["digest"][:8]
        assert get(app, f"/studies/{study}").status == 200
        flip(root / "ledger" / "00000000.json", 100)
        assert get(app, f"/studies/{study}").status == 404
        page = read(get(app, "/studies"))
        assert "The ledger is damaged" in page.words
        assert "ledger/00000000.json" in page.words
        assert get(app, f"/answers/{BIG}").status == 200  # its own entry is whole

    @pytest.mark.parametrize("field", ["alpha", "looks", "claims", "gates", "metric", "options", "source"])
    def test_a_registration_that_says_something_odd(self, root: Path, field: str) -> None:
        body = bench().registered("odd", 3)
        body["document"]["questions"][0][field] = {"odd": 1} if field != "metric" else "no such metric"
        entry = Store(root).ledger.append("registered", body)
        app = create_app(root)
        for address in ("/", "/studies", f"/studies/{body['digest'][:8]}", "/questions/odd"):
            assert get(app, address).status in (200, 404), address
        if field not in ("options", "source"):
            told = f"ledger/{entry.number:08}.json : What it says of a study cannot be read."
            assert told in read(get(app, "/ledger")).words

    def test_nothing_is_read_twice(self, root: Path, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from whether.web import view

        opened: list[str] = []
        usual = view._entry
        monkeypatch.setattr(view, "_entry", lambda *place: opened.append(place[1]) or usual(*place))
        get(app, "/")
        many = len(Store(root).ledger.entries())
        assert len(opened) == many
        get(app, "/")
        assert len(opened) == many
        Store(root).ledger.append("odd", {})
        get(app, "/ledger")
        assert opened[many:] == [f"{many:08}.json"]


class TestRecords:
    def test_a_changed_and_a_missing_one_are_marked(self, recorded: Path, app: Any) -> None:
        table = json.loads((recorded / "answers" / SMALL / "answer.json").read_text("utf-8"))["table"]
        store = Store(recorded)
        flip(store.records.path(table[0]["state"]))
        store.records.path(table[1]["measure"]).unlink()
        store.records.path(table[2]["measure"]).unlink()
        store.records.path(table[2]["measure"]).symlink_to("/etc/passwd")
        page = read(get(app, f"/answers/{SMALL}/runs"))
        assert "3 records on this page not as written, or gone" in page.words
        assert page.words.count("! damaged") == 2
        assert page.words.count("! missing") == 1
        assert "root:" not in get(app, f"/networks/{table[2]['measure']}").text
        others_work(app, SMALL)

    def test_what_is_whole_is_told_without_reading_it(self, recorded: Path) -> None:
        view = View(recorded)
        digest = json.loads((recorded / "answers" / SMALL / "answer.json").read_text("utf-8"))["table"][0]["state"]
        raw = Store(recorded).records.path(digest).read_bytes()
        assert view.state_of(digest) == ""
        assert is_whole(raw, digest)
        assert not is_whole(raw, "0" * 64)
        assert not is_whole(raw[:-1], digest)
        assert not is_whole(b"", digest)
        for at in range(0, len(raw), 7):  # every byte is guarded, as `unseal` guards it
            changed = bytearray(raw)
            changed[at] ^= 4
            assert is_whole(bytes(changed), digest) == (unseal(bytes(changed)) is not None) is False

    @pytest.mark.parametrize("body", [{"z": {"seal": "0" * 64}}, {"a": 1}, {"zz": '"seal":"' + "1" * 64 + '"'}, {}])
    def test_seals_within_do_not_mislead(self, body: Mapping[str, Any]) -> None:
        inner = {key: value for key, value in body.items() if key != "seal"}
        assert is_whole(seal({**inner, "digest": "ab" * 32}), "ab" * 32)

    def test_no_digest_is_no_way_out(self, root: Path) -> None:
        with pytest.raises(ValueError, match="64 lower-case hexadecimal digits"):
            View(root).state_of("../" * 21 + "x")
        with pytest.raises(ValueError, match="64 lower-case hexadecimal digits"):
            View(root).record("..")


class TestFaults:
    @pytest.mark.parametrize(
        ("error", "status", "told"),
        [
            (ValueError("/secret/place is odd"), 500, "A fault of ours"),
            (OSError("/secret/place is gone"), 503, "Not to be read"),
            (WorkError("/secret/place is gone"), 503, "Not to be read"),
        ],
    )
    def test_one_shows_nothing_of_the_inside(
        self, app: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, told: str
    ) -> None:
        def fails(self: View) -> None:
            raise error

        monkeypatch.setattr(View, "answers", fails)
        got = get(app, "/")
        assert got.status == status
        assert told in read(got).words
        assert "secret" not in got.text
        assert "Traceback" not in got.text
        assert got.headers["content-security-policy"].startswith("default-src 'none'")
        assert get(app, "/ledger").status == 200

    @pytest.mark.parametrize(("error", "status"), [(ValueError, 500), (OSError, 503)])
    def test_one_that_stops_every_page_is_told_plainly(
        self, app: Any, monkeypatch: pytest.MonkeyPatch, error: type[Exception], status: int
    ) -> None:
        def fails(self: View) -> None:
            raise error("/secret/place is gone")

        monkeypatch.setattr(View, "chronicle", fails)
        got = get(app, "/")
        assert (got.status, "secret" in got.text) == (status, False)
        assert got.headers["content-type"].startswith("text/plain")

    def test_what_is_asked_writes_no_line_of_its_own_on_the_terminal(
        self, app: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fails(self: View, folder: str) -> None:
            raise OSError("gone")

        monkeypatch.setattr(View, "answer", fails)
        assert get(app, "/answers/x%0aERROR:%20all%20is%20lost%1b[2J").status == 503
        assert [record.getMessage().splitlines()[1:] for record in caplog.records] == [[]]
        assert "\x1b" not in caplog.text

    def test_a_lab_that_is_taken_away_does_not_end_the_server(self, root: Path, app: Any) -> None:
        root.rename(root.with_name("moved"))
        for address in ("/", f"/answers/{SMALL}", "/live"):
            assert get(app, address).status == 503, address
        root.with_name("moved").rename(root)
        assert get(app, f"/answers/{SMALL}").status == 200
