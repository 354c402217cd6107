"""Numbers of other measures: what is planned, how they are said and told, and what becomes of parts that diverged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from histories import network, point

import whether
from whether import Lab, Network, Question, Recipe, Replicate, adam, exceeds, sgd, words
from whether.errors import RequestError, WorkError
from whether.evidence import failed_checks
from whether.history import Measure, accuracy, curve, derived, loss, wire
from whether.history.difference import differences
from whether.history.resolve import Resolver
from whether.history.sentence import label, sentence
from whether.history.walk import measured
from whether.plan.plan import ask, plan_measures
from whether.seeds import Seed

RECIPE = Recipe(optimizer=adam(0.01), total="20it", batch=60)
WILD = RECIPE.but(optimizer=sgd(1e38))


def net(seed: Any = 1, recipe: Recipe = RECIPE) -> Network:
    return Network("mlp-8", data="digits", seed=seed, recipe=recipe)


def pair(seed: Any = 1, recipe: Recipe = RECIPE) -> dict[str, Measure]:
    return {"early": accuracy(net(seed).train(until="5it")), "late": accuracy(net(seed, recipe).train())}


def fact(measure: Measure) -> Any:
    return Resolver().measure(measure)


class TestPlanning:
    def test_networks_of_parts_are_trained_once_and_with_everybody_elses(self) -> None:
        alone = plan_measures([fact(derived("derivations:total", pair()))])
        assert (len(alone.trajectories), alone.steps_to_train, len(alone.missing)) == (1, 20, 3)
        both = derived("derivations:total", {**pair(), "other": loss(net(2).train())})
        together = plan_measures([Resolver().measure(item) for item in (both, *pair().values(), loss(net(2).train()))])
        assert (len(together.trajectories), together.steps_to_train) == (2, 40)

    def test_parts_of_parts_count(self) -> None:
        inner = derived("derivations:total", pair(1))
        outer = derived("derivations:total", {"inner": inner, "late": accuracy(net(3).train())})
        assert plan_measures([fact(outer)]).steps_to_train == 40
        states = {state.digest for state in measured(fact(outer))}
        wanted = (net(1).train(until="5it"), net(1).train(), net(3).train())
        assert states == {point(item).digest for item in wanted}

    def test_values_are_those_of_the_parts(self, lab: Lab) -> None:
        parts = pair()
        found = lab.value(derived("derivations:total", parts, options={"early": -1.0}))
        assert found == lab.value(parts["late"]) - lab.value(parts["early"])
        assert lab.value(derived("derivations:total", {"once": derived("derivations:total", parts)})) == pytest.approx(
            lab.value(parts["late"]) + lab.value(parts["early"])
        )

    def test_a_curve_is_a_dict(self, lab: Lab) -> None:
        course = curve(net().train(), "train loss")
        assert lab.value(derived("derivations:last", {"course": course})) == lab.value(course)["values"][-1]


class TestIdentity:
    def test_all_that_is_said_counts(self) -> None:
        base = derived("derivations:total", pair())
        others = [
            derived("derivations:total", pair(2)),
            derived("derivations:total", pair(), options={"late": 2.0}),
            derived("derivations:total", {"early": pair()["early"]}),
            derived("derivations:total", {"late": pair()["early"], "early": pair()["late"]}),
            derived("derivations:last", pair()),
        ]
        digests = [fact(item).digest for item in (base, *others)]
        assert len(set(digests)) == len(digests)
        told = derived("derivations:total", pair(), unit="points²", better="lower", worst=3.0)
        assert fact(told).digest == fact(base).digest
        assert (told.kind.unit, told.kind.better, told.kind.worst) == ("points²", "lower", 3.0)

    def test_there_and_back_by_wire(self) -> None:
        outer = fact(derived("derivations:total", {"inner": derived("derivations:total", pair()), **pair(2)}))
        back = wire.read(json.loads(json.dumps(wire.written([outer]), allow_nan=False)))[outer.digest]
        assert back.plain() == outer.plain()
        assert [part.digest for part in back.parts] == [part.digest for part in outer.parts]

    def test_its_sentence_can_be_typed_in(self) -> None:
        item = fact(derived("derivations:total", {"a": loss(network(3).train())}, options={"a": 2.0}))
        *before, last = sentence(item).replace("seed=…", "seed=3").replace("data=…", "data='xor'").split("\n")
        known: dict[str, Any] = {name: getattr(whether, name) for name in whether.__all__}
        exec("\n".join(before), known)
        assert fact(eval(last, known)).digest == item.digest
        assert label(item).startswith("derivations:total of 1 measures, the first of mlp-2 on xor")

    def test_a_difference_in_a_part_is_told(self) -> None:
        one, other = (fact(derived("derivations:total", pair(1, recipe))) for recipe in (RECIPE, RECIPE.but(lr=0.02)))
        assert [str(item) for item in differences(one, other)] == ["late › train › optimizer › lr: 0.01 | 0.02"]

    def test_code_of_ones_own_counts_by_what_it_says(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        file = tmp_path / "own_laws.py"
        found = []
        for text in (
            "def f(values):\n    return 1.0\n",
            "# why\ndef f(values):\n    return 1.0\n",
            "def f(values): return 2",
        ):
            file.write_text(text, encoding="utf-8")
            found.append(fact(derived("own_laws:f", pair())).digest)
        assert found[0] == found[1] != found[2]

    def test_words_of_the_table_have_no_code_in_their_identity(self) -> None:
        levels = {"init": [0, 0, 1, 1], "order": [0, 1, 0, 1]}
        grid = {f"{i}{j}": accuracy(net(i).train(order=j)) for i in (1, 2) for j in (3, 4)}
        found = fact(derived("variance_sum", grid, options={"levels": levels, "weights": {"order": 1}}))
        assert found.code == ""
        assert found.options["levels"] == levels


class TestWords:
    @pytest.mark.parametrize("word", words.table("derivation"), ids=lambda word: word.name)
    def test_each_is_in_both_tables(self, word: words.Word) -> None:
        assert words.DERIVED[word.name].split is False
        assert callable(words.load(word))
        assert {word.name for word in words.table("derivation")} == words.DERIVED.keys()

    def test_they_have_a_kind_of_their_own(self) -> None:
        assert derived("law_error", pair()).kind == words.MeasureKind("%", better="lower")
        told = derived("law_margin", pair(), worst=-100.0).kind
        assert (told.unit, told.better, told.worst) == ("%", "higher", -100.0)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: derived("law_eror", pair()), "unknown derivation 'law_eror'; did you mean 'law_error'"),
            (lambda: derived("accuracy", pair()), "unknown derivation 'accuracy'.*to use it as a derivation"),
            (lambda: derived("law_error", pair(), options={"net": 1}), "unknown option of the derivation 'law_error'"),
            (
                lambda: derived("law_error", pair(), options={"by": 1}),
                "the option 'by' of 'law_error' is 1; expected a",
            ),
            (lambda: derived("m:f", {}), r"m:f: derived of \{\}; expected a dict of one Measure or more by name"),
            (lambda: derived("m:f", {"a": net()}), "expected a dict of one Measure or more by name"),  # type: ignore[dict-item]
            (lambda: derived("m:f", {1: accuracy(net())}), "a part is called 1; expected text"),  # type: ignore[dict-item]
            (lambda: derived("m:f", pair(), options={"names of parts": 1}), "an option is called 'names of parts'"),
            (lambda: derived("m:f", pair(), options={"k": object()}), "cannot be part of an identity"),
            (lambda: derived("m:f", pair(), better="bigger"), "unknown better 'bigger'"),
        ],
    )
    def test_what_is_refused_when_it_is_said(self, make: Callable[[], Measure], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            make()

    @pytest.mark.parametrize(
        ("name", "message"),
        [("no_such_module:f", "there is no module 'no_such_module'"), ("derivations:totl", "did you mean 'total'")],
    )
    def test_code_that_is_not_there(self, name: str, message: str) -> None:
        with pytest.raises(RequestError, match=message):
            fact(derived(name, pair()))


class TestNonsense:
    @pytest.mark.parametrize(
        ("name", "kind", "message"),
        [
            ("names", RequestError, "the measure 'derivations:names' returned 'early, late'; expected a number"),
            ("flag", RequestError, "the measure 'derivations:flag' returned True; expected a number"),
            ("endless", RequestError, "'derivations:endless' returned inf, which cannot be recorded or averaged"),
            ("broken", WorkError, "the measure 'derivations:broken' failed: ZeroDivisionError: nothing to divide by"),
        ],
    )
    def test_what_a_function_returns(self, lab: Lab, name: str, kind: type[Exception], message: str) -> None:
        with pytest.raises(kind, match=message):
            lab.value(derived(f"derivations:{name}", pair()))

    def test_an_option_that_the_function_cannot_take(self, lab: Lab) -> None:
        with pytest.raises(WorkError, match=r"'derivations:total' failed: TypeError: .*multiple values"):
            lab.value(derived("derivations:total", pair(), options={"values": 1}))

    def test_a_word_that_is_told_nonsense(self, lab: Lab) -> None:
        with pytest.raises(RequestError, match="nets is None; expected a list of"):
            lab.value(derived("law_error", {"a": loss(net().train())}))


def asking(worst: float | None) -> Question:
    """A question whose second arm rests on a network that diverges."""

    def arms(rep: Replicate) -> dict[str, Measure]:
        return {
            "sound": derived("derivations:total", pair(rep), unit="points"),
            "lost": derived("derivations:total", pair(rep, WILD), unit="points", worst=worst),
        }

    claims = [exceeds("sound", "lost", by=1, because="less is noise")]
    return Question(arms, claims=claims, if_yes="this", if_no="that", replicates=2, name="derived")


class TestDivergence:
    def test_it_counts_as_the_worst_value(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
        answer = lab.run(asking(worst=-7.0))
        lost = [run for run in answer.table if run.arm == "lost"]
        assert [(run.outcome, run.value) for run in lost] == [("diverged", -7.0)] * 2
        rows = ask(asking(worst=-7.0), seed=Seed(0), open_test=False).arms
        wild = [fact.parts[1].state.digest for row in rows for arm, fact in row if arm.name == "lost"]
        assert [run.note for run in lost] == [f"diverged ({digest[:8]})" for digest in wild]
        assert answer.curves == {}, "a derived arm has no curve of its own"
        assert lab.answered(asking(worst=-7.0)) == answer

    def test_without_a_worst_value_it_is_told_how_to_give_one(self, lab: Lab) -> None:
        with pytest.raises(RequestError, match=r"arm 'lost' diverged, and its measure .* give one"):
            lab.run(asking(worst=None))

    def test_alone_there_is_nothing_to_derive(self, lab: Lab) -> None:
        wild = net(recipe=WILD).train()
        with pytest.raises(WorkError, match=f"the network {point(wild).digest[:12]} diverged; there are no weights"):
            lab.value(derived("derivations:total", pair(1, WILD)))


class TestTelling:
    def test_why(self, lab: Lab) -> None:
        item = derived("derivations:total", pair(), options={"late": 2.0})
        value = lab.value(item)
        told = lab.why(fact(item).digest[:12])
        assert (told["value"], told["kind"]) == (value, "measure")
        assert told["label"] == "derivations:total of 2 measures, the first of mlp-8 on digits, step 5 of 20"
        assert told["sentence"].endswith("options={'late': 2.0})")
        assert told["would_train_again_for"] == [
            "nothing: it stands. Another history is another piece: `whether diff` says in what two differ"
        ]

    def test_checks_of_the_networks_of_parts_are_heard(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = ask(asking(worst=0.0), seed=Seed(0), open_test=False)
        heard = failed_checks(asked, lambda digest: {"checks": ["too loud"], "note": "", "profile": ""})
        assert heard[-1] == "too loud (6 of 6 networks)"
