"""The facts of one data set: what a question needs to know of it before any of it is read."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

CLASSIFICATION, LANGUAGE, REGRESSION = "classification", "language-modelling", "regression"


@dataclass(frozen=True, kw_only=True)
class Card:
    """The fixed facts of one data set.

    Attributes:
        name: what a question calls it.
        train_rows: rows that training may see, those held out for validation included.
        test_rows: rows of the test split.
        shape: (channels, height, width) of an image, (features,), or (positions,) of a text.
        classes: labels run from 0 to classes - 1; the size of the vocabulary of a text; 1 in a regression.
        validation: training rows that are held out unless a question says otherwise.
        mean, std: per channel, of pixels / peak; inputs are (pixels / peak - mean) / std.
        peak: the stored value that counts as 1.
        digest: SHA-256 of training inputs (uint8, C order), training labels (int64, little-endian; float32 in a
            regression), test inputs, test labels, one after the other. Empty in the table where nobody here has seen
            the original: such a set is told by the content that is found, and `card` gives it with that digest.
        source: "shipped", "generated", "folder", or a data set's repository on the Hugging Face hub.
        files: paths of the parquet files in that repository, training first.
        columns: the image column and the label column of these files.
        one_split: the same rows are training, validation and test (XOR has but four points).
        task: what is to be learned: "classification", a class for each row; "language-modelling", one for each position
            (-100 where none is asked); "regression", a number for each row.
    """

    name: str
    train_rows: int
    test_rows: int
    shape: tuple[int, ...]
    classes: int
    validation: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    digest: str
    source: str
    licence: str
    citation: str
    peak: int = 255
    files: tuple[str, ...] = ()
    columns: tuple[str, str] = ("image", "label")
    one_split: bool = False
    task: str = CLASSIFICATION

    @property
    def features(self) -> int:
        """Numbers in one example: 784 for an image of 28 × 28."""
        return prod(self.shape)

    @property
    def label_shape(self) -> tuple[int, ...]:
        """The shape of one row's label: () for a class, (positions,) for a text, (1,) for a number."""
        return {CLASSIFICATION: (), LANGUAGE: self.shape, REGRESSION: (1,)}[self.task]

    @property
    def is_image(self) -> bool:
        """Whether a row is an image: channels, height, width."""
        return len(self.shape) == 3
