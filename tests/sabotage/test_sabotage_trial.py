"""A tiny question sabotaged: what is planted is found, what bugs do is told, and who noticed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sabotage_cases import TICKET, WHY, Ear, arms_of, asking, network, noisy, normed, two_of

from whether import Control, Lab, Replicate, accuracy, density, early_stop, exceeds, loss
from whether.conclude import conclude
from whether.errors import RequestError, WorkError
from whether.sabotage import BUGS, Sabotaged, bugs, masks, sabotage, trial
from whether.sabotage.bug import Acts, TrainingBug, training_bug
from whether.sabotage.planted import deciding
from whether.sabotage.trial import NeverActedError, is_the_systems

Tried = tuple[Lab, Sabotaged, Ear]


def bug(found: Sabotaged, name: str) -> Any:
    return next(item for item in found.bugs if item.name == name)


class TestHonest:
    def test_it_is_the_same_question_with_fewer_arms(self, tried: Tried, lab: Lab) -> None:
        _, found, _ = tried
        answer = lab.run(asking())
        honest = lab.run(deciding(asking(), 3))
        assert found.design == honest.digest != answer.digest
        assert found.arms == {
            run.arm: run.measure for run in answer.table if run.replicate == 0 and run.arm in found.arms
        }
        assert list(found.arms) == ["dense", TICKET, "random"]
        assert [(claim.verdict, claim.estimate, claim.low) for claim in found.claims] == [
            (claim.verdict, claim.estimate, claim.low) for claim in answer.claims
        ]
        assert (found.verdict, found.replicates, found.planned) == (honest.verdict, 3, 3)
        assert [control.behaved for control in found.controls] == [control.behaved for control in answer.controls]

    def test_with_fewer_replicates_it_says_so(self, lab: Lab) -> None:
        found = sabotage(lab, asking(replicates=4), replicates=2, bugs=())
        assert (found.replicates, found.planned) == (2, 4)

    def test_other_seeds_are_other_networks(self, lab: Lab, tried: Tried) -> None:
        found = sabotage(lab, asking(), seed=7, bugs=())
        assert found.seed == 7
        assert not set(found.arms.values()) & set(tried[1].arms.values())


class TestTruths:
    def test_all_are_found(self, tried: Tried) -> None:
        _, found, _ = tried
        assert found.ok
        assert found.missed == []
        assert [(truth.kind, truth.planted, truth.expected, truth.found) for truth in found.truths[2:]] == [
            ("effect", f"{TICKET} never trained", "no", "no"),
            ("effect", f"{TICKET} never trained", "no", "no"),
            ("effect", "dense never trained", "yes", "yes"),
            ("effect", "random never trained", "yes", "yes"),
        ]
        assert [truth.kind for truth in found.truths[:2]] == ["no effect", "no effect"]
        assert all(-95 < truth.effect < -40 for truth in found.truths[2:4])

    def test_a_pipeline_that_trains_nothing_misses_the_damage(self, lab: Lab) -> None:
        idle = two_of(lambda rep: network(rep), lambda rep: network(rep.seed("b")))
        found = sabotage(lab, idle, bugs=())
        assert not found.ok
        assert "b never trained" in {truth.planted for truth in found.missed}
        assert "of 3 planted truths were NOT found: trust no answer to this question before" in found.trust

    def test_an_analysis_that_swaps_the_arms_is_found_out(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        import whether.failures

        def swapped(question: Any, columns: Any, **rest: Any) -> Any:
            first, second = columns
            turned = [replace(first, runs=second.runs), replace(second, runs=first.runs)]
            return conclude(question, turned, **rest)

        monkeypatch.setattr(whether.failures, "conclude", swapped)
        made = two_of(lambda rep: network(rep).train(), lambda rep: network(rep.seed("b")).train())
        found = sabotage(lab, made, bugs=())
        assert [(truth.expected, truth.found) for truth in found.missed] == [("no", "yes"), ("yes", "no")]

    def test_what_cannot_be_planted_says_why(self, lab: Lab) -> None:
        def stop(rep: Any) -> Any:
            return early_stop(network(rep).train())

        found = sabotage(lab, two_of(stop, lambda rep: stop(rep.seed("b")), unit="it"), bugs=())
        assert [truth.ok for truth in found.truths] == [True, None, None]
        assert all("was not trained; it needs a recorded curve" in truth.why_not for truth in found.truths[1:])
        assert found.ok

        sparse = two_of(lambda rep: density(arms_of(rep)["random"]), lambda rep: density(network(rep)))
        found = sabotage(lab, sparse, bugs=())
        assert all("same density whether it is trained or not" in truth.why_not for truth in found.truths[1:])

    def test_losses_are_damaged_upwards(self, lab: Lab) -> None:
        made = two_of(
            lambda rep: loss(network(rep).train()), lambda rep: loss(network(rep.seed("b")).train()), unit="nats"
        )
        found = sabotage(lab, made, bugs=())
        assert [(truth.expected, truth.found) for truth in found.truths[1:]] == [("no", "no"), ("yes", "yes")]


class TestBugs:
    def test_each_has_a_row_in_order(self, tried: Tried) -> None:
        _, found, _ = tried
        assert [item.name for item in found.bugs] == [item.name for item in BUGS]
        assert [item.name for item in found.bugs if item.why_not] == ["global-seeds", "stale-statistics"]
        assert all(item.verdict and item.effects for item in found.planted)

    def test_all_that_train_changed_what_was_trained(self, tried: Tried) -> None:
        _, found, _ = tried
        moved = {item.name: item.changed for item in found.planted}
        assert all(moved[name] for name in ("revived-weights", "scored-copy", "dense-output", "ignored-layers"))
        assert 0 < moved["idle-shuffle"] <= 3  # the random mask's runs and no other
        assert moved["idle-index"] <= 6  # the first replicate is as it was

    def test_revived_weights_are_noticed_by_the_assert(self, tried: Tried) -> None:
        found = bug(tried[1], "revived-weights")
        assert ("check", f"{masks.NOT_HELD} (6 of 9 networks)") in [(item.by, item.said) for item in found.noticed]

    def test_an_idle_shuffle_makes_the_random_mask_a_ticket(self, tried: Tried) -> None:
        found = bug(tried[1], "idle-shuffle")
        assert found.effects[1].estimate == 0.0
        assert found.effects[1].verdict == "no"
        assert found.effects[0].change == 0.0
        assert found.verdict == "no"

    def test_a_control_that_no_longer_behaves_is_told(self, lab: Lab) -> None:
        control = Control(exceeds(TICKET, "random", by=1, because=WHY), expect="yes", because="it must")
        found = sabotage(lab, asking(claims=[asking().claims[0]], controls=[control]), bugs=[bugs.idle_shuffle])
        (noticed,) = found.bugs[0].noticed
        assert noticed.by == "control"
        assert noticed.said == f"“{control.claim.said}” came out no, expected yes"
        assert not found.bugs[0].flipped

    def test_one_network_counted_as_many_is_told_by_a_check(self, tried: Tried) -> None:
        found = bug(tried[1], "idle-index")
        assert {item.by for item in found.noticed} == {"check"}
        assert "the arm 'dense' has 1 different networks in 3 replicates" in found.noticed[0].said

    def test_the_best_epoch_is_that_of_the_curve(self, tried: Tried) -> None:
        lab, found, _ = tried
        honest = Lab(lab.store.work.folder / "sabotage" / "honest")
        answer = honest.run(deciding(asking(), 3))
        curves = {run.state: honest.store.records.read(run.state)["curves"]["values"] for run in answer.table}
        for run in answer.table:  # what is picked from ends with what is honest
            assert curves[run.state]["validation accuracy"][-1] == pytest.approx(run.value)
        best = {(run.arm, run.replicate): max(curves[run.state]["validation accuracy"]) for run in answer.table}
        expected = [
            sum(best[left, index] - best[right, index] for index in range(3)) / 3
            for left, right in ((TICKET, "dense"), (TICKET, "random"))
        ]
        assert [effect.estimate for effect in bug(found, "best-epoch").effects] == pytest.approx(expected)

    def test_of_losses_the_lowest_is_the_best(self, lab: Lab) -> None:
        made = two_of(
            lambda rep: loss(network(rep).train()), lambda rep: loss(network(rep.seed("b")).train()), unit="nats"
        )
        found = sabotage(lab, made, bugs=[bugs.best_epoch])
        honest = Lab(lab.store.work.folder / "sabotage" / "honest")
        answer = honest.run(deciding(made, 3))
        lows = {
            (run.arm, run.replicate): min(honest.store.records.read(run.state)["curves"]["values"]["validation loss"])
            for run in answer.table
        }
        expected = sum(lows["b", index] - lows["a", index] for index in range(3)) / 3
        assert found.bugs[0].effects[0].estimate == pytest.approx(expected)

    def test_noise_of_the_process_and_stale_statistics_where_there_are_any(self, lab: Lab) -> None:
        dropped = two_of(lambda rep: noisy(rep).train(), lambda rep: noisy(rep.seed("b")).train())
        (row,) = sabotage(lab, dropped, replicates=2, bugs=[bugs.global_seeds]).bugs
        assert (row.why_not, row.changed > 0) == ("", True)
        normal = two_of(
            lambda rep: loss(normed(rep).train()), lambda rep: loss(normed(rep.seed("b")).train()), unit="nats"
        )
        (row,) = sabotage(lab, normal, replicates=2, bugs=[bugs.stale_statistics]).bugs
        assert (row.why_not, row.changed) == ("", 3)  # all but the first that was measured

    def test_what_does_not_apply_is_not_planted(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trial, "quarantined", None)
        made = two_of(lambda rep: network(rep).train(), lambda rep: network(rep.seed("b")).train())
        found = sabotage(lab, made)
        assert [item.name for item in found.planted] == ["best-epoch", "idle-index"]


class TestTrust:
    def test_in_plain_words(self, tried: Tried) -> None:
        _, found, _ = tried
        assert found.trust.startswith("Every planted truth was found (6 of 6).")
        assert "Of 8 published bugs that can be planted here" in found.trust
        assert "Nothing would have noticed" in found.trust or "NOTHING would have noticed" in found.trust

    def test_what_is_silent_and_what_is_idle(self, tried: Tried) -> None:
        rows = {item.name: item for item in tried[1].bugs}
        quiet = replace(rows["one-too-many"], flipped=False, noticed=(), changed=2)
        idle = replace(rows["best-epoch"], flipped=False, noticed=(), changed=0)
        loud = replace(rows["idle-shuffle"], flipped=True, noticed=rows["idle-index"].noticed)
        unseen = replace(rows["dense-output"], flipped=True, noticed=())
        truth = tried[1].truths[:1]

        def trust(*rows: Any, **changes: Any) -> str:
            return replace(tried[1], truths=truth, bugs=rows, verdict="yes", **changes).trust

        assert trust(quiet, idle, loud) == (
            "Every planted truth was found (1 of 1). Of 3 published bugs that can be planted here 1 would have changed "
            "the verdict. Each of those would have been noticed. Nothing would have noticed one-too-many either, but "
            "the verdict would have stayed. Not one number would be another for best-epoch."
        )
        assert "NOTHING would have noticed that dense-output did, and only tests" in trust(
            replace(unseen, effects=[replace(unseen.effects[0], chance=False)])
        )
        assert "NOTHING would have noticed that dense-output did, which may be chance here, but" in trust(
            replace(unseen, effects=[replace(unseen.effects[0], chance=True)])
        )
        assert trust(rows["global-seeds"]).endswith("None of the published bugs applies to this question.")

    def test_what_the_honest_answer_itself_lacks(self, tried: Tried) -> None:
        lost = [replace(control, behaved=False) for control in tried[1].controls]
        told = replace(tried[1], verdict="inconclusive", controls=lost).trust
        assert "The honest answer is inconclusive with 3 replicates; more would show more." in told
        assert "Without any bug, too, a control does not behave: “dense exceeds random by more than 1 point”." in told

    def test_no_truth_at_all(self, tried: Tried) -> None:
        none = [replace(truth, ok=None) for truth in tried[1].truths]
        assert replace(tried[1], truths=none).trust.startswith("No truth could be planted here")


class TestTrouble:
    def test_a_bug_that_stops_the_work_is_noticed_by_it(self, lab: Lab) -> None:
        @training_bug("broken", trap="code that raises", why_not=lambda histories: "")
        def broken() -> Any:
            """It raises."""
            from whether.sabotage.bug import replaced
            from whether.train import optim

            def raises(*given: Any) -> None:
                raise ZeroDivisionError("in the midst")

            with replaced(optim, "_step", raises):
                yield Acts(1)

        (row,) = sabotage(lab, asking(), replicates=2, bugs=[broken]).bugs
        assert (row.verdict, row.flipped, [item.by for item in row.noticed]) == ("", False, ["work"])
        assert "in the midst" in row.noticed[0].said

    def test_a_full_disk_is_no_bugs_doing(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(question: Any) -> Any:
            raise WorkError("could not write") from OSError(28, "No space left on device")

        monkeypatch.setattr(trial._Trials, "_answer", lambda self, bug, honest: full(bug))
        with pytest.raises(WorkError, match="could not write"):
            sabotage(lab, asking(), replicates=2, bugs=[bugs.idle_shuffle])
        assert not is_the_systems(WorkError("something else"))

    def test_a_bug_that_never_acts_is_a_fault_of_ours(self, lab: Lab) -> None:
        @training_bug("lame", trap="nothing", why_not=lambda histories: "")
        def lame() -> Any:
            """It does nothing."""
            yield Acts()

        with pytest.raises(
            NeverActedError, match="the bug lame was planted, everything was trained, and it never acted"
        ):
            sabotage(lab, asking(), replicates=2, bugs=[lame])

    def test_questions_that_cannot_be_sabotaged(self, lab: Lab) -> None:
        from whether import above

        with pytest.raises(RequestError, match="no claim of tiny compares two arms"):
            sabotage(lab, asking(claims=[above("dense", 50, because=WHY)]))
        with pytest.raises(RequestError, match="unknown arm in a claim 'densee'; did you mean 'dense'"):
            sabotage(lab, asking(claims=[exceeds("densee", "random", by=1, because=WHY)]))
        assert not (lab.store.work.folder / "sabotage").exists()

    def test_scores_of_ones_own_that_raise_are_told(self, lab: Lab) -> None:
        def arms(rep: Replicate) -> Any:
            start = network(rep)
            return {"a": start.masked(start.prune(fraction=0.5, by="sabotage_nets:broken_score")).train(), "b": start}

        made = asking(arms, claims=[exceeds("a", "b", by=1, because=WHY)], controls=[], secondary=[])
        with pytest.raises(
            WorkError, match="the score 'sabotage_nets:broken_score' failed: ZeroDivisionError: no score today"
        ):
            sabotage(lab, made, replicates=2)


def test_measures_may_be_given_as_such(lab: Lab) -> None:
    made = two_of(lambda rep: accuracy(network(rep).train()), lambda rep: accuracy(network(rep.seed("b"))))
    found = sabotage(lab, made, replicates=2, bugs=[bugs.idle_index])
    assert [(truth.planted, truth.expected) for truth in found.truths[1:]] == [
        ("a never trained", "no"),
        ("b never trained", "yes"),
    ]
    assert found.bugs[0].changed > 0


def test_every_training_bug_is_one() -> None:
    assert sum(isinstance(item, TrainingBug) for item in BUGS) == 8
