"""One table of toy cases, which every property of training walks."""

from __future__ import annotations

from dataclasses import replace

from case import Case, Snapshots, bits, distance, plain, raw, resumed, threads, train, zero_bits
from whether.data.cards import Data
from whether.recipe import Recipe, adam, adamw, cosine, drops, linear, own_optimizer, sgd
from whether.recipe import constant as steady
from whether.sparsify import gradual, rigl, set_

__all__ = [
    "ALL",
    "BY_NAME",
    "CASES",
    "DIGITS",
    "FEW",
    "SMALL",
    "SUMS",
    "XOR",
    "Case",
    "Snapshots",
    "bits",
    "distance",
    "plain",
    "raw",
    "resumed",
    "threads",
    "train",
    "zero_bits",
]

XOR = Data(name="xor")
DIGITS = Data(name="digits")
FEW = Data(name="digits", validation=1007)  # 193 rows to train on, and a last part of 7 rows to look at
ALL = Data(name="digits", validation=0)
SMALL = Data(name="digits", validation=100, rows=96)
SUMS = Data(name="modular-addition-7")  # 20 rows to train on

_AS_THEY_ARE = (
    Case(
        name="one-unit-whole-set",
        model="mlp-1",
        data=FEW,
        recipe=Recipe(optimizer=sgd(0.1), total="6it", batch=1000, last_batch="keep"),
    ),
    Case(
        name="narrow-waist",
        model="mlp-3-1-5",
        data=XOR,
        recipe=Recipe(optimizer=adam(0.02), total="9it", batch=3, last_batch="keep", schedule=linear(warmup="2it")),
        init="xavier-uniform",
    ),
    Case(
        name="one-example",
        model="mlp-2",
        data=XOR,
        recipe=Recipe(optimizer=sgd(0.05, momentum=0.9, nesterov=True), total="9it", batch=1, evaluate="2it"),
        init="pytorch",
    ),
    Case(
        name="seven-rows",  # of which two threads make other sums than one
        model="mlp-40-20",
        data=DIGITS,
        recipe=Recipe(optimizer=sgd(0.1, momentum=0.9), total="5it", batch=7, evaluate="2it"),
    ),
    Case(
        name="plain-sgd",
        model="mlp-17-9",
        data=DIGITS,
        recipe=Recipe(optimizer=sgd(0.1), total="8it", batch=60, schedule=steady(warmup="3it"), evaluate="3it"),
    ),
    Case(
        name="momentum-keeps-the-last-batch",
        model="mlp-33",
        data=DIGITS,
        recipe=Recipe(
            optimizer=sgd(0.05, momentum=0.9, weight_decay=1e-2),
            total="10it",
            batch=128,
            last_batch="keep",
            schedule=drops(["4it", "8it"], factor=0.5, warmup="2it"),
            evaluate="4it",
        ),
        density=0.6,
    ),
    Case(
        name="nesterov-drops-the-last-batch",
        model="mlp-20-1-6",
        data=DIGITS,
        recipe=Recipe(
            optimizer=sgd(0.05, momentum=0.8, nesterov=True, weight_decay=1e-3),
            total="5it",
            batch=400,
            schedule=cosine(warmup="1it"),
            evaluate="2it",
        ),
        density=0.3,
        init="xavier-normal",
    ),
    Case(
        name="adam-at-five-per-cent",
        model="mlp-64-32",
        data=DIGITS,
        recipe=Recipe(optimizer=adam(2e-3), total="8it", batch=64, schedule=linear(), evaluate="3it"),
        density=0.05,
    ),
    Case(
        name="adamw-whole-set",
        model="mlp-12",
        data=DIGITS,
        recipe=Recipe(
            optimizer=adamw(2e-3, weight_decay=0.1), total="6it", batch=900, schedule=cosine(), evaluate="2it"
        ),
        density=0.5,
        init="kaiming-uniform",
    ),
    Case(
        name="deep",
        model="mlp-7-7-7-7-7-7",
        data=DIGITS,
        recipe=Recipe(optimizer=adam(1e-3, weight_decay=1e-2), total="6it", batch=63, evaluate="2it"),
        density=0.6,
    ),
    Case(
        name="nothing-held-out",
        model="mlp-9",
        data=ALL,
        recipe=Recipe(optimizer=adam(1e-3, betas=(0.8, 0.95), eps=1e-6), total="6it", batch=450, evaluate="2it"),
    ),
    Case(
        name="much-held-out",
        model="mlp-31",
        data=FEW,
        recipe=Recipe(optimizer=sgd(0.1, momentum=0.5), total="8it", batch=93, last_batch="keep", evaluate="3it"),
    ),
    Case(
        name="own-perceptron",
        model="foreign:perceptron",
        data=DIGITS,
        recipe=Recipe(optimizer=sgd(0.1, momentum=0.9), total="6it", batch=50, evaluate="2it"),
        density=0.4,
        options={"width": 13},
    ),
    Case(
        name="conv-batchnorm",
        model="foreign:conv_batchnorm",
        data=FEW,
        recipe=Recipe(optimizer=sgd(0.05, momentum=0.9, weight_decay=1e-3), total="5it", batch=32, evaluate="2it"),
        density=0.5,
        init="kaiming-uniform",
    ),
    Case(
        name="dropout",
        model="foreign:dropout",
        data=FEW,
        recipe=Recipe(optimizer=adam(1e-3), total="5it", batch=32, evaluate="2it"),
        density=0.3,
    ),
    Case(
        name="odd-module",
        model="foreign:odd",
        data=FEW,
        recipe=Recipe(optimizer=sgd(0.05, momentum=0.9, weight_decay=1e-2), total="5it", batch=32, evaluate="2it"),
        density=0.5,
    ),
    Case(
        name="conv-2",
        model="conv-2",
        data=SMALL,
        recipe=Recipe(optimizer=adam(2e-4), total="3it", batch=8, evaluate="2it"),
        density=0.2,
    ),
    Case(
        name="lenet-5-augmented",
        model="lenet-5",
        data=SMALL,
        recipe=Recipe(
            optimizer=sgd(0.05, momentum=0.9),
            total="4it",
            batch=50,
            last_batch="keep",
            augment=("flip", "crop-1"),
            evaluate="2it",
        ),
    ),
    Case(
        name="resnet-batchnorm",
        model="resnet-8-w4",
        data=SMALL,
        recipe=Recipe(optimizer=sgd(0.05, momentum=0.9, weight_decay=1e-3), total="3it", batch=16, evaluate="2it"),
        init="kaiming-normal+bn-uniform",
    ),
    Case(
        name="resnet-groupnorm",
        model="resnet-8-w4-gn",
        data=SMALL,
        recipe=Recipe(optimizer=adamw(1e-3), total="3it", batch=16, label_smoothing=0.1, evaluate="2it"),
        density=0.4,
    ),
    Case(
        name="gpt",
        model="gpt-1-16",
        data=SUMS,
        recipe=Recipe(optimizer=adamw(2e-3, weight_decay=0.1), total="5it", batch=8, last_batch="keep", clip=0.5),
        init="gpt",
        close=1e-5,  # Adam makes whole steps of small gradients
    ),
    Case(
        name="regression",
        model="mlp-9",
        data=Data(name="friedman"),
        recipe=Recipe(optimizer=sgd(0.01, momentum=0.9), total="6it", batch=50, clip=1.0, evaluate="2it"),
        density=0.5,
    ),
    Case(
        name="augmented-mlp",
        model="mlp-14",
        data=FEW,
        recipe=Recipe(
            optimizer=adam(2e-3), total="6it", batch=90, last_batch="keep", augment=("crop-1", "flip"), evaluate="2it"
        ),
    ),
    Case(
        name="smoothed-and-clipped",
        model="mlp-11-6",
        data=FEW,
        recipe=Recipe(
            optimizer=sgd(0.3, momentum=0.9, weight_decay=1e-2),
            total="6it",
            batch=50,
            label_smoothing=0.2,
            clip=0.3,
            evaluate="2it",
        ),
        density=0.5,
    ),
    Case(
        name="bf16",
        model="mlp-12-8",
        data=FEW,
        recipe=Recipe(optimizer=sgd(0.1, momentum=0.9), total="4it", batch=40, precision="bf16", evaluate="2it"),
    ),
    Case(
        name="own-loss",
        model="mlp-10",
        data=FEW,
        recipe=Recipe(optimizer=sgd(0.1), total="4it", batch=40, loss="foreign:hinge", evaluate="2it"),
    ),
    Case(
        name="own-optimiser",
        model="mlp-10-5",
        data=FEW,
        recipe=Recipe(
            optimizer=own_optimizer("foreign:drawing", 0.05, decay=0.01),
            total="5it",
            batch=40,
            schedule=cosine(),
            evaluate="2it",
        ),
        density=0.5,
    ),
    Case(
        name="held-batchnorm",
        model="foreign:conv_batchnorm",
        data=SMALL,
        recipe=Recipe(optimizer=sgd(0.05, momentum=0.9, weight_decay=1e-2), total="4it", batch=32, evaluate="2it"),
        held="batchnorm",
        init="kaiming-normal",
    ),
    Case(
        name="held-random-weights",
        model="foreign:conv_batchnorm",
        data=SMALL,
        recipe=Recipe(optimizer=adam(1e-2, weight_decay=0.1), total="4it", batch=32, clip=0.1, evaluate="2it"),
        held="random-as-batchnorm+output",
        density=0.7,
    ),
    Case(
        name="gradual-pruning",
        model="mlp-13-7",
        data=FEW,
        recipe=Recipe(
            optimizer=sgd(0.1, momentum=0.9, weight_decay=1e-2),
            total="8it",
            batch=40,
            sparsify=gradual(0.3, begin="1it", end="6it", every="2it"),
            evaluate="3it",
        ),
        init="signed-constant",  # where magnitudes tie, the order of layers decides
    ),
    Case(
        name="set-random-exchange",
        model="mlp-20-10",
        data=FEW,
        recipe=Recipe(
            optimizer=adam(5e-3, weight_decay=1e-2),
            total="7it",
            batch=40,
            sparsify=set_(0.3, every="2it"),
            evaluate="3it",
        ),
    ),
    Case(
        name="rigl",
        model="foreign:conv_batchnorm",
        data=SMALL,
        recipe=Recipe(
            optimizer=sgd(0.05, momentum=0.9),
            total="6it",
            batch=32,
            clip=1.0,
            sparsify=rigl(0.4, every="2it", end="100%"),
            evaluate="3it",
        ),
    ),
    Case(
        name="rigl-held-and-own",
        model="mlp-12-8",
        data=FEW,
        recipe=Recipe(
            optimizer=own_optimizer("foreign:momentum", 0.1),
            total="6it",
            batch=48,
            sparsify=rigl(0.5, every="1it", end="100%"),
            evaluate="3it",
        ),
        held="foreign:upper",
    ),
)
_COMPRESSED = (
    "momentum-keeps-the-last-batch",
    "nesterov-drops-the-last-batch",
    "adam-at-five-per-cent",
    "adamw-whole-set",
    "deep",
)
_IN_PART = (  # linear layers in compressed rows, everything else as it is, through autograd
    "conv-batchnorm",
    "dropout",
    "odd-module",
    "conv-2",
    "resnet-groupnorm",
    "regression",
    "smoothed-and-clipped",
    "held-random-weights",
)
_CLOSE = {"conv-2": 1e-5}  # Adam makes whole steps of small gradients
CASES = (
    *_AS_THEY_ARE,
    *(
        replace(case, name=f"{case.name}-compressed", kernels="sparse", close=_CLOSE.get(case.name, case.close))
        for case in _AS_THEY_ARE
        if case.name in (*_COMPRESSED, *_IN_PART)
    ),
    Case(
        name="gpt-compressed",
        model="gpt-1-16",
        data=SUMS,
        recipe=Recipe(optimizer=adamw(2e-3, weight_decay=0.1), total="5it", batch=8, last_batch="keep", clip=0.5),
        density=0.2,
        init="gpt",
        kernels="sparse",
        close=1e-5,
    ),
    Case(
        name="own-loss-compressed",
        model="mlp-20-10",
        data=FEW,
        recipe=Recipe(
            optimizer=sgd(0.05, momentum=0.9, nesterov=True),
            total="5it",
            batch=50,
            last_batch="keep",
            loss="foreign:hinge",
            evaluate="2it",
        ),
        density=0.2,
        kernels="sparse",
    ),
    Case(
        name="augmented-clipped-and-held-compressed",
        model="mlp-12-8",
        data=FEW,
        recipe=Recipe(
            optimizer=sgd(0.3, momentum=0.9, weight_decay=1e-2),
            total="6it",
            batch=50,
            last_batch="keep",
            augment=("crop-1", "flip"),
            clip=0.3,
            evaluate="2it",
        ),
        density=0.3,
        held="foreign:upper",
        kernels="sparse",
    ),
)
BY_NAME = {case.name: case for case in CASES}
