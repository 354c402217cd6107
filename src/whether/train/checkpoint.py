"""States as bytes: safetensors, masks packed to bits, figures of a checkpoint as JSON in the header.

The same tensors give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from whether.errors import DamageError
from whether.train.replica import Curves, Named, Snapshot


def encode_state(weights: Named, masks: Named | None) -> bytes:
    """Weights and the mask that they wear."""
    named = {f"weights/{name}": value.contiguous() for name, value in sorted(weights.items())}
    return save(named | _packed(masks), metadata={"format": "whether-state-1"})


def decode_state(data: bytes) -> tuple[Named, Named | None]:
    """Weights and mask from `encode_state`.

    Raises:
        DamageError: when these are not such bytes.
    """
    tensors = _load(data)
    weights = _part(tensors, "weights/")
    return weights, _unpacked(tensors, weights)


def encode_tensors(tensors: Named) -> bytes:
    """Plain named tensors, such as an optimiser's moments."""
    return save({name: value.contiguous() for name, value in sorted(tensors.items())})


def decode_tensors(data: bytes) -> Named:
    """Named tensors from `encode_tensors`."""
    return _load(data)


def encode_checkpoint(snapshot: Snapshot, profile: str) -> bytes:
    """Everything that going on from here takes, so that the bits are those of never having stopped.

    Args:
        snapshot: a network in the midst of its training.
        profile: the digest of the profile under which it trains.
    """
    named = {f"weights/{name}": value.contiguous() for name, value in sorted(snapshot.weights.items())}
    named |= {f"optimizer/{name}": value.contiguous() for name, value in sorted(snapshot.optimizer.items())}
    facts = {
        "profile": profile,
        "step": snapshot.step,
        "curves": vars(snapshot.curves),
        "checks": list(snapshot.checks),
        "seconds": snapshot.seconds,
    }
    return save(named | _packed(snapshot.masks), metadata={"facts": json.dumps(facts, sort_keys=True)})


def decode_checkpoint(data: bytes, profile: str) -> Snapshot | None:
    """A checkpoint, or None when these bytes are none of this profile's: then that training begins again."""
    try:
        size = int.from_bytes(data[:8], "little")
        facts = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["facts"])
        if facts["profile"] != profile:
            return None  # going on would mix the bits of two profiles
        tensors = _load(data)
        weights = _part(tensors, "weights/")
        return Snapshot(
            step=int(facts["step"]),
            outcome="done",
            weights=weights,
            masks=_unpacked(tensors, weights),
            optimizer=_part(tensors, "optimizer/"),
            curves=curves_from(facts["curves"]),
            checks=tuple(facts["checks"]),
            seconds=float(facts["seconds"]),
        )
    except (DamageError, ValueError, LookupError, TypeError, AttributeError):
        return None


def curves_from(plain: Mapping[str, Any]) -> Curves:
    """Curves from their plain form in a record or a checkpoint."""
    loss, right, seen = plain["gathered"]
    return Curves(plain["steps"], plain["values"], (float(loss), int(right), int(seen)), plain["batches"])


def _packed(masks: Named | None) -> Named:
    if masks is None:
        return {}
    return {
        f"mask/{name}": torch.from_numpy(np.packbits(mask.numpy().reshape(-1))) for name, mask in sorted(masks.items())
    }


def _unpacked(tensors: Named, weights: Named) -> Named | None:
    packed = _part(tensors, "mask/")
    masks: Named = {}
    for name, bits in packed.items():
        count = weights[name].numel()
        flat = np.unpackbits(bits.numpy(), count=count).astype(bool)
        masks[name] = torch.from_numpy(flat).reshape(weights[name].shape)
    return masks or None


def _part(tensors: Named, prefix: str) -> Named:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _load(data: bytes) -> dict[str, Tensor]:
    try:
        return dict(sorted(load(data).items()))  # the library gives them in no order
    except SafetensorError as error:
        raise DamageError(f"a state cannot be read: {error}") from error
