"""The table of words: for each name that a sentence may use, where it lives, what it needs, what it takes.

Torch-free, so that a wrong name is told before anything heavy is loaded. Every kind of word is open: where a name may
stand, `"module:function"` may stand too, for code of one's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whether.errors import CODE_RAISES, RequestError, unknown

OWN_CODE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class Word:
    """One name of the language.

    Attributes:
        kind: what it may stand for: "model", "initialiser", "score", "perturbation", "freezing", "measure",
            "derivation" (a number of other measures).
        name: as it is written; for a family, its form ("mlp-<width>-…").
        lives: "module:function" that carries it out.
        takes: what it needs, for people.
        pattern: the form that a family's names match, when the name is not fixed.
        needs: what a sentence has to say beside it: "examples" (of the training split), "other" (a second network),
            "since" (an earlier state; by default the fresh one), "seed".
        options: the plain options that it takes, with their defaults.
    """

    kind: str
    name: str
    lives: str
    takes: str
    pattern: str = ""
    needs: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def _words(kind: str, home: str, *rows: tuple[Any, ...]) -> tuple[Word, ...]:
    """Words of one kind whose functions live in one module: name, function, takes, and further fields by name."""
    return tuple(
        Word(kind, name, f"{home}:{function}", takes, **(more[0] if more else {}))
        for name, function, takes, *more in rows
    )


def _probes(module: str, *rows: tuple[str, str, Mapping[str, Any]]) -> tuple[Word, ...]:
    """Measures of one module: name, what it tells, options."""
    return tuple(
        Word("measure", name, f"whether.probe.{module}:{name}", takes, options=options) for name, takes, options in rows
    )


_STATISTICS = {"statistics": "re-estimated"}
_PATH: dict[str, Any] = {"points": 31, **_STATISTICS}
_LAYER = {"layer": "output", "kind": "training", "batch": 60, "repeats": 20}
_COMPUTED = {"structure": "csr", "device": "cpu", "precision": None}
_SIDE = {"side": "sparse"}

WORDS = (
    Word("model", "lenet-300-100", "whether.models.mlp:lenet_300_100", "images of 28 × 28 with one channel"),
    Word("model", "mlp-<width>-…", "whether.models.mlp:mlp", "anything; flattens it", r"mlp(-[1-9]\d*)+"),
    Word("model", "lenet-5", "whether.models.conv:lenet_5", "images of 4 × 4 or more (LeCun et al., 1998)"),
    Word("model", "conv-<2|4|6>", "whether.models.conv:conv", "images (Frankle & Carbin, 2019)", r"conv-[\w-]+"),
    Word("model", "vgg-<depth>[-w<width>]", "whether.models.vgg:vgg", "images; with BatchNorm", r"vgg-[\w-]+"),
    Word("model", "resnet-<6n+2>[-w<width>][-gn|-ln]", "whether.models.resnet:resnet", "images", r"resnet-[\w-]+"),
    Word(
        *("model", "gpt-<layers>-<width>[-relu]", "whether.models.gpt:gpt", "sequences of tokens", r"gpt-[\w-]+"),
        options={"heads": None, "tied": False},
    ),
    Word("model", "torchvision/<name>", "whether.models.zoo:torchvision", "images; torchvision", r"torchvision/\w+"),
    Word("model", "timm/<name>", "whether.models.zoo:timm", "images; timm", r"timm/[\w.]+"),
    *(
        Word("initialiser", name, f"whether.models.init:{name.replace('-', '_')}", source, rf"{name}(\+bn-uniform)?")
        for name, source in (
            ("kaiming-normal", "He et al. (2015)"),
            ("kaiming-uniform", "He et al. (2015)"),
            ("xavier-normal", "Glorot & Bengio (2010)"),
            ("xavier-uniform", "Glorot & Bengio (2010)"),
            ("pytorch", "PyTorch's own for linear and convolution layers"),
            ("orthogonal", "Saxe et al. (2014)"),
            ("signed-constant", "Ramanujan et al. (2020)"),
            ("gpt", "Radford et al. (2019)"),
        )
    ),
    *_words(
        "score",
        "whether.prune.scores",
        ("magnitude", "magnitude", "trained or fresh weights"),
        ("initial-magnitude", "initial_magnitude", "an earlier state", {"needs": ("since",)}),
        ("movement", "movement", "an earlier state; |w| − |w then|", {"needs": ("since",)}),
        ("random", "random", "nothing but a seed", {"needs": ("seed",)}),
    ),
    *_words(
        "score",
        "whether.prune.gradients",
        ("snip", "snip", "examples; |g·w| (Lee et al., 2019)", {"needs": ("examples",)}),
        (
            *("grasp", "grasp", "examples; gradient flow kept (Wang et al., 2020)"),
            {"needs": ("examples",), "options": {"temperature": 1.0}},
        ),
        ("taylor", "taylor", "examples; (g·w)² (Molchanov et al., 2019)", {"needs": ("examples",)}),
        ("synflow", "synflow", "no examples; synaptic flow (Tanaka et al., 2020)"),
    ),
    *_words(
        "perturbation",
        "whether.perturb",
        ("redraw-magnitudes", "redraw_magnitudes", "keeps signs", {"needs": ("seed",)}),
        ("redraw-signs", "redraw_signs", "keeps magnitudes", {"needs": ("seed",)}),
        ("shuffle", "shuffle", "permutes weights", {"needs": ("seed",), "options": {"scope": "layer"}}),
        (
            *("shuffle-signs", "shuffle_signs", "permutes signs, keeps magnitudes"),
            {"needs": ("seed",), "options": {"scope": "layer"}},
        ),
        ("noise", "noise", "adds n standard deviations", {"needs": ("seed",), "options": {"scale": 1.0}}),
        ("swap-magnitudes", "swap_magnitudes", "those of a second network", {"needs": ("other",)}),
        ("swap-signs", "swap_signs", "those of a second network", {"needs": ("other",)}),
    ),
    *_words(
        "perturbation",
        "whether.connect.words",
        ("interpolate", "interpolate", "a point between two networks", {"needs": ("other",), "options": {"at": 0.5}}),
        ("align-weights", "align_weights", "units matched to another's by weights", {"needs": ("other", "seed")}),
        (
            "align-activations",
            "align_activations",
            "units matched to another's by what they do on examples",
            {"needs": ("other", "examples")},
        ),
        ("permute-units", "permute_units", "the same function, its units reordered", {"needs": ("seed",)}),
        (
            "re-estimate",
            "re_estimate",
            "BatchNorm statistics taken anew on the training split",
            {"needs": ("examples",)},
        ),
    ),
    *_words(
        "freezing",
        "whether.train.freeze",
        ("batchnorm", "trainable", "only scales and shifts of norm layers are trained"),
        ("output", "trainable", "only the last layer is trained"),
        ("biases", "trainable", "only biases are trained"),
        ("nothing", "trainable", "nothing is trained; running statistics go on"),
        (
            "random-as-batchnorm",
            "trainable",
            "as many random weights as norms have, layer by layer",
            {"needs": ("seed",)},
        ),
    ),
    *_words(
        "measure",
        "whether.probe.measures",
        ("accuracy", "accuracy", "a classifier; per cent right"),
        ("loss", "loss", "the mean loss of the task"),
        ("solved", "solved", "a classifier; whether every example is right"),
        ("early_stop", "early_stop", "a trained network; iterations"),
    ),
    Word("measure", "density", "whether.prune.masks:density_percent", "per cent of the prunable weights that exist"),
    Word("measure", "curve", "whether.train.replica:Curves", "a trained network; one recorded curve"),
    *_words(
        "measure",
        "whether.connect.words",
        ("barrier", "barrier", "two networks; error along their path", {"needs": ("other",), "options": _PATH}),
        (
            "loss_barrier",
            "loss_barrier",
            "two networks; loss along their path",
            {"needs": ("other",), "options": _PATH},
        ),
        ("path", "path", "two networks; error and loss along their path", {"needs": ("other",), "options": _PATH}),
        ("cosine_distance", "cosine_distance", "two networks; over the prunable weights", {"needs": ("since",)}),
        ("disagreement", "disagreement", "two networks; per cent labelled differently", {"needs": ("other",)}),
    ),
    *_probes("calibration", ("calibration", "calibration error, in points", {"bins": 15})),
    *_probes(
        "classes",
        ("class_error", "per cent of one class that are wrong", {"label": 0}),
        ("worst_class_error", "per cent wrong of the class that is worst off", {}),
        ("subgroup_error", "per cent wrong of a group of your own", {"groups": "", "group": 0}),
    ),
    *_probes(
        "activity",
        ("weight_sparsity", "per cent of prunable weights that are zero", {"layer": None}),
        ("activation_sparsity", "per cent of ReLU outputs that are zero", {"layer": None}),
        ("gradient_sparsity", "per cent of gradients that are zero", {"layer": None}),
        ("dead_units", "per cent of ReLU units that no example fires", {"layer": None}),
    ),
    *_probes("rank", ("effective_rank", "of the last hidden activations, or of a layer's weights", {"layer": None})),
    *_probes("curvature", ("hessian_eigenvalue", "the largest, of the loss on some examples", {"rows": 200})),
    *_probes(
        "cost",
        ("parameters_left", "how many parameters exist", {"count": "all"}),
        ("flops_left", "multiply-adds of one example that remain", {}),
    ),
    Word(
        "measure",
        "distance",
        "whether.probe.distance:distance",
        "an earlier state; L2 over the weights",
        needs=("since",),
        options={"over": "prunable"},
    ),
    *_probes(
        "speed",
        ("step_time", "milliseconds of a training step", {"batch": 60, "repeats": 30}),
        ("inference_time", "milliseconds of a batch's forward pass", {"batch": 60, "repeats": 30}),
        ("layer_times", "what a layer takes and asks for, dense and sparse", {**_LAYER, **_COMPUTED}),
        ("sparse_speed", "how many times faster a layer is sparse than dense", {**_LAYER, **_COMPUTED, "uses": 1000}),
    ),
    *_probes(
        "peaks",
        ("peak_flops", "GFLOP/s of a large product here", {"device": "cpu", "precision": "fp32"}),
        ("peak_bandwidth", "GB/s of a large sum of vectors here", {"device": "cpu", "mib": 192.0}),
    ),
    *_words(
        "derivation",
        "whether.probe.roofline",
        ("speed_up", "speed_up", "a layer's times; how many times faster sparse", {"options": {"uses": 1000}}),
        ("flop_rate", "flop_rate", "a layer's times; the rate that a side reaches", {"options": _SIDE}),
        ("intensity", "intensity", "a layer's times; operations a byte of a side", {"options": _SIDE}),
        (
            *(
                "share_of_bound",
                "share_of_bound",
                "a layer's times and two peaks; per cent of its bound that a side reaches",
            ),
            {"options": _SIDE},
        ),
    ),
    *_words(
        "derivation",
        "whether.prune.predict",
        (
            *("law_error", "law_error", "errors of networks; per cent by which those held out are mispredicted"),
            {"options": {"nets": None, "by": "law", "permute": None}},
        ),
        (
            *("law_margin", "law_margin", "errors of networks; how far the law's error lies below another's"),
            {"options": {"nets": None, "by": "law", "over": "interpolation", "less": 0.0, "permute": None}},
        ),
        (
            *("law_fit", "law_fit", "errors of networks; per cent by which the law misses those that it is fitted to"),
            {"options": {"nets": None, "tell": "deviation"}},
        ),
    ),
    *_words(
        "derivation",
        "whether.stats.crossed",
        (
            *("variance_sum", "variance_sum", "values of a crossed design; a weighted sum of its variances"),
            {"options": {"levels": None, "weights": None}},
        ),
        (
            *("variance_doublings", "variance_doublings", "values of a crossed design; log₂ of a ratio of variances"),
            {"options": {"levels": None, "above": None, "below": None}},
        ),
    ),
)


@dataclass(frozen=True)
class MeasureKind:
    """What a measure's numbers mean.

    Attributes:
        unit: for people; differences of `points` are in the same unit.
        better: "higher" or "lower".
        share: each value is 0 or 100 (a thing happened or not), so that a mean is a share and gets a share's interval.
        split: whether it is asked of a split of the data.
        worst: what a diverged network counts as; None for the built-in rule of each measure.
        timed: it is a time, which belongs to one machine and is taken while nothing else runs there.
    """

    unit: str
    better: str = "higher"
    share: bool = False
    split: bool = False
    worst: float | None = None
    timed: bool = False


MEASURES: dict[str, MeasureKind] = {
    "accuracy": MeasureKind("points", split=True),
    "loss": MeasureKind("nats", better="lower", split=True),
    "solved": MeasureKind("points", share=True, split=True),
    "density": MeasureKind("points", better="lower"),
    "early_stop": MeasureKind("it", better="lower"),
    "curve": MeasureKind("", split=False),
    "barrier": MeasureKind("points", better="lower", split=True),
    "loss_barrier": MeasureKind("nats", better="lower", split=True),
    "path": MeasureKind("", split=True),
    "distance": MeasureKind("", better="lower"),
    "cosine_distance": MeasureKind("", better="lower"),
    "disagreement": MeasureKind("points", better="lower", split=True),
    "calibration": MeasureKind("points", better="lower", split=True),
    "class_error": MeasureKind("points", better="lower", split=True),
    "worst_class_error": MeasureKind("points", better="lower", split=True),
    "subgroup_error": MeasureKind("points", better="lower", split=True),
    "weight_sparsity": MeasureKind("points"),
    "activation_sparsity": MeasureKind("points", split=True),
    "gradient_sparsity": MeasureKind("points", split=True),
    "dead_units": MeasureKind("points", split=True),
    "effective_rank": MeasureKind("", split=True),
    "hessian_eigenvalue": MeasureKind("", better="lower", split=True),
    "parameters_left": MeasureKind("weights", better="lower"),
    "flops_left": MeasureKind("multiply-adds", better="lower"),
    "step_time": MeasureKind("ms", better="lower", split=True, timed=True),
    "inference_time": MeasureKind("ms", better="lower", split=True, timed=True),
    "layer_times": MeasureKind("", split=True, timed=True),
    "sparse_speed": MeasureKind("times", split=True, timed=True),
    "peak_flops": MeasureKind("GFLOP/s", timed=True),
    "peak_bandwidth": MeasureKind("GB/s", timed=True),
}
OF_CLASSES = ("calibration", "class_error", "worst_class_error", "subgroup_error")
SEVERAL = ("path", "layer_times")
"""Measures of several numbers each: parts of others, and no arms of their own."""
COUNTING = ("accuracy", "solved", "barrier", "disagreement", *OF_CLASSES)
"""Measures that count right answers; those of classes count them by class."""
DERIVED: dict[str, MeasureKind] = {
    "law_error": MeasureKind("%", better="lower"),
    "law_margin": MeasureKind("%"),
    "law_fit": MeasureKind("%", better="lower"),
    "variance_sum": MeasureKind(""),
    "variance_doublings": MeasureKind("doublings"),
    "speed_up": MeasureKind("times"),
    "flop_rate": MeasureKind("GFLOP/s"),
    "intensity": MeasureKind("FLOP/byte"),
    "share_of_bound": MeasureKind("%"),
}
CURVES = ("train loss", "train accuracy", "validation loss", "validation accuracy")


def is_own_code(name: str) -> bool:
    """Whether a name has the form "module:function"."""
    return isinstance(name, str) and OWN_CODE.fullmatch(name) is not None


def draws_itself(model: str) -> bool:
    """Whether a model draws values when it is made: code of one's own, and another library's models ("timm/…")."""
    return is_own_code(model) or (isinstance(model, str) and "/" in model)


def find(kind: str, name: str) -> Word:
    """The word of a kind with this name; "module:function" makes one.

    Raises:
        RequestError: for an unknown name, with the nearest ones and how code of one's own is named.
    """
    if is_own_code(name):
        return Word(kind, name, name, "code of your own")
    for word in WORDS:
        if word.kind == kind and (name == word.name or (word.pattern and re.fullmatch(word.pattern, str(name)))):
            return word
    names = [word.name for word in WORDS if word.kind == kind]
    raise unknown(kind, name, names, f"Or name code of your own as 'module:function' to use it as {_article(kind)}.")


def table(kind: str) -> list[Word]:
    """All words of a kind, in the order of the table."""
    return [word for word in WORDS if word.kind == kind]


def load(word: Word) -> Any:
    """Import what a word names.

    Raises:
        RequestError: when the module cannot be imported or has no such name; says where it was looked for.
    """
    import importlib
    import sys

    module, _, name = word.lives.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # the working directory; installed scripts leave it out
    try:
        loaded = importlib.import_module(module)
    except CODE_RAISES as error:
        trouble = f"{type(error).__name__}: {error}"
        raise RequestError(
            f"{word.kind} {word.name!r}: the module {module!r} fails to import ({trouble}). Modules are looked for in "
            "the working directory and among the installed packages."
        ) from error
    if not hasattr(loaded, name):
        public = [item for item in vars(loaded) if not item.startswith("_") and callable(getattr(loaded, item))]
        raise unknown(f"name in module {module!r}", name, public)
    found = getattr(loaded, name)
    if not callable(found):
        raise RequestError(f"{word.kind} {word.name!r} is a {type(found).__name__}; expected a function.")
    return found


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
