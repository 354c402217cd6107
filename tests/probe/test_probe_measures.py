"""Measures against counting by hand; the early stop with its interval and its censoring."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from cases import DIGITS, XOR
from whether.data.tensors import Tensors, tensors
from whether.errors import RequestError
from whether.probe import measures
from whether.probe.measures import EarlyStop, accuracy, early_stop, examples, logits, loss, solved
from whether.tasks.kinds import Classification, LanguageModelling, Regression


class Answers(nn.Module):
    """Gives the logits that are written into the examples."""

    def forward(self, x: Tensor) -> Tensor:
        assert not self.training, "measures are taken in evaluation mode"
        return x


@pytest.fixture
def written() -> Tensors:
    """Five rows, two of which are held out, and two to test on; a row's inputs are its logits."""
    x = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 5.0], [1.0, 1.5]])
    y = torch.tensor([0, 1, 1, 1, 0])
    return replace(
        tensors(XOR),
        x_train=x,
        y_train=y,
        x_test=x[:2],
        y_test=1 - y[:2],
        train_index=torch.tensor([0, 2, 3]),
        validation_index=torch.tensor([1, 4]),
    )


def test_accuracy_is_per_cent_of_the_named_split(written: Tensors) -> None:
    assert accuracy(Answers(), written, "train") == pytest.approx(100 * 2 / 3)
    assert accuracy(Answers(), written, "validation") == 50.0
    assert accuracy(Answers(), written, "test") == 0.0


def test_loss_is_the_mean_cross_entropy_in_nats(written: Tensors) -> None:
    for split, rows in (("train", [0, 2, 3]), ("validation", [1, 4])):
        x, y = written.x_train[rows].double(), written.y_train[rows]
        expected = -torch.log_softmax(x, 1)[range(len(y)), y].mean()
        assert loss(Answers(), written, split) == pytest.approx(float(expected), rel=1e-12)


def test_solved_is_all_or_nothing(written: Tensors) -> None:
    assert solved(Answers(), written, "validation") == 0.0
    assert solved(Answers(), replace(written, validation_index=torch.tensor([0, 1, 3])), "validation") == 100.0


def test_positions_are_predictions_in_language_modelling(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(9, 4, 3, generator=generator), torch.randint(3, (9, 4), generator=generator)
    y[torch.rand(9, 4, generator=generator) < 0.4] = -100
    data = replace(tensors(XOR), x_test=x, y_test=y)
    pairs = [(x[i, j].double(), int(y[i, j])) for i in range(9) for j in range(4) if y[i, j] >= 0]
    right = sum(int(row.argmax()) == label for row, label in pairs)
    nats = sum(-float(torch.log_softmax(row, 0)[label]) for row, label in pairs) / len(pairs)
    for at_once in (2, 1000):
        monkeypatch.setattr(measures, "AT_ONCE", at_once)
        assert accuracy(Answers(), data, "test", task=LanguageModelling()) == pytest.approx(100 * right / len(pairs))
        assert loss(Answers(), data, "test", task=LanguageModelling()) == pytest.approx(nats, rel=1e-6)


def test_numbers_have_a_loss_and_nothing_that_is_right() -> None:
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(9, 3, generator=generator), torch.randn(9, 3, generator=generator)
    data = replace(tensors(XOR), x_test=x, y_test=y)
    assert loss(Answers(), data, "test", task=Regression()) == pytest.approx(float((x - y).square().mean()), rel=1e-6)
    with pytest.raises(RequestError, match="in regression nothing is right or wrong; ask for the loss"):
        accuracy(Answers(), data, "test", task=Regression())


def test_the_task_of_classification_changes_no_bit(written: Tensors) -> None:
    for measure in (accuracy, loss):
        assert measure(Answers(), written, "train", task=Classification()) == measure(Answers(), written, "train")


def test_a_module_is_left_in_its_mode(written: Tensors) -> None:
    module = Answers().train()
    accuracy(module, written, "train")
    assert module.training


def test_parts_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    data = tensors(DIGITS)
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    whole = logits(module, data.x_train)
    monkeypatch.setattr(measures, "AT_ONCE", 7)
    assert float((logits(module, data.x_train) - whole).abs().max()) < 1e-5
    assert not whole.requires_grad


def test_splits_of_the_digits_are_apart() -> None:
    data = tensors(DIGITS)
    rows = {split: len(examples(data, split)[1]) for split in ("train", "validation", "test")}
    assert rows == {"train": 900, "validation": 300, "test": 597}
    assert examples(data, "test")[0] is data.x_test


@given(st.lists(st.floats(0, 10), min_size=1, max_size=12))
def test_the_early_stop_is_the_first_minimum_between_its_neighbours(losses: list[float]) -> None:
    steps = [10 * place for place in range(len(losses))]
    found = early_stop(steps, losses)
    assert found is not None
    place = losses.index(min(losses))
    assert found.step == steps[place]
    assert found.after == steps[max(0, place - 1)]
    assert found.before == steps[min(len(steps) - 1, place + 1)]
    assert found.censored is (place == len(losses) - 1)


def test_the_early_stop_in_words() -> None:
    assert early_stop([0, 100, 200, 300], [2.3, 0.4, 0.3, 0.5]) == EarlyStop(200, 100, 300, censored=False)
    assert early_stop([0, 100, 200], [2.3, 0.4, 0.3]) == EarlyStop(200, 100, 200, censored=True)
    assert early_stop([0, 100, 200], [0.3, 0.4, 0.3]) == EarlyStop(0, 0, 100, censored=False)
    assert early_stop([40, 100, 200], [None, 0.4, 0.5]) == EarlyStop(100, 40, 200, censored=False)
    assert early_stop([0, 100], [None, None]) is None
    assert early_stop([], []) is None
