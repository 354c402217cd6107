"""From facts back to the sentence that says them: how a network came to be, for people to read.

What is said twice gets a name, and so do masks where a line would be long. A network's root seed cannot be told from
its facts (they have the seeds that were derived from it), so it is written `…`; everything else is what one would type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from whether import words
from whether.data.cards import Data
from whether.errors import RequestError
from whether.history import facts
from whether.history.facts import Fact
from whether.history.phrases import but, data_text, fraction_text, listed, recipe_text
from whether.history.resolved import NAMES
from whether.history.settle import settle_on
from whether.history.walk import generations, parents_first
from whether.recipe import default_recipe
from whether.seeds import Seed

SAID_BY_NAME = (
    "accuracy",
    "loss",
    "solved",
    "density",
    "early_stop",
    "barrier",
    "loss_barrier",
    "disagreement",
)
"""Measures that the front door has a function for which takes its networks in this order."""

WIDE = 96
"""Columns in which a line is still easy to read."""

Said = facts.State | facts.MaskFact | facts.MeasureFact


def sentence(fact: Fact) -> str:
    """The sentence of a state, a mask or a measure, in lines: names first, itself last.

    Raises:
        TypeError: for another kind of fact.
    """
    if not isinstance(fact, Said):
        raise TypeError(f"{fact!r} is no sentence by itself; it is a part of one.")
    story = _Story(fact)
    shared = {item.digest for item in story.items[:-1] if story.uses[item.digest] > 1}
    masks = {item.digest for item in story.items[:-1] if isinstance(item, facts.MaskFact)}
    every = {item.digest for item in story.items[:-1]}
    lines: list[str] = []
    for named in (shared, shared | masks, shared | masks | story.pruned, every):
        lines = story.lines(named)
        if max(map(len, lines)) <= WIDE and (len(masks) < 2 or named is not shared):
            break
    return "\n".join(lines)


def label(fact: Fact) -> str:
    """What a fact is, in a few words."""
    match fact:
        case facts.MeasureFact(name=name, parts=parts, state=state) if parts:
            return f"{name} of {len(parts)} measures, the first of {label(state)}"
        case facts.MeasureFact(name=name, split=split, state=state):
            return f"{name}{f' on {split}' if split else ''} of {label(state)}"
        case facts.Trajectory(begin=begin, training=training):
            return f"{begin.model.name} on {training.data_name.name}, step {begin.step} to {training.total}"
        case facts.State():
            return ", ".join([_whose(fact), *_worn(fact.mask)])
        case facts.MaskFact():
            return ", ".join(["a mask", *_worn(fact)])
    return f"a {fact.tag}"


def _whose(state: facts.State) -> str:
    match state:
        case facts.Point(trajectory=on, at=at):
            return f"{state.model.name} on {on.training.data_name.name}, step {at} of {on.training.total}"
        case facts.Redrawn():
            return f"{state.model.name} drawn again, step {state.step}"
        case facts.Loaded():
            return f"{state.model.name} from a file"
        case facts.Perturbed(how=how):
            return f"{state.model.name} perturbed ({how}), step {state.step}"
        case facts.Holding(trains=trains):
            return f"{state.model.name} of which only {trains} is trained, step {state.step}"
    return f"{state.model.name}, step {state.step}"


def _worn(mask: facts.MaskFact | None) -> list[str]:
    rounds = sum(isinstance(item, facts.PrunedMask) for item in generations(mask))
    told = [f"pruned {rounds} times" if rounds > 1 else "pruned once"] if rounds else []
    told += ["mask changed in training"] if isinstance(mask, facts.GrownMask) else []
    told += ["mask shuffled"] if isinstance(mask, facts.ShuffledMask) else []
    return told + (["mask inverted"] if isinstance(mask, facts.InvertedMask) else [])


class _Story:
    """The parts of one sentence, each after those that it is said of."""

    def __init__(self, root: Said) -> None:
        self.items = [item for item in parents_first([root]) if isinstance(item, Said)]
        self.pruned = {item.state.digest for item in self.items if isinstance(item, facts.PrunedMask)}
        self.whole = self._whole()
        self.uses = Counter(part.digest for item in self.items for part in self._parts(item))
        self.data: dict[str, Data] = {}
        """By fresh or trained state: the network's own data set."""
        self.habits: dict[str, tuple[facts.Training, Seed]] = {}
        """By fresh or trained state: the recipe and the order that it goes on with when nothing else is said."""
        self.recipes: dict[str, tuple[str, str]] = {}
        """By training: its name and what it says; both empty for the default of its data."""
        self._look_back()

    def lines(self, named: Collection[str]) -> list[str]:
        """The sentence with names for some of its parts."""
        names = self._names(named)
        text: dict[str, str] = {}
        recipes = [f"{name} = {said}" for name, said in self.recipes.values() if name]
        lines: list[str] = []
        for item in self.items:
            said = self._said(item, text)
            if item.digest in names:
                lines.append(f"{names[item.digest]} = {said}")
                said = names[item.digest]
            text[item.digest] = said
        return [*recipes, *lines, text[self.items[-1].digest]]

    def _whole(self) -> dict[str, facts.Start | facts.Loaded]:
        """By mask of every weight: a fresh network before it, whose mask it is."""
        fresh: dict[str, facts.Start | facts.Loaded] = {}
        found: dict[str, facts.Start | facts.Loaded] = {}
        for item in self.items:
            if isinstance(item, facts.Start | facts.Loaded):
                fresh.setdefault(item.model.digest, item)
            elif isinstance(item, facts.FullMask) and item.model.digest in fresh:
                found[item.digest] = fresh[item.model.digest]
        return found

    def _parts(self, item: Said) -> Sequence[Said]:
        """What a sentence names in saying a fact: of a trained state where its training begins."""
        if isinstance(item, facts.Point):
            return (item.trajectory.begin,)
        if item.digest in self.whole:
            return (self.whole[item.digest],)
        return [part for part in item.parents() if isinstance(part, Said)]

    def _look_back(self) -> None:
        for item in self.items:
            if isinstance(item, facts.Point):
                begin, training = _taken(item.trajectory.begin), item.trajectory.training
                habit = training, item.trajectory.order
                self.habits.setdefault(begin.digest, habit)  # a fresh network has the habit of its first training
                self.habits[item.digest] = habit
                own = self.data.setdefault(begin.digest, training.data_name)
                self.data[item.digest] = own
                self._name_recipe(training, own)
            elif isinstance(item, facts.MeasureFact):
                self.data.setdefault(_taken(item.state).digest, item.data_name)
            elif isinstance(item, facts.PrunedMask | facts.Perturbed) and item.data_name is not None:
                seen = item.state if isinstance(item, facts.PrunedMask) else item.origin
                self.data.setdefault(_taken(seen).digest, item.data_name)

    def _name_recipe(self, training: facts.Training, own: Data) -> None:
        if training.digest in self.recipes:
            return
        if _is_usual(training) and own == training.data_name:
            self.recipes[training.digest] = "", ""
            return
        number = 1 + sum(bool(name) for name, _ in self.recipes.values())
        elsewhere = training.data_name if own != training.data_name else None
        self.recipes[training.digest] = f"recipe{number if number > 1 else ''}", recipe_text(training, elsewhere)

    def _names(self, named: Collection[str]) -> dict[str, str]:
        counted: Counter[str] = Counter()
        names: dict[str, str] = {}
        masks = sum(item.digest in named and isinstance(item, facts.MaskFact) for item in self.items)
        for item in self.items:
            if item.digest not in named:
                continue
            match item:
                case facts.Start() | facts.Loaded():
                    kind, lone = "start", True
                case facts.MaskFact():
                    kind, lone = "mask", masks == 1
                case _:
                    kind, lone = "w", False
            counted[kind] += 1
            names[item.digest] = kind if lone and counted[kind] == 1 else f"{kind}{counted[kind]}"
        return names

    def _said(self, item: Said, text: Mapping[str, str]) -> str:
        match item:
            case facts.Start():
                return self._start(item)
            case facts.Point(trajectory=on):
                return f"{text[on.begin.digest]}.train({listed(self._train(item))})"
            case facts.Wearing(origin=origin, worn=worn, keep_optimizer=keep):
                kept = "optimizer='keep'" if keep else ""
                return f"{text[origin.digest]}.masked({listed([text[worn.digest], kept])})"
            case facts.Redrawn(origin=origin, seed=seed, keep=keep):
                return f"{text[origin.digest]}.reinit({listed([_seed(seed), but('keep', keep, 'nothing')])})"
            case facts.Loaded():
                return self._loaded(item)
            case facts.Perturbed(origin=origin):
                return f"{text[origin.digest]}.perturbed({listed(_perturbing(item, text))})"
            case facts.Holding(origin=origin, trains=trains, seed=seed):
                drawn = f"seed={_seed(seed)}" if seed is not None else ""
                return f"{text[origin.digest]}.only({listed([repr(trains), drawn])})"
            case facts.Clocked(origin=origin, at=at):
                return f"{text[origin.digest]}.rate_rewound('{at}it')"
            case facts.PrunedMask(state=state):
                return f"{text[state.digest]}.prune({listed(_pruning(item, text))})"
            case facts.GrownMask(state=state):
                return f"{text[state.digest]}.mask()"
            case facts.ShuffledMask(origin=mask, seed=seed, scope=scope):
                return f"{text[mask.digest]}.shuffled({listed([_seed(seed), but('scope', scope, 'layer')])})"
            case facts.InvertedMask(origin=mask):
                return f"{text[mask.digest]}.inverted()"
            case facts.MeasureFact():
                return _measure(item, text)
            case facts.FullMask(model=model):
                fresh = self.whole.get(item.digest)
                return f"{text[fresh.digest]}.mask()" if fresh else f"Network({model.name!r}, …).mask()"
        raise TypeError(f"{item!r} is nothing that a sentence says")

    def _start(self, start: facts.Start) -> str:
        model = start.architecture
        data = self.data.get(start.digest)
        usual = "own" if words.draws_itself(model.name) else "xavier-normal"
        habit = self.habits.get(start.digest)
        recipe = self.recipes[habit[0].digest][0] if habit else ""
        said = [
            repr(model.name),
            f"data={data_text(data) if data else '…'}",
            "seed=…",
            f"recipe={recipe}" if recipe else "",
            but("init", start.init.partition("@")[0], usual),
            f"options={dict(model.options)}" if model.options else "",
        ]
        return f"Network({listed(said)})"

    def _loaded(self, state: facts.Loaded) -> str:
        model, data = state.architecture, self.data.get(state.digest)
        habit = self.habits.get(state.digest)
        recipe = self.recipes[habit[0].digest][0] if habit else ""
        said = [
            repr(state.path),
            f"model={model.name!r}",
            f"data={data_text(data) if data else '…'}",
            "seed=…",
            f"recipe={recipe}" if recipe else "",
            but("init", state.init.partition("@")[0], "own"),
            f"options={dict(model.options)}" if model.options else "",
        ]
        return f"Network.from_file({listed(said)})"

    def _train(self, point: facts.Point) -> list[str]:
        on = point.trajectory
        habit = self.habits[_taken(on.begin).digest]
        recipe = self.recipes[on.training.digest][0] or f"default_recipe({on.training.data_name.name!r})"
        return [
            recipe if on.training.digest != habit[0].digest else "",
            f"until='{point.at}it'" if point.at != on.training.total else "",
            f"order={_seed(on.order)}" if on.order != habit[1] else "",
        ]


def _pruning(mask: facts.PrunedMask, text: Mapping[str, str]) -> list[str]:
    layers = ", ".join(f"{name!r}: {fraction_text(part)}" for name, part in sorted(mask.layers.items()))
    return [
        f"fraction={fraction_text(mask.fraction)}",
        but("by", mask.by, "magnitude"),
        but("scope", mask.scope, "global"),
        but("structure", mask.structure, "weight"),
        f"layer_fractions={{{layers}}}" if layers else "",
        f"since={text[mask.since.digest]}" if mask.since is not None else "",
        f"seed={_seed(mask.seed)}" if mask.seed is not None else "",
        f"examples={mask.examples}" if mask.examples is not None else "",
        f"rounds={mask.rounds}" if mask.rounds != 1 else "",
        f"options={dict(mask.options)}" if mask.options else "",
    ]


def _perturbing(state: facts.Perturbed, text: Mapping[str, str]) -> list[str]:
    options = dict(state.options)
    return [
        repr(state.how),
        _seed(state.seed) if state.seed is not None else "",
        f"other={text[state.other.digest]}" if state.other is not None else "",
        f"examples={state.examples}" if state.examples is not None else "",
        f"options={options}" if options else "",
    ]


def _measure(measure: facts.MeasureFact, text: Mapping[str, str]) -> str:
    state = text[measure.state.digest]
    if measure.parts:
        names = zip(measure.options[NAMES], measure.parts, strict=True)
        parts = ", ".join(f"{name!r}: {text[part.digest]}" for name, part in names)
        own = {name: value for name, value in measure.options.items() if name != NAMES}
        return f"derived({listed([repr(measure.name), '{' + parts + '}', f'options={own}' if own else ''])})"
    split = f"split={measure.split!r}" if measure.split else ""
    if measure.name == "curve":
        return f"curve({listed([state, repr(measure.options['name'])])})"
    other = text[measure.other.digest] if measure.other is not None else ""
    if measure.name in SAID_BY_NAME:
        usual = words.find("measure", measure.name).options
        given = [f"{name}={value!r}" for name, value in measure.options.items() if value != usual.get(name)]
        return f"{measure.name}({listed([state, other, split, *given])})"
    options = f"options={dict(measure.options)}" if measure.options else ""
    other = f"other={other}" if other else ""
    return f"measure({listed([repr(measure.name), state, other, split, options])})"


def _is_usual(training: facts.Training) -> bool:
    """Whether a recipe is the one that its data set has by default."""
    data = training.data_name
    try:
        return settle_on(default_recipe(data.name), training.data, data).digest == training.digest
    except RequestError:  # its batch is larger than such data
        return False


def _taken(state: facts.State) -> facts.State:
    """The trained or fresh state that a masked or redrawn one was made of."""
    while isinstance(state, facts.Wearing | facts.Redrawn | facts.Perturbed | facts.Holding | facts.Clocked):
        state = state.origin
    return state


def _seed(seed: Seed) -> str:
    return f"Seed(0x{seed.hex})"
