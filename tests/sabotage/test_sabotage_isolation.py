"""Nothing that a bug touched gets into a lab, and a sabotage that was killed goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sabotage_cases import Ear, asking, histories, lab_itself

from whether import Lab
from whether.errors import RequestError, WorkError
from whether.history.facts import Point
from whether.sabotage import Sabotaged, bugs, sabotage
from whether.sabotage.bug import TrainingBug, quarantined
from whether.sabotage.trial import scratch
from whether.store.clean import clean
from whether.store.merge import merge
from whether.store.reach import Near
from whether.store.verify import verify

Tried = tuple[Lab, Sabotaged, Ear]
TRAINING = [bug for bug in bugs.BUGS if isinstance(bug, TrainingBug)]


def scratches(lab: Lab) -> dict[str, Lab]:
    folder = lab.store.work.folder / "sabotage"
    return {path.name: Lab(path) for path in sorted(folder.iterdir())}


class TestIdentity:
    def test_under_a_bug_every_fact_is_another(self, folder: Path) -> None:
        honest = {fact.digest for fact in histories(asking()).facts}
        seen: list[set[str]] = [honest]
        for bug in (bugs.idle_shuffle, bugs.one_too_many):
            with quarantined(bug, folder):
                seen.append({fact.digest for fact in histories(asking()).facts})
        assert {fact.digest for fact in histories(asking()).facts} == honest
        assert len(set().union(*seen)) == 3 * len(honest)

    def test_the_brand_says_which_bug_and_which_version_of_it(self, folder: Path) -> None:
        with quarantined(bugs.idle_shuffle, folder):
            said = [fact.plain()["sabotage"] for fact in histories(asking()).facts]
        assert set(said) == {"idle-shuffle/1"}
        assert not any("sabotage" in fact.plain() for fact in histories(asking()).facts)

    def test_no_piece_of_a_bug_has_the_name_of_an_honest_one(self, tried: Tried) -> None:
        records = {name: lab.store.records.listing() for name, lab in scratches(tried[0]).items()}
        assert set(records) == {
            "honest",
            *(bug.name for bug in TRAINING if bug.name not in ("global-seeds", "stale-statistics")),
        }
        assert all(records.values())
        assert len(set().union(*records.values())) == sum(map(len, records.values()))

    def test_their_answers_have_names_of_their_own(self, tried: Tried) -> None:
        names = {name: {answer.name for _, answer in lab.answers()} for name, lab in scratches(tried[0]).items()}
        assert names.pop("honest") == {"tiny", "tiny-damaged", "tiny-idle-index"}
        assert names == {name: {f"tiny-{name}"} for name in names}

    def test_even_a_lab_into_which_a_scratch_lab_is_merged_answers_honestly(self, tried: Tried, tmp_path: Path) -> None:
        merged, alone = Lab(tmp_path / "merged"), Lab(tmp_path / "alone")
        for name in ("idle-shuffle", "revived-weights", "scored-copy"):
            merge(Near(scratches(tried[0])[name].store), Near(merged.store))
        assert len(merged.store.records.listing()) > 30
        assert merged.find("tiny") is None
        ear = Ear()
        answers = [merged.run(asking(), progress=ear), alone.run(asking())]
        assert ear.steps == 5 * 3 * 60  # all of it: nothing that is there is of use
        assert answers[0].table == answers[1].table
        assert answers[0].digest == answers[1].digest


class TestFence:
    def test_nothing_is_written_but_into_the_scratch_lab(self, tmp_path: Path) -> None:
        real, small = Lab(tmp_path / "real"), Lab(tmp_path / "real" / "work" / "sabotage" / "x")
        before = lab_itself(real.root)
        with quarantined(bugs.idle_shuffle, small.root):
            with pytest.raises(WorkError, match="is not written: the bug idle-shuffle is planted in this process"):
                real.store.records.write("a" * 64, {"kind": "measure"})
            with pytest.raises(WorkError, match="is not written: the bug idle-shuffle"):
                real.store.ledger.append("answered", {"folder": "x"})
            with pytest.raises(WorkError, match="is not written: the bug idle-shuffle"):
                real.store.states.write("a" * 64, b"state")
            assert small.store.records.write("a" * 64, {"kind": "measure"})
        assert lab_itself(real.root) == before
        assert real.store.records.write("a" * 64, {"kind": "measure"})

    def test_a_way_round_by_a_link_or_dots_is_none(self, tmp_path: Path) -> None:
        real, small = Lab(tmp_path / "real"), Lab(tmp_path / "small")
        (small.root / "records" / "aa").symlink_to(real.root / "records", target_is_directory=True)
        with quarantined(bugs.idle_shuffle, small.root), pytest.raises(WorkError, match="is not written"):
            small.store.records.write("a" * 64, {"kind": "measure"})
        assert real.store.records.listing() == set()

    def test_a_lab_whose_question_is_run_meanwhile_gets_nothing(self, tmp_path: Path) -> None:
        real, small = Lab(tmp_path / "real"), Lab(tmp_path / "small")
        before = lab_itself(real.root)
        with quarantined(bugs.idle_shuffle, small.root), pytest.raises(WorkError, match="is not written"):
            real.run(asking(), progress=Ear())
        assert lab_itself(real.root) == before
        assert real.store.records.listing() == real.store.states.listing() == set()

    def test_it_is_gone_after_an_error(self, tmp_path: Path) -> None:
        def fail() -> None:
            with quarantined(bugs.idle_shuffle, tmp_path / "small"):
                raise ValueError("in the midst")

        with pytest.raises(ValueError, match="in the midst"):
            fail()
        assert Lab(tmp_path / "real").store.records.write("a" * 64, {"kind": "measure"})

    def test_where_networks_are_being_trained_no_bug_is_planted(self, folder: Path) -> None:
        going, over = threading.Event(), threading.Event()

        def work() -> None:
            going.set()
            over.wait(10)

        lane = threading.Thread(target=work, name="lane_0")
        lane.start()
        going.wait(10)
        try:
            with (
                pytest.raises(RequestError, match="other networks are being trained in this process"),
                quarantined(bugs.idle_shuffle, folder),
            ):
                pass
        finally:
            over.set()
            lane.join()

    def test_the_lab_itself_is_untouched(self, lab: Lab) -> None:
        lab.run(asking(replicates=2))
        before = lab_itself(lab.root)
        sabotage(lab, asking(replicates=2), bugs=[bugs.idle_shuffle, bugs.idle_index, bugs.best_epoch], progress=Ear())
        assert lab_itself(lab.root) == before
        assert verify(lab.store) == []
        assert [answer.name for _, answer in lab.answers()] == ["tiny"]


class TestGoingOn:
    BUGS = (bugs.one_too_many, bugs.idle_shuffle, bugs.ignored_layers)

    def test_again_nothing_is_trained(self, tried: Tried) -> None:
        lab, before, _ = tried
        ear = Ear()
        assert sabotage(lab, asking(), progress=ear) == before
        assert ear.steps == 0

    def test_one_that_was_stopped_goes_on(self, lab: Lab, tmp_path: Path) -> None:
        first, second, whole = Ear(stop_at="bug 3 of 3"), Ear(), Ear()
        with pytest.raises(KeyboardInterrupt):
            sabotage(lab, asking(), bugs=self.BUGS, progress=first)
        found = sabotage(lab, asking(), bugs=self.BUGS, progress=second)
        other = sabotage(Lab(tmp_path / "other"), asking(), bugs=self.BUGS, progress=whole)
        assert found == other
        assert first.steps + second.steps == whole.steps
        assert 0 < second.steps < first.steps

    def test_more_replicates_take_up_what_stands(self, lab: Lab) -> None:
        ears = [Ear(), Ear()]
        for replicates, ear in zip((2, 3), ears, strict=True):
            sabotage(lab, asking(), replicates=replicates, bugs=[bugs.idle_shuffle], progress=ear)
        assert ears[1].steps == ears[0].steps / 2

    def test_a_scratch_lab_of_which_a_part_was_deleted_is_left(self, lab: Lab) -> None:
        folder = lab.store.work.folder / "sabotage"
        for mark in (scratch(folder, "honest").root / "lab.json", scratch(folder, "honest").root / "nothing"):
            mark.unlink(missing_ok=True)
        assert scratch(folder, "honest").root == folder / "honest-2"
        (folder / "honest-2" / "ledger" / "00000000.json").write_text("not an entry")
        assert scratch(folder, "honest").root == folder / "honest-3"
        assert scratch(folder, "other").root == folder / "other"

    def test_clean_takes_old_ones_away_and_the_next_begins_anew(self, lab: Lab) -> None:
        first = sabotage(lab, asking(), replicates=2, bugs=[bugs.idle_shuffle], progress=Ear())
        for path in (lab.store.work.folder / "sabotage").rglob("*"):
            os.utime(path, (1, 1))
        clean(lab.store, needed=(), dry_run=False)
        ear = Ear()
        assert sabotage(lab, asking(), replicates=2, bugs=[bugs.idle_shuffle], progress=ear) == first
        assert ear.steps > 0

    def test_a_killed_command_goes_on(self, tmp_path: Path) -> None:
        words = ["sabotage", "xor", "replicates=2", "steps=20it", "--lab", str(tmp_path / "lab"), "--json"]
        code = (
            "import sys, torch, whether.report.write as write\n"
            "from whether.cli import main\n"
            "torch.set_num_threads(1)\n"
            "write.render = lambda answer: {}\n"
            "sys.exit(main(sys.argv[1:]))\n"
        )
        command = [sys.executable, "-c", code, *words]
        going = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert going.stderr is not None
        for line in going.stderr:
            if "bug 3 of 10" in line:
                break
        going.send_signal(signal.SIGKILL)
        going.communicate()
        assert going.returncode == -signal.SIGKILL
        again = subprocess.run(command, capture_output=True, text=True, check=False)
        before, _, after = again.stderr.partition("bug 3 of 10")
        assert "networks to train" not in before
        assert "networks to train" in after
        assert '"name": "idle-index"' in again.stdout


def test_two_at_once_in_one_process_wait_for_each_other(folder: Path) -> None:
    entered: list[str] = []

    def plant(bug: Any) -> None:
        with quarantined(bug, folder):
            entered.append(f"+{bug.name}")
            time.sleep(0.05)
            entered.append(f"-{bug.name}")

    threads = [threading.Thread(target=plant, args=(bug,)) for bug in (bugs.idle_shuffle, bugs.one_too_many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [mark[0] for mark in entered] == ["+", "-", "+", "-"]
    assert all(not isinstance(fact, Point) or "sabotage" not in fact.plain() for fact in histories(asking()).facts)
