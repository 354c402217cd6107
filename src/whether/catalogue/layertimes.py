"""What a question about the time of one layer asks for: speed-ups, and the roofline that explains them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whether.claim import Control, above
from whether.errors import RequestError
from whether.history import Measure, Network, derived, measure
from whether.question import at

DEVICES, STRUCTURES = ("cpu", "cuda"), ("csr", "2:4")
PRECISIONS = {"csr": ("fp32",), "2:4": ("fp16", "bf16")}
CACHED = 1.0
"""MiB of vectors that stay in a core's cache, as one layer of a small network does."""

Arms = dict[str, Measure | Mapping[float, Measure]]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How a layer is timed.

    Attributes:
        layer: its name.
        batch, repeats, uses: examples, blocks a side, and uses for which a structure is built once.
        device, structure, precision: where, with what, and in which numbers both sides compute.
    """

    layer: str
    batch: int
    repeats: int
    uses: int
    device: str
    structure: str
    precision: str

    @staticmethod
    def of(*, device: str, structure: str, precision: str | None, **more: Any) -> Timing:
        """A timing whose words go together.

        Raises:
            RequestError: for words and numbers that are none, and 2:4 on a CPU.

        Example:
            >>> how = {"layer": "1", "batch": 8, "repeats": 2, "uses": 9, "structure": "2:4", "precision": None}
            >>> Timing.of(device="cuda", **how).precision
            'fp16'
        """
        for name, word, known in (("device", device, DEVICES), ("structure", structure, STRUCTURES)):
            if word not in known:
                raise RequestError(f"{name} is {word!r}; expected {' or '.join(known)}.")
        if structure == "2:4" and device == "cpu":
            raise RequestError(
                "structure is '2:4', which PyTorch computes on GPUs alone; expected device=cuda with it."
            )
        can = PRECISIONS[structure]
        if precision is not None and precision not in can:
            raise RequestError(f"precision is {precision!r}; expected {' or '.join(can)} with structure={structure}.")
        for name in ("batch", "repeats", "uses"):
            value = more[name]
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise RequestError(f"{name} is {value!r}; expected a whole number, 1 or more.")
        return Timing(device=device, structure=structure, precision=precision or can[0], **more)

    def speed_up(self, kind: str, net: Network, structure: str = "") -> Measure:
        """How many times faster a network's layer is sparse than dense."""
        return derived("speed_up", {"layer": self.times(kind, net, structure)}, options={"uses": self.uses})

    def times(self, kind: str, net: Network, structure: str = "") -> Measure:
        """What the layer takes and asks for, both ways."""
        how = {name: getattr(self, name) for name in ("layer", "batch", "repeats", "device", "precision")}
        return measure("layer_times", net, options={**how, "kind": kind, "structure": structure or self.structure})

    def roofline(self, kind: str, nets: Mapping[float, Network], whole: Network) -> Arms:
        """Where each side lies under the roof: its rate, its intensity and its share of the bound, and the roof itself.

        Args:
            kind: "training" or "inference".
            nets: by per cent of the layer's weights that are left.
            whole: of which the dense side and the machine's peaks are taken.
        """
        of = {x: self.times(kind, net) for x, net in nets.items()}
        one = of[max(of)]
        peaks = {
            "products": measure("peak_flops", whole, options={"device": self.device, "precision": self.precision}),
            "memory": measure("peak_bandwidth", whole, options={"device": self.device}),
        }
        found: Arms = {}
        for name, word in (("share of the bound", "share_of_bound"), ("rate", "flop_rate"), ("intensity", "intensity")):
            beside = peaks if word == "share_of_bound" else {}
            found[f"{name}, dense"] = derived(word, {"layer": one, **beside}, options={"side": "dense"})
            found[f"{name}, sparse"] = {x: derived(word, {"layer": times, **beside}) for x, times in of.items()}
        found["peak of products"], found["bandwidth of the memory"] = peaks["products"], peaks["memory"]
        if self.device == "cpu":
            small = {"device": self.device, "mib": CACHED}
            found["bandwidth of the cache"] = measure("peak_bandwidth", whole, options=small)
        return found


def share_of(density: float | None, structure: str) -> float:
    """The part of a layer that is left: as said, or what is usual for a structure.

    Raises:
        RequestError: for a number that is no part, and another than a half of 2:4.

    Example:
        >>> share_of(None, "2:4"), share_of(0.05, "csr")
        (0.5, 0.05)
    """
    share = (0.5 if structure == "2:4" else 0.1) if density is None else density
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < 1:
        raise RequestError(f"density is {share!r}; expected a number in (0, 1): the part of the layer that is left.")
    if structure == "2:4" and share != 0.5:
        raise RequestError(f"density is {share!r}; structure=2:4 leaves a half of the layer: leave density out.")
    return share


def packed_controls(few: str, s: float) -> list[Control]:
    """What is known beforehand of 2:4: that it cannot pay in training, and that a tenth of the units pays in use.

    Args:
        few: the arm of the latter.
        s: how many times faster is worth it.
    """
    training = above(at("training speed-up", 50.0), s, unit="times", because="the same size as the claim")
    tenth = above(few, s, unit="times", because="the same size as the claim")
    most = "two of its three products stay dense, so that halving the third saves a sixth at most"
    small = "a tenth of the units is a tenth of the products, or a hundredth, in the same dense kernel"
    return [Control(training, expect="no", because=most), Control(tenth, expect="yes", because=small)]
