"""What is known of a data set before any of it is read, and what a question says about data.

A card is enough to resolve a history: rows and batch turn epochs into steps, and the digest of the content is the data
set's identity. Nothing here imports NumPy or PyTorch, and a name of the table is looked up without touching a disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from whether.digest import Plain
from whether.errors import RequestError, gather
from whether.seeds import Seed


@dataclass(frozen=True, kw_only=True)
class Card:
    """The fixed facts of one data set.

    Attributes:
        name: what a question calls it.
        train_rows: rows that training may see, those held out for validation included.
        test_rows: rows of the test split.
        shape: (channels, height, width) of an image, or (features,).
        classes: labels run from 0 to classes - 1.
        validation: training rows that are held out unless a question says otherwise.
        mean, std: per channel, of pixels / peak; inputs are (pixels / peak - mean) / std.
        peak: the stored value that counts as 1.
        digest: SHA-256 of training pixels (uint8, C order), training labels (int64, little-endian), test pixels, test
            labels, one after the other.
        source: "shipped", "generated", "folder", or a data set's repository on the Hugging Face hub.
        files: paths of the parquet files in that repository, training first.
        columns: the image column and the label column of these files.
        one_split: the same rows are training, validation and test (XOR has but four points).
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

    @property
    def features(self) -> int:
        """Numbers in one example: 784 for an image of 28 × 28."""
        return prod(self.shape)


XOR = Card(
    name="xor",
    train_rows=4,
    test_rows=4,
    shape=(2,),
    classes=2,
    validation=0,
    mean=(0.0,),
    std=(1.0,),
    peak=1,
    digest="8237d7ee940ccc8c2e1554bcb9b8ce3bd8d1faf8063174c948d8c52121b02b07",
    source="generated",
    licence="no rights reserved",
    citation="Exclusive or of two bits; as a test of networks: M. Minsky and S. Papert, Perceptrons, 1969.",
    one_split=True,
)

DIGITS = Card(
    name="digits",
    train_rows=1200,
    test_rows=597,
    shape=(1, 8, 8),
    classes=10,
    validation=300,
    mean=(0.3055,),
    std=(0.3762,),
    peak=16,
    digest="c381de9887f4830e558c61d6911419962894672bfec64cff6ced840b97223382",
    source="shipped",
    licence="CC BY 4.0",
    citation="E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, "
    "1998, https://doi.org/10.24432/C50P49; the 1,797 test forms, reordered.",
)

MNIST = Card(
    name="mnist",
    train_rows=60_000,
    test_rows=10_000,
    shape=(1, 28, 28),
    classes=10,
    validation=5_000,
    mean=(0.1307,),
    std=(0.3081,),
    digest="1e35582d42a90940c55b956deb61875c020b567ed20e3c5b174f52bf7809ed9b",
    source="ylecun/mnist",
    files=("mnist/train-00000-of-00001.parquet", "mnist/test-00000-of-00001.parquet"),
    licence="MIT, as its repository on the hub states",
    citation="Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits, 1998.",
)

CARDS: dict[str, Card] = {known.name: known for known in (XOR, DIGITS, MNIST)}
"""The data sets that Whether knows by name."""


def card(name: str) -> Card:
    """The card of a data set.

    Args:
        name: a name of the table, a folder under WHETHER_DATA, or a path to a folder that holds train*.parquet and
            test*.parquet. A folder's card is made from its content, which is read once and remembered in the cache;
            where that content is MNIST's, the card is MNIST's.

    Raises:
        RequestError: for a name that is none of these, and for files that are not such a data set.

    Example:
        >>> card("mnist").train_rows
        60000
    """
    if name in CARDS:
        return CARDS[name]
    from whether.data.folder import folder_card

    return folder_card(name)


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a question says about data: which set, and which of its training rows are held out for validation.

    Attributes:
        name: as `card` takes it.
        validation: rows held out of training; None for as many as the card says.
        split_seed: draws which ones; the same for all replicates, so that they are compared on the same rows.

    Example:
        >>> Data(name="mnist").train_count
        55000
    """

    name: str
    validation: int | None = None
    split_seed: int = 0

    def __post_init__(self) -> None:
        gather(self._check_name, self._check_validation, lambda: Seed(self.split_seed))

    @staticmethod
    def parse(value: str | Data) -> Data:
        """Take a Data as it is, and a name as the Data that says nothing else."""
        return value if isinstance(value, Data) else Data(name=value)

    @property
    def card(self) -> Card:
        """The card of the named data set; see `card` for what it raises."""
        return card(self.name)

    @property
    def validation_count(self) -> int:
        """Rows of the validation split.

        Raises:
            RequestError: when more rows are to be held out than there are, or any of a set with one split.
        """
        facts = self.card
        if facts.one_split:
            if self.validation is not None:
                raise RequestError(
                    f"validation={self.validation} cannot be held out of {self.name!r}: the same {facts.train_rows} "
                    "rows are its training, validation and test split; leave validation out"
                )
            return facts.train_rows
        held = facts.validation if self.validation is None else self.validation
        if held >= facts.train_rows:
            raise RequestError(
                f"validation={held} leaves nothing to train on: {self.name!r} has {facts.train_rows} training rows; "
                f"expected 0 to {facts.train_rows - 1} (default {facts.validation})"
            )
        return held

    @property
    def train_count(self) -> int:
        """Rows that training sees: what an epoch goes through once."""
        facts = self.card
        return facts.train_rows if facts.one_split else facts.train_rows - self.validation_count

    def resolve(self) -> dict[str, Plain]:
        """The plain facts that tell this data from other data, for the identity of a history.

        Neither the name nor the place is among them: the same content under another path is the same data.
        """
        facts, held = self.card, self.validation_count
        plain: dict[str, Plain] = {
            "content": facts.digest,
            "shape": list(facts.shape),
            "classes": facts.classes,
            "mean": list(facts.mean),
            "std": list(facts.std),
            "peak": facts.peak,
            "train": self.train_count,
            "validation": held,
            "test": facts.test_rows,
        }
        if facts.one_split:
            plain["one_split"] = True
        elif held:
            # Without rows to hold out nothing is drawn, and a seed that draws nothing makes no difference.
            plain["split"] = Seed(self.split_seed).hex
        return plain

    def _check_name(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise RequestError(
                f'a data set is given by name or path, got {self.name!r}; write data="digits" (known: '
                f"{', '.join(sorted(CARDS))})"
            )

    def _check_validation(self) -> None:
        held = self.validation
        if held is not None and (not isinstance(held, int) or isinstance(held, bool) or held < 0):
            raise RequestError(f"validation is a number of rows, 0 or more, got {held!r}; write validation=5000")
