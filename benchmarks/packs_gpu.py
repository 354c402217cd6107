"""Packs of networks on one GPU, in network-steps a second, beside one at a time: a plain loop and a captured one.

    python benchmarks/packs_gpu.py [--only lenet resnet gpt] [--widths 1 8 64] [--seconds 3] [--rounds 5] [--json FILE]
    python benchmarks/packs_gpu.py --convolutions        # the forms of packed convolutions beside one another
    python benchmarks/packs_gpu.py --smoke               # tiny forms on a CPU: that the script runs, and no more

Three trainings of networks that are small for a GPU: LeNet-300-100 on MNIST's shapes, ResNet-20 on CIFAR-10's (crops,
flips, momentum, bf16), a GPT of four blocks (AdamW, bf16). Numbers are drawn: what is in the data makes no difference
to speed. One network at a time is trained by

- a plain loop as a good user writes it: data on the device, fused optimiser, autocast, no waiting inside;
- the same loop tuned by hand: channels last, cuDNN's search, the whole step with its gathering of the batch and its
  augmentation in one CUDA graph.

The packed side is `train_pack` as everybody calls it, from the first step of an epoch on, draws of orders included. All
sides train in turn, in the same minutes; medians and spreads are printed, and beside them what is aimed at. Before
anything is timed, packed networks are held to networks that were computed one at a time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from packs_sides import Bench, EnoughError, Loop, Work, pace_of_loop, pace_of_pack, works

from whether.seeds import Stream
from whether.train import pack, packed_layers, program
from whether.train.pack import Watch, train_pack
from whether.train.replica import Snapshot

SGD = {"name": "sgd", "lr": 0.05, "momentum": 0.9, "weight_decay": 0.0, "nesterov": False}


def agreement(bench: Bench, steps: int = 12) -> float:
    """How far packed networks in float32 are from the same one at a time: ‖difference‖ / ‖way that was gone‖.

    By SGD, since Adam makes whole steps of gradients that are nothing but rounding.
    """
    ends: list[list[Snapshot]] = []
    for together in (True, False):
        found: list[Snapshot] = []
        watch = Watch(stop=lambda _, one, here=found: here.append(one))  # type: ignore[misc]
        replicas = [replace(one, stops=(steps,)) for one in bench.replicas(2, precision="fp32", optimizer=SGD)]
        with nullcontext() if together else _one_by_one():
            train_pack(bench.module, replicas, bench.data, watch)
        ends.append(found)
    apart, gone = 0.0, 0.0
    for one, other in zip(*ends, strict=True):
        for name, value in one.weights.items():
            if value.is_floating_point():
                apart += float((value - other.weights[name]).double().square().sum())
                gone += float((other.weights[name] - bench.weights[name]).double().square().sum())
    return (apart / gone) ** 0.5


def waits(bench: Bench) -> str:
    """What the host waits for within an epoch: PyTorch is told to raise an error whenever it does."""
    if bench.device.type != "cuda":
        return "not seen on a CPU"
    seen: list[int] = []

    def progress(steps: int) -> None:
        seen.append(steps)
        if len(seen) == 10:
            torch.cuda.set_sync_debug_mode("error")
        if len(seen) == 60:
            raise EnoughError

    watch = Watch(stop=lambda *_: None, progress=progress, checkpoint_every=1e9)
    try:
        train_pack(bench.module, bench.replicas(2), bench.data, watch)
    except EnoughError:
        return "nothing"
    except RuntimeError as error:
        return str(error).splitlines()[0]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return "nothing"


@contextmanager
def _one_by_one() -> Iterator[None]:
    """Networks are computed one after the other, and no step is recorded."""
    kept = pack.choose, pack.recorder
    streams = lambda replicas: [Stream(one.order, "noise") for one in replicas]  # noqa: E731
    pack.choose = lambda module, replicas, *_: program.Modules(module, streams(replicas), replicas[0].training)  # type: ignore[assignment]
    pack.recorder = lambda _: None  # type: ignore[assignment]
    try:
        yield
    finally:
        pack.choose, pack.recorder = kept


@contextmanager
def _switches(work: Work) -> Iterator[None]:
    """What a recipe's precision sets, for the loops too."""
    kept = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark
    coarse = work.recipe.precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = coarse
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = kept[:2]
        torch.backends.cudnn.benchmark = kept[2]


def measure(bench: Bench, widths: Sequence[int], seconds: float, rounds: int) -> dict[str, Any]:
    """Network-steps a second of every side, round by round."""
    notes: set[str] = set()
    found: dict[str, list[float]] = {"plain loop": [], "captured loop": []}
    found |= {f"pack of {width}": [] for width in widths}
    with _switches(bench.work):
        plain, captured = Loop(bench, tuned=False), Loop(bench, tuned=True)
        captured.capture()
        for _ in range(rounds):
            found["plain loop"].append(pace_of_loop(plain, seconds))
            found["captured loop"].append(pace_of_loop(captured, seconds))
            for width in widths:
                try:
                    found[f"pack of {width}"].append(pace_of_pack(bench, width, seconds, notes))
                except torch.OutOfMemoryError:
                    notes.add(f"a pack of {width} does not fit into memory")
    return {"paces": found, "notes": sorted(notes)}


def table(bench: Bench, told: dict[str, Any]) -> None:
    """Print what was measured, and how it stands to what is aimed at."""
    work, paces = bench.work, {side: found for side, found in told["paces"].items() if found}
    middle = {side: statistics.median(found) for side, found in paces.items()}
    print(f"\n{work.name}: {work.model}, batch {work.recipe.batch}, {work.recipe.precision}")
    print(f"packed against one at a time, 12 steps of SGD in float32: {told['agreement']:.1e} of the way apart")
    print(f"within an epoch the host waits for: {told['waits']}")
    head = f"{'':16}{'network-steps/s':>16}{'min':>11}{'max':>11}{'× plain':>9}{'× captured':>12}"
    print(head)
    for side, value in middle.items():
        ratios = f"{value / middle['plain loop']:9.2f}{value / middle['captured loop']:12.2f}"
        print(f"{side:16}{value:16,.0f}{min(paces[side]):11,.0f}{max(paces[side]):11,.0f}{ratios}")
    packs = [value for side, value in middle.items() if side.startswith("pack")]
    if packs:
        best = max(packs)
        reached = best / middle["plain loop"], best / middle["captured loop"]
        aims = f"{work.plain:g} × plain ({_met(reached[0], work.plain)})"
        aims += f", {work.captured:g} × captured ({_met(reached[1], work.captured)})"
        print(f"aimed at: {aims}")
    if work.name == "resnet" and "pack of 1" in middle:
        alone = middle["pack of 1"] / middle["captured loop"]
        print(f"aimed at for a pack of one: .9 × captured ({_met(alone, 0.9)})")
    for note in told["notes"]:
        print(f"note: {note}")


def _met(reached: float, aim: float) -> str:
    return f"{'met' if reached >= aim else 'NOT met'}: {reached:.2f}"


def convolutions(benches: Sequence[Bench], seconds: float, rounds: int) -> dict[str, dict[str, list[float]]]:
    """The forms of packed convolutions beside one another, at the widths of the training."""
    told: dict[str, dict[str, list[float]]] = {}
    for bench in benches:
        if bench.work.name != "resnet":
            continue
        for precision in ("bf16", "tf32", "fp32"):
            here = replace(bench, training=replace(bench.training, precision=precision))
            kept = packed_layers.CONVOLUTIONS[precision]
            for width in bench.work.widths:
                for form in packed_layers.FORMS:
                    packed_layers.CONVOLUTIONS[precision] = form
                    try:
                        found = [pace_of_pack(here, width, seconds, set()) for _ in range(rounds)]
                    except (RuntimeError, NotImplementedError) as error:
                        print(f"{precision:6}{width:4} {form}: {str(error).splitlines()[0]}")
                        continue
                    told.setdefault(f"{precision}, pack of {width}", {})[form] = found
                    print(f"{precision:6}{width:4} {form:24}{statistics.median(found):12,.0f} network-steps/s")
            packed_layers.CONVOLUTIONS[precision] = kept
    return told


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[work.name for work in works(smoke=False)])
    parser.add_argument("--widths", type=int, nargs="+", help="of packs, in the place of each training's own")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each side in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--convolutions", action="store_true", help="compare the forms of packed convolutions")
    parser.add_argument("--smoke", action="store_true", help="tiny forms on a CPU: figures mean nothing")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> int:
    """Measure and print a table for each training."""
    chosen = options()
    if not chosen.smoke and not torch.cuda.is_available():
        print(
            "There is no GPU here that PyTorch can use, and nothing was measured. On a machine with one:\n"
            "    python benchmarks/packs_gpu.py --json packs_gpu.json\n"
            "That the script runs is shown by: python benchmarks/packs_gpu.py --smoke",
            file=sys.stderr,
        )
        return 1
    device = torch.device("cpu" if chosen.smoke else "cuda")
    if chosen.smoke:
        print("A smoke test on a CPU: networks are tiny, nothing is captured, and the figures mean nothing.")
        program.fills_a_device = lambda _: True  # type: ignore[assignment]
        chosen.seconds, chosen.rounds = 0.05, 1
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    print(f"{name}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}")
    benches = [
        Bench.of(work, device) for work in works(smoke=chosen.smoke) if work.name in (chosen.only or [work.name])
    ]
    told: dict[str, Any] = {"device": name, "torch": torch.__version__, "cuda": torch.version.cuda}
    if chosen.convolutions:
        told["convolutions"] = convolutions(benches, chosen.seconds, chosen.rounds)
    for bench in [] if chosen.convolutions else benches:
        checked = {"agreement": agreement(bench), "waits": waits(bench)}
        found = measure(bench, chosen.widths or bench.work.widths, chosen.seconds, chosen.rounds)
        told[bench.work.name] = found | checked
        table(bench, told[bench.work.name])
    if device.type == "cuda":
        print(f"\npeak memory {torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB")
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
