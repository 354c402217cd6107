"""What is damaged is made again or refused, never used."""

from __future__ import annotations

import shutil

import pytest
from tiny import Ear, asking, bent, network, without_circumstances

from whether import (
    Lab,
    loss,
)
from whether.answer import Run
from whether.errors import DamageError
from whether.execute.progress import Note
from whether.seeds import Seed
from whether.store.verify import verify


class TestDamage:
    def first(self, lab: Lab, arm: str = "dense") -> Run:
        answer = lab.latest()
        assert answer is not None
        return next(run for run in answer.table if run.arm == arm)

    def test_a_bent_state_is_made_again_to_the_bit(self, stood: Lab, ear: Ear) -> None:
        state = self.first(stood).state
        path = stood.store.states.path(state)
        before = path.read_bytes()
        bent(path)
        dense = network(Seed(0).seed("replicate", 0)).train()
        stood.value(loss(dense), progress=ear)
        assert path.read_bytes() == before
        assert "It is set aside in work/damaged and made again" in ear.heard(Note)[0].text
        assert not verify(stood.store)

    @pytest.mark.parametrize("kind", ["state", "measure"])
    @pytest.mark.parametrize("how", ["bent", "removed"])
    def test_so_is_a_record(self, stood: Lab, kind: str, how: str) -> None:
        before = stood.latest()
        assert before is not None
        path = stood.store.records.path(getattr(self.first(stood), kind))
        bent(path) if how == "bent" else path.unlink()
        again = stood.run(asking(if_yes="said anew"))
        assert [run.value for run in again.table] == [run.value for run in before.table]
        assert again.curves == before.curves
        assert not verify(stood.store)

    def test_an_edited_answer_is_refused(self, stood: Lab) -> None:
        answer = stood.latest()
        assert answer is not None
        path = stood.folder(answer) / "answer.json"
        path.chmod(0o644)
        path.write_text(
            path.read_text(encoding="utf-8").replace('"verdict": "yes"', '"verdict": "no"'), encoding="utf-8"
        )
        for read in (stood.latest, lambda: stood.answered(asking())):
            with pytest.raises(
                DamageError, match=r"answer\.json is not what the ledger says was answered\. It is not used"
            ):
                read()
        assert stood.answers() == []  # one damaged answer hides no other

    def test_and_run_sets_it_aside_and_concludes_again(self, stood: Lab, ear: Ear) -> None:
        answer = stood.latest()
        assert answer is not None
        path = stood.folder(answer) / "answer.json"
        path.write_text(
            path.read_text(encoding="utf-8").replace('"verdict": "yes"', '"verdict": "no"'), encoding="utf-8"
        )
        again = stood.run(asking(), progress=ear)
        assert without_circumstances(again) == without_circumstances(answer)
        assert ear.trained == 0
        assert [item.name.startswith("answer.json") for item in stood.store.work.damaged.iterdir()] == [True]

    def test_and_once_removed_it_is_given_again(self, stood: Lab, ear: Ear) -> None:
        answer = stood.latest()
        assert answer is not None
        shutil.rmtree(stood.folder(answer))
        again = stood.run(asking(), progress=ear)
        assert without_circumstances(again) == without_circumstances(answer)
        assert ear.trained == 0

    def test_an_answer_that_was_not_entered_is_given_again(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(type(lab.store.ledger), "append", killed)
            with pytest.raises(KeyboardInterrupt):
                lab.run(asking(replicates=1))
        assert lab.answered(asking(replicates=1)) is None
        assert lab.run(asking(replicates=1)).verdict == "inconclusive"
        assert not verify(lab.store)
