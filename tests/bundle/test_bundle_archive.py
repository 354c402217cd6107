"""A bundle may be anybody's: what is no bundle, and what would do harm, is refused before anything is unpacked."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from bundle_cases import zip_of

from whether.bundle.archive import opened
from whether.errors import DamageError, RequestError, WorkError
from whether.store import packed

GOOD = {"manifest-sha256.txt": b"", "bundle.json": b"{}", "lab/lab.json": b"{}"}


@pytest.fixture
def nothing_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders would be made; a test ends with none left."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def refused(path: Path, match: str) -> None:
    with pytest.raises(RequestError, match=match), opened(path):
        pass


class TestNames:
    @pytest.mark.parametrize(
        ("name", "what"),
        [
            ("../escaped.txt", "leads out"),
            ("lab/../../escaped.txt", "leads out"),
            ("/etc/escaped.txt", "leads out"),
            ("~/escaped.txt", "leads out"),
            ("C:/escaped.txt", "leads out"),
            ("lab\\..\\escaped.txt", "signs that no"),
            ("lab//twice.txt", "not every part"),
            ("./dotted.txt", "not every part"),
            ("lab/ends with space ", "not every part"),
            ("lab/con.txt", "not every part"),
            ("lab/new\nline", "signs that no"),
            ("lab/\u202egpj.exe", "signs that no"),
            ("lab/a:stream", "signs that no"),
            ("a/" * 20 + "deep", "too long"),
            ("n" * 300, "too long"),
        ],
    )
    def test_one_that_leads_astray_is_refused(
        self, name: str, what: str, tmp_path: Path, nothing_unpacked: Path
    ) -> None:
        refused(zip_of({**GOOD, name: b"x"}, tmp_path / "a.zip"), f"is not unpacked: the name .*{what}")
        assert list(nothing_unpacked.iterdir()) == []

    def test_none_at_all(self, tmp_path: Path) -> None:
        raw = zip_of({**GOOD, "x": b"y"}, tmp_path / "a.zip").read_bytes()
        at = raw.rindex(b"PK\x01\x02")
        listed = raw[at : at + 28] + b"\0\0" + raw[at + 30 : at + 46]
        end = bytearray(raw[at + 47 :])
        end[12:16] = (int.from_bytes(end[12:16], "little") - 1).to_bytes(4, "little")
        (tmp_path / "a.zip").write_bytes(raw[:at] + listed + end)
        refused(tmp_path / "a.zip", "a member has no name")

    def test_percent_signs_and_dots_in_names_are_only_names(self, tmp_path: Path) -> None:
        name = "lab/%2e%2e%2fescaped..txt"
        with opened(zip_of({**GOOD, name: b"x"}, tmp_path / "a.zip")) as bundle:
            assert name in bundle.files()

    def test_a_hidden_end_is_seen(self, tmp_path: Path) -> None:
        raw = zip_of({**GOOD, "lab/plain.txt_/../x": b"x"}, tmp_path / "a.zip").read_bytes()
        (tmp_path / "a.zip").write_bytes(raw.replace(b"lab/plain.txt_/../x", b"lab/plain.txt\0/../x"))
        refused(tmp_path / "a.zip", "hidden end")

    @pytest.mark.parametrize("other", ["lab/LAB.json", "lab/lab.json"])
    def test_two_of_one_name(self, other: str, tmp_path: Path) -> None:
        path = zip_of(GOOD, tmp_path / "a.zip")
        with zipfile.ZipFile(path, "a") as archive, pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *said, **how: None)
            archive.writestr(other, b"another")
        refused(path, "would be one file")

    def test_a_file_that_is_a_folder_too(self, tmp_path: Path) -> None:
        refused(zip_of({**GOOD, "lab/lab.json/within": b"x"}, tmp_path / "a.zip"), "a file and a folder")


class TestKinds:
    @pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
    def test_a_link_or_a_device(self, kind: int, tmp_path: Path, nothing_unpacked: Path) -> None:
        def bent(info: zipfile.ZipInfo) -> None:
            if info.filename == "lab/link":
                info.create_system, info.external_attr = 3, (kind | 0o777) << 16

        refused(zip_of({**GOOD, "lab/link": b"/etc/passwd"}, tmp_path / "a.zip", bent), "a link or a device")
        assert list(nothing_unpacked.iterdir()) == []

    def test_an_encrypted_one(self, tmp_path: Path) -> None:
        raw = bytearray(zip_of(GOOD, tmp_path / "a.zip").read_bytes())
        for begin, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            raw[raw.index(begin) + flags] |= 1
        (tmp_path / "a.zip").write_bytes(raw)
        refused(tmp_path / "a.zip", "is encrypted")

    def test_another_way_of_packing(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
            for name, raw in GOOD.items():
                archive.writestr(name, raw + b"x")
        refused(tmp_path / "a.zip", "packed in a way")

    def test_a_link_in_a_folder(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(zip_of(GOOD, tmp_path / "a.zip")) as archive:
            archive.extractall(tmp_path / "a")
        os.symlink("/etc/passwd", tmp_path / "a" / "lab" / "link")
        refused(tmp_path / "a", "'lab/link' in it is a link")


class TestBombs:
    def test_by_ratio(self, tmp_path: Path, nothing_unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(packed, "HARMLESS", 1 << 20)
        refused(zip_of({**GOOD, "lab/zeros": bytes(packed.HARMLESS + 1)}, tmp_path / "a.zip"), "bytes would become")
        assert list(nothing_unpacked.iterdir()) == []

    def test_by_count(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(packed, "MOST_MEMBERS", 10)
        refused(zip_of({**GOOD, **{f"lab/{n}": b"" for n in range(8)}}, tmp_path / "a.zip"), "it has 11 members")

    def test_by_a_list_that_fills_the_memory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is not even read."""
        path = zip_of({**GOOD, **{f"lab/{n}": b"" for n in range(8)}}, tmp_path / "a.zip")
        monkeypatch.setattr(packed, "MOST_LISTED", 500)
        monkeypatch.setattr(zipfile, "ZipFile", None)
        refused(path, "its list of members alone has more than 500 bytes")
        path.write_bytes(_far_end(path.read_bytes()))
        refused(path, "its list of members alone has more than 500 bytes")

    def test_one_that_the_disk_cannot_hold(self, made, nothing_unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=1000))
        with pytest.raises(WorkError, match=r"has room for 1,000\. Set TMPDIR"), opened(made.zip):
            pass
        assert list(nothing_unpacked.iterdir()) == []

    def test_members_that_share_their_bytes(self, tmp_path: Path) -> None:
        """As in the bomb of Fifield: the list of members points at one lump again and again."""
        path = zip_of({**GOOD, "lab/one": b"x" * 99, "lab/two": b"y" * 99}, tmp_path / "a.zip")
        with zipfile.ZipFile(path) as archive:
            one, two = (archive.getinfo(name).header_offset for name in ("lab/one", "lab/two"))
        raw = path.read_bytes()
        path.write_bytes(
            raw[: raw.rindex(b"PK\x01\x02")] + raw[raw.rindex(b"PK\x01\x02") :].replace(*_offsets(two, one))
        )
        refused(path, "shares bytes with")

    def test_one_that_lies_about_its_size(self, tmp_path: Path) -> None:
        path = zip_of({**GOOD, "lab/grows": b"x" * 70_000}, tmp_path / "a.zip")
        path.write_bytes(path.read_bytes().replace((70_000).to_bytes(4, "little"), (70).to_bytes(4, "little")))
        with opened(path) as bundle:
            assert "lab/grows" in bundle.unreadable
            assert "lab/grows" not in bundle.files()


def _offsets(before: int, after: int) -> tuple[bytes, bytes]:
    return before.to_bytes(4, "little"), after.to_bytes(4, "little")


def _far_end(raw: bytes) -> bytes:
    """The archive with its end as those beyond 4 GiB have it."""
    at = raw.rindex(b"PK\x05\x06")
    count, size, start = (int.from_bytes(raw[at + a : at + b], "little") for a, b in ((10, 12), (12, 16), (16, 20)))
    far = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, start)
    far += b"PK\x06\x07" + struct.pack("<IQI", 0, at, 1)
    return raw[:at] + far + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)


class TestNoBundle:
    def test_what_is_no_file(self, tmp_path: Path) -> None:
        """Reading a pipe would wait for ever."""
        os.mkfifo(tmp_path / "a.zip")
        refused(tmp_path / "a.zip", "is neither a file nor a folder")

    def test_what_is_not_there(self, tmp_path: Path) -> None:
        refused(tmp_path / "none.zip", "there is no .*none.zip; expected a bundle")

    @pytest.mark.parametrize("raw", [b"", b"hello", b"PK\x03\x04" + bytes(40)])
    def test_what_is_no_archive(self, raw: bytes, tmp_path: Path) -> None:
        (tmp_path / "a.zip").write_bytes(raw)
        refused(tmp_path / "a.zip", "is no zip archive, or was cut")

    def test_a_cut_one(self, made, tmp_path: Path) -> None:
        raw = made.zip.read_bytes()
        for keep in (len(raw) - 1, len(raw) // 2, 100):
            (tmp_path / "a.zip").write_bytes(raw[:keep])
            refused(tmp_path / "a.zip", "or was cut")

    def test_another_archive(self, tmp_path: Path) -> None:
        refused(zip_of({"photo.jpg": b"x"}, tmp_path / "a.zip"), r"is no bundle: it holds photo.jpg, and no manifest")
        refused(zip_of({"bundle.json": b"{}"}, tmp_path / "b.zip"), "is no bundle")

    def test_the_folder_above(self, made, tmp_path: Path) -> None:
        shutil.copytree(made.unpacked, tmp_path / "above" / "tiny")
        refused(tmp_path / "above", "Did you mean .*tiny")

    def test_a_later_format(self, bundle: Path) -> None:
        (bundle / "bundle.json").write_text('{"format": 99, "answer": "x"}')
        with (
            opened(bundle) as found,
            pytest.raises(RequestError, match="format 99; this Whether knows formats up to 1"),
        ):
            found.about()


class TestReading:
    def test_it_is_gone_afterwards(self, made, nothing_unpacked: Path) -> None:
        with opened(made.zip) as bundle:
            assert bundle.root.is_relative_to(nothing_unpacked.resolve())
            assert bundle.answer() == made.answer
            assert bundle.question()["source"] == "signs.py"
            assert bundle.store.records.has(made.answer.table[0].measure)
        assert list(nothing_unpacked.iterdir()) == []

    def test_a_folder_is_read_where_it_is(self, made) -> None:
        with opened(made.unpacked) as bundle:
            assert (bundle.root, bundle.answer()) == (made.unpacked, made.answer)

    def test_the_manifest_cannot_point_elsewhere(self, bundle: Path) -> None:
        with (bundle / "manifest-sha256.txt").open("a") as file:
            file.write(f"{'0' * 64}  ../../etc/passwd\n")
        with opened(bundle) as found:
            named, wrong = found.manifest()
            assert wrong == [f"{'0' * 64}  ../../etc/passwd"]
            assert "bundle.json" in named

    @pytest.mark.parametrize("raw", [b"", b"[1]", b"{", b"[" * 100_000])
    def test_json_that_is_none(self, raw: bytes, bundle: Path) -> None:
        (bundle / "bundle.json").write_bytes(raw)
        with opened(bundle) as found, pytest.raises(DamageError, match=r"bundle\.json"):
            found.about()
