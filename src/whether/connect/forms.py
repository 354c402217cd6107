"""What is known of PyTorch's operations: what each form of them does to an axis of hidden units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LAYERS = frozenset({"linear", "conv1d", "conv2d", "conv3d"})
"""What reads units with weights, and makes new ones."""

NORMS = {
    "batch_norm": "batch_norm",
    "instance_norm": "batch_norm",
    "layer_norm": "layer_norm",
    "rms_norm": "layer_norm",
    "group_norm": "group_norm",
    "prelu": "prelu",
}

KNOWN = LAYERS | NORMS.keys()
"""What has parameters of its own, and is looked at whether or not units reach it."""

ELEMENTWISE = frozenset(
    {
        "abs",
        "alpha_dropout",
        "celu",
        "clamp",
        "clone",
        "contiguous",
        "detach",
        "dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "elu",
        "exp",
        "feature_alpha_dropout",
        "float",
        "double",
        "half",
        "bfloat16",
        "gelu",
        "hardshrink",
        "hardsigmoid",
        "hardswish",
        "hardtanh",
        "leaky_relu",
        "log",
        "log_softmax",
        "logsigmoid",
        "mish",
        "neg",
        "pow",
        "relu",
        "relu6",
        "rsqrt",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softmin",
        "softplus",
        "softshrink",
        "softsign",
        "sqrt",
        "square",
        "tanh",
        "tanhshrink",
        "threshold",
        "to",
    }
)
"""The same for every unit; a softmax, over units or not, does not ask which is which."""

COMBINING = frozenset(
    {
        "add",
        "iadd",
        "radd",
        "sub",
        "isub",
        "rsub",
        "subtract",
        "mul",
        "imul",
        "rmul",
        "multiply",
        "div",
        "idiv",
        "truediv",
        "itruediv",
        "rtruediv",
        "true_divide",
        "divide",
        "maximum",
        "minimum",
    }
)

RESHAPING = frozenset({"flatten", "view", "reshape", "squeeze", "unsqueeze", "unflatten"})

TRANSPOSING = frozenset({"permute", "transpose", "movedim", "moveaxis", "swapaxes", "swapdims"})

POOLING = frozenset(
    f"{kind}_pool{d}d" for kind in ("max", "avg", "lp", "adaptive_avg", "adaptive_max") for d in (1, 2, 3)
)

REDUCING = frozenset({"mean", "sum", "amax", "amin"})

PLAIN = frozenset(
    {
        "size",
        "dim",
        "get",
        "is_contiguous",
        "stride",
        "numel",
        "nelement",
        "element_size",
        "len",
        "ndimension",
        "is_floating_point",
        "is_complex",
        "hash",
        "get_device",
    }
)
"""What tells of a tensor nothing that depends on its values."""

_FORMS: dict[str, str] = {
    **dict.fromkeys(LAYERS, "layer"),
    **NORMS,
    **dict.fromkeys(ELEMENTWISE, "elementwise"),
    **dict.fromkeys(COMBINING, "combine"),
    **dict.fromkeys(RESHAPING, "reshape"),
    **dict.fromkeys(TRANSPOSING, "transpose"),
    **dict.fromkeys(POOLING, "pool"),
    **dict.fromkeys(REDUCING, "reduce"),
    "pad": "pad",
}


def form_of(name: str) -> str | None:
    """The form of an operation, or None where it is not known."""
    return _FORMS.get(name)


def known_name(function: Callable[..., Any]) -> str:
    """An operation's name, the same for function, method, operator and in-place form: "relu" for `relu_` too."""
    return str(getattr(function, "__name__", function)).strip("_")
