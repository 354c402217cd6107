"""Tasks against plain references in float64, alone and under vmap."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from whether.errors import RaisedError, RequestError
from whether.seeds import Seed, Stream
from whether.tasks.kinds import IGNORED, Classification, LanguageModelling, Regression
from whether.tasks.task import NAMES, Task, find


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(3 * Stream(Seed(seed), "numbers").normal(math.prod(shape)).reshape(shape)).float()


def labels(*shape: int, classes: int, seed: int = 0) -> Tensor:
    words = Stream(Seed(seed), "labels").words(math.prod(shape)) % np.uint64(classes)
    return torch.from_numpy(words.astype(np.int64).reshape(shape))


def one_loss(outputs: list[float], label: int, smoothing: float = 0.0) -> float:
    """Cross-entropy of one prediction, term by term."""
    total = math.log(sum(math.exp(value) for value in outputs))
    share = smoothing / len(outputs)
    return sum(-(share + (1 - smoothing) * (place == label)) * (value - total) for place, value in enumerate(outputs))


@given(st.integers(1, 7), st.integers(2, 6), st.sampled_from([0.0, 0.1, 1.0]), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_classification_is_cross_entropy(rows: int, classes: int, smoothing: float, seed: int) -> None:
    outputs, y = numbers(rows, classes, seed=seed), labels(rows, classes=classes, seed=seed)
    plain = [one_loss(row, label, smoothing) for row, label in zip(outputs.tolist(), y.tolist(), strict=True)]
    task = Classification()
    assert float(task.loss(outputs, y, smoothing=smoothing)) == pytest.approx(sum(plain) / rows, rel=1e-5, abs=1e-6)
    bare = [one_loss(row, label) for row, label in zip(outputs.tolist(), y.tolist(), strict=True)]
    assert task.each(outputs, y).tolist() == pytest.approx(bare, rel=1e-5, abs=1e-6)
    wanted = sum(row.index(max(row)) == label for row, label in zip(outputs.tolist(), y.tolist(), strict=True))
    assert (int(task.right(outputs, y)), int(task.counted(y))) == (wanted, rows)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(2, 5), st.sampled_from([0.0, 0.2]), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_language_modelling_counts_positions(rows: int, length: int, classes: int, smoothing: float, seed: int) -> None:
    outputs, y = numbers(rows, length, classes, seed=seed), labels(rows, length, classes=classes, seed=seed)
    hidden = labels(rows, length, classes=3, seed=seed + 1) == 0
    y = torch.where(hidden, IGNORED, y)
    task, plain, right = LanguageModelling(), [], 0
    for row in range(rows):
        for place in range(length):
            if y[row, place] != IGNORED:
                values = outputs[row, place].tolist()
                plain.append(
                    (row, one_loss(values, int(y[row, place]), smoothing), one_loss(values, int(y[row, place])))
                )
                right += values.index(max(values)) == int(y[row, place])
    count = len(plain)
    mean = sum(value for _, value, _ in plain) / max(count, 1)
    assert float(task.loss(outputs, y, smoothing=smoothing)) == pytest.approx(mean, rel=1e-5, abs=1e-6)
    assert (int(task.right(outputs, y)), int(task.counted(y))) == (right, count)
    for row, got in enumerate(task.each(outputs, y).tolist()):
        own = [bare for at, _, bare in plain if at == row]
        assert got == pytest.approx(sum(own) / max(len(own), 1), rel=1e-5, abs=1e-6)


def test_positions_weigh_alike_whichever_example_they_stand_in() -> None:
    outputs, y = numbers(2, 3, 4), torch.tensor([[1, IGNORED, IGNORED], [0, 2, 3]])
    task = LanguageModelling()
    each = task.each(outputs, y)
    assert float(task.loss(outputs, y)) == pytest.approx(float((each[0] + 3 * each[1]) / 4), rel=1e-5)
    assert float(task.loss(outputs, y)) != pytest.approx(float(each.mean()), rel=1e-3)


def test_a_label_that_is_not_counted_has_no_gradient() -> None:
    outputs = numbers(2, 3, 4).requires_grad_()
    y = torch.tensor([[1, IGNORED, IGNORED], [0, 2, 3]])
    (gradient,) = torch.autograd.grad(LanguageModelling().loss(outputs, y), outputs)
    assert (gradient.abs().sum(-1) != 0).tolist() == (y != IGNORED).tolist()


def test_regression_is_squared_error() -> None:
    outputs, y = numbers(5, 2), numbers(5, 2, seed=1)
    plain = [
        sum((a - b) ** 2 for a, b in zip(*pair, strict=True)) / 2
        for pair in zip(outputs.tolist(), y.tolist(), strict=True)
    ]
    task = Regression()
    assert task.each(outputs, y).tolist() == pytest.approx(plain, rel=1e-5)
    assert float(task.loss(outputs, y)) == pytest.approx(sum(plain) / 5, rel=1e-5)
    assert (int(task.right(outputs, y)), int(task.counted(y))) == (0, 5)


@pytest.mark.usefixtures("unchecked")
def test_labels_that_would_broadcast_are_refused() -> None:
    with pytest.raises(RequestError, match=r"one shape.*got outputs of \[5, 1\] with labels of \[5\]"):
        Regression().loss(numbers(5, 1), numbers(5))
    with pytest.raises(RequestError, match=r"outputs \[row, position, class\].*got outputs of \[3, 4\]"):
        LanguageModelling().loss(numbers(3, 4), labels(3, 2, classes=4))
    with pytest.raises(RequestError, match=r"labels of \[3, 2\]: is the model made for another task"):
        Classification().each(numbers(3, 2, 4), labels(3, classes=4).expand(2, 3).T)


CASES = [
    (Classification(), numbers(3, 4, 5), labels(3, 4, classes=5)),
    (
        LanguageModelling(),
        numbers(3, 4, 6, 5),
        torch.where(labels(3, 4, 6, classes=3) == 0, IGNORED, labels(3, 4, 6, classes=5)),
    ),
    (Regression(), numbers(3, 4, 2), numbers(3, 4, 2, seed=1)),
]


@pytest.mark.parametrize(("task", "outputs", "y"), CASES, ids=NAMES)
def test_mapped_over_replicas_each_is_as_it_is_alone(task: Task, outputs: Tensor, y: Tensor) -> None:
    for function in (task.loss, task.each, task.right):
        together = torch.func.vmap(function)(outputs, y)
        for replica in range(3):
            torch.testing.assert_close(together[replica], function(outputs[replica], y[replica]))
    assert torch.func.vmap(task.counted)(y).tolist() == [int(task.counted(one)) for one in y]
    gradients = torch.func.vmap(torch.func.grad(task.loss))(outputs, y)
    torch.testing.assert_close(gradients[1], torch.func.grad(task.loss)(outputs[1], y[1]))


@pytest.mark.parametrize("task", [case[0] for case in CASES], ids=NAMES)
def test_names_lead_to_tasks(task: Task) -> None:
    assert find(task.name) == task


def test_guessing_costs_the_logarithm_of_the_classes() -> None:
    assert find("classification").chance_loss(10) == math.log(10)
    assert find("language-modelling").chance_loss(65) == math.log(65)
    assert find("regression").chance_loss(1) is None
    even = torch.zeros(3, 4, 65)
    assert float(find("language-modelling").loss(even, labels(3, 4, classes=65))) == pytest.approx(math.log(65))


def test_an_unknown_task_shows_the_nearest() -> None:
    with pytest.raises(
        RequestError, match=r"unknown task 'regresion'; did you mean 'regression'\?.*'module:function': a function of"
    ):
        find("regresion")


OWN = """
import torch
def hinge(outputs, y):
    rows = outputs.gather(-1, y[:, None])
    return (1 + outputs - rows).clamp(min=0).mean()
def rows(outputs, y):
    return outputs.sum(-1)
def broken(outputs, y):
    raise ValueError("no such thing")
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_losses.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_losses", raising=False)


@pytest.mark.usefixtures("own")
def test_a_loss_of_ones_own_is_used_and_counts_as_classification() -> None:
    task, outputs, y = find("my_losses:hinge@0123456789abcdef"), numbers(6, 3), labels(6, classes=3)
    plain = [
        sum(max(0.0, 1 + value - row[label]) for value in row) / 3
        for row, label in zip(outputs.tolist(), y.tolist(), strict=True)
    ]
    assert float(task.loss(outputs, y)) == pytest.approx(sum(plain) / 6, rel=1e-5)
    assert task.each(outputs, y).tolist() == pytest.approx(plain, rel=1e-5)
    assert int(task.right(outputs, y)) == int(Classification().right(outputs, y))
    assert (int(task.counted(y)), task.chance_loss(3), task.name) == (6, None, "my_losses:hinge")


@pytest.mark.usefixtures("own")
def test_what_is_wrong_with_a_loss_of_ones_own_is_told() -> None:
    outputs, y = numbers(6, 3), labels(6, classes=3)
    with pytest.raises(RequestError, match=r"'my_losses:rows' gave a tensor of \(6,\), torch.float32; expected one"):
        find("my_losses:rows").loss(outputs, y)
    with pytest.raises(RaisedError, match=r"the loss 'my_losses:broken' failed: ValueError: no such thing \(my_losses"):
        find("my_losses:broken").loss(outputs, y)
    with pytest.raises(RequestError, match=r"unknown name in module 'my_losses' 'hing'; did you mean 'hinge'"):
        find("my_losses:hing")
    with pytest.raises(RequestError, match=r"smoothing=0.1 is spread over classes, and 'my_losses:hinge' has none"):
        find("my_losses:hinge").loss(outputs, y, smoothing=0.1)
    with pytest.raises(RequestError, match=r"'regression' has none to spread it over"):
        find("regression").loss(outputs, outputs, smoothing=0.1)
