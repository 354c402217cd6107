"""Answers about other things than accuracies: barriers, nats, ratios, times, variances; with published figures."""

from __future__ import annotations

import random
from collections.abc import Mapping

from report_cases import asked, column, concluded, grid

from whether.answer import Answer, Column
from whether.question import Control, Published, above, at, below, exceeds, ordered, same

STEPS = (0.0, 10.0, 50.0, 200.0, 800.0)
BARRIER = {"better": "lower", "resolution": 1e-6, "measure": "barrier"}
USUAL = "the size at which the literature calls a network stable"


def along(
    family: str, means: Mapping[float, float], *, sd: float, n: int = 6, least: float = -1e9, **meaning: object
) -> list[Column]:
    """A family of arms with normal noise, none below `least`."""
    draw = random.Random(family)
    return [
        column(at(family, x), [max(draw.gauss(mean, sd), least) for _ in range(n)], family=family, x=x, **meaning)
        for x, mean in means.items()
    ]


def connectivity() -> Answer:
    """Bounds in order over k, from the end of training back; the barrier is in points, and less is better."""
    barriers = dict(zip(STEPS, (38.0, 9.0, 1.2, 0.3, 0.05), strict=True))
    columns = along("barrier", barriers, sd=0.4, least=0.0, **BARRIER)
    columns += along("accuracy", dict.fromkeys(STEPS, 97.6), sd=0.3)
    columns += along("same seed", {0.0: 0.0, 800.0: 0.0}, sd=0.0, **BARRIER)
    question = asked(
        [below(at("barrier", k), 2.0, because=USUAL) for k in reversed(STEPS)],
        name="mode-connectivity",
        text="Is training stable to the order of its data from step 200 on?",
        combine="ordered",
        hold_to=2,
        axis="step k from which the copies part (iterations)",
        controls=[
            Control(below(at("same seed", 0.0), 2.0, because=USUAL), expect="yes", because="both ends are one network"),
            Control(
                above(at("barrier", 0.0), 2.0, because=USUAL), expect="yes", because="from the start it is unstable"
            ),
        ],
        published=[
            Published(arm=at("barrier", 0.0), value=1.0, unit="points", source="Frankle et al. (2020), figure 3"),
            Published(
                arm=at("barrier", 2000.0), value=0.8, unit="points", source="Frankle et al. (2020)", note="ResNet-20"
            ),
            Published(arm="VGG-16 at all", value=5.0, spread=0.25, unit="points", source="the same; second-hand"),
        ],
    )
    return concluded(question, columns)


def nats() -> Answer:
    """A ladder of bounds in nats, not deciding, beside one bound that does."""
    barriers = {0.0: 1.9, 100.0: 0.6, 400.0: 0.02, 1000.0: 0.004}
    facts = {"unit": "nats", "better": "lower", "resolution": 1e-6, "measure": "loss_barrier"}
    columns = along("loss barrier", barriers, sd=0.015, least=0.0, **facts)
    rungs = ordered(*(below(at("loss barrier", k), 0.05, unit="nats", because=USUAL) for k in reversed(barriers)))
    question = asked(
        [below(at("loss barrier", 400.0), 0.05, unit="nats", because=USUAL)],
        name="gpt-stability",
        text="Is a small language model stable from step 400 on?",
        secondary=[rungs],
        axis="step k (iterations)",
    )
    return concluded(question, columns)


def ratios() -> Answer:
    """Two ratios with a bound each, times in milliseconds and a variance of one's own."""
    draw = random.Random(2)
    own = {"unit": "times", "resolution": 1e-6, "split": None, "measure": "mine:ratio"}
    ms = {"unit": "ms", "better": "lower", "resolution": 1e-6, "measure": "step_time"}
    spread = {"unit": "points²", "better": "lower", "resolution": 1e-6, "measure": "mine:variance"}
    columns = [
        column("order over initialisation", [draw.gauss(1.4, 0.5) for _ in range(8)], **own),
        column("sparse over dense", [draw.gauss(0.031, 0.002) for _ in range(8)], **own),
        column("step of sparse", [draw.gauss(5.31, 0.1) for _ in range(8)], **ms),
        column("step of dense", [draw.gauss(0.412, 0.01) for _ in range(8)], **ms),
        column("variance", [abs(draw.gauss(0.08, 0.03)) for _ in range(8)], **spread),
    ]
    question = asked(
        [
            above("order over initialisation", 2.0, unit="times", because="a factor of two is worth a sentence"),
            exceeds("step of sparse", "step of dense", by=0.05, unit="ms", because="a tenth of a step"),
        ],
        name="sparse-speed",
        text="Does sparsity pay?",
        combine="any",
        secondary=[below("sparse over dense", 1.0, unit="times", because="it is slower below")],
    )
    return concluded(question, columns)


def pair() -> Answer:
    """Two replicates of accuracies near 100 %: t intervals are wider than what an accuracy can be."""
    draw = random.Random(8)
    columns = [column("dense", [98.67, 97.33])]
    for family, mean in (("ticket", 97.5), ("random mask", 90.0)):
        for x in (100.0, 50.0, 10.0):
            values = [grid(mean, draw, 1.0) for _ in range(2)]
            columns.append(column(at(family, x), values, family=family, x=x))
    columns += [column(name, [99.67, 98.0]) for name in ("small", "large")]
    lone = {"measure": "worst_class_error", "better": "lower"}
    columns += [column("worst class of dense", [1.0, 4.0], **lone), column("worst class of ticket", [3.0, 9.0], **lone)]
    question = asked(
        [exceeds(at("ticket", 10.0), at("random mask", 10.0), by=1.0, because="two seeds differ by less")],
        name="pair",
        text="Is one better than the other?",
        secondary=[same("small", "large", within=1.0, because="as above")],
        controls=[
            Control(
                exceeds("dense", at("random mask", 10.0), by=1.0, because="as above"), expect="yes", because="it must"
            )
        ],
        axis="weights left (%)",
        published=[
            Published(arm=at("ticket", x), value=value, spread=0.2, unit="%", source="A. Author (2020), table 2")
            for x, value in ((51.2, 91.9), (16.8, 91.7), (10.7, 91.0))
        ],
    )
    return concluded(question, columns)


def beyond() -> Answer:
    """Effects far out of view beside sizes of interest that lie near the rim."""
    draw = random.Random(4)
    columns = [
        column(name, [draw.gauss(mean, 0.1) for _ in range(6)])
        for name, mean in (("a", 90.0), ("b", 89.1), ("c", 12.0), ("d", 99.0))
    ]
    question = asked(
        [exceeds("a", "b", by=1.0, because="x")],
        name="beyond",
        text="Is a better?",
        controls=[
            Control(exceeds("a", "c", by=1.0, because="x"), expect="yes", because="c is bad"),
            Control(same("a", "c", within=1.2, because="x"), expect="no", because="c is bad"),
            Control(exceeds("a", "d", by=0.05, because="x"), expect="no", because="d is good"),
        ],
    )
    return concluded(question, columns)


def roofs() -> Answer:
    """A layer's speed-ups with the roofline that explains them, of two roofs."""
    left, facts = (1.0, 5.0, 10.0, 20.0, 50.0, 100.0), {"resolution": 1e-6, "split": None}
    found = dict(zip(left, (9.0, 3.4, 2.0, 1.06, 0.43, 0.22), strict=True))
    rates = dict(zip(left, (8.5, 16.0, 19.0, 20.0, 20.1, 20.3), strict=True))
    bytewise = dict(zip(left, (0.93, 3.0, 4.2, 5.2, 6.1, 6.5), strict=True))
    columns = along("speed-up", found, sd=0.02, unit="times", measure="speed_up", **facts)
    columns += along("rate, sparse", rates, sd=0.1, unit="GFLOP/s", measure="flop_rate", **facts)
    columns += along("intensity, sparse", bytewise, sd=0.0, unit="FLOP/byte", measure="intensity", **facts)
    for name, mean, unit, measure in (
        ("rate, dense", 92.0, "GFLOP/s", "flop_rate"),
        ("intensity, dense", 23.5, "FLOP/byte", "intensity"),
        ("peak of products", 100.0, "GFLOP/s", "peak_flops"),
        ("bandwidth of the memory", 25.0, "GB/s", "peak_bandwidth"),
        ("bandwidth of the cache", 80.0, "GB/s", "peak_bandwidth"),
        ("share of the bound, dense", 92.0, "%", "share_of_bound"),
    ):
        columns.append(column(name, [mean] * 6, unit=unit, measure=measure, **facts))
    shares = {x: 100 * rates[x] / min(100.0, 25 * bytewise[x]) for x in left}
    columns += along("share of the bound, sparse", shares, sd=0.0, unit="%", measure="share_of_bound", **facts)
    question = asked(
        [above(at("speed-up", 10.0), 1.25, unit="times", because="less is eaten by what stays dense")],
        name="sparse-speed",
        text="Does sparsity pay?",
        axis="weights left in the layer (%)",
    )
    return concluded(question, columns)
