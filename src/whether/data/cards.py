"""What is known of a data set before any of it is read, and what a question says about data.

A card is enough to resolve a history: rows and batch turn epochs into steps, and the digest of the content is the data
set's identity. Nothing here imports NumPy or PyTorch, and a name whose content the table knows is looked up without
touching a disk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from whether.data.facts import CLASSIFICATION, Card
from whether.data.known import CARDS, DIGITS, MNIST, XOR
from whether.digest import Plain
from whether.errors import RequestError, gather
from whether.seeds import Seed

__all__ = ["CARDS", "DIGITS", "MNIST", "XOR", "Card", "Data", "card"]


def card(name: str, columns: tuple[str, str] | None = None) -> Card:
    """The card of a data set.

    Args:
        name: a name of the table, "modular-addition-<p>", a folder under WHETHER_DATA, or a path to a folder that holds
            train*.parquet and test*.parquet. A folder's card is made from its content, which is read once and
            remembered in the cache; where that content is MNIST's, the card is MNIST's. So is the card of a name whose
            original nobody here has seen (`Card.digest` is empty in the table): from what is found under the name,
            which has the rows, shape and classes of the table.
        columns: the image column and the label column of the parquet files, where they are others than the name's.

    Raises:
        RequestError: for a name that is none of these, for files that are not such a data set, and for a set of an
            unseen original that is not on this machine and cannot be fetched.

    Example:
        >>> card("mnist").train_rows
        60000
    """
    known = CARDS.get(name)
    own = columns is not None and not (known and columns == known.columns)
    if known and known.digest and not own:
        return known
    if name.startswith("modular-addition-") and not own:
        from whether.data.generated import family_card

        return family_card(name)
    if own and known and not known.files:
        raise RequestError(f"columns={columns} are of parquet files, and {name!r} has none; leave columns out")
    from whether.data.folder import folder_card

    return folder_card(name, columns) if own else folder_card(name)


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a question says about data: which set, which of its rows are trained on, and what is done to them.

    Images are blurred, then turned, then permuted, all alike and in every split. Labels are replaced in the rows that
    training sees and nowhere else: validation and test tell what was learned of the truth.

    Attributes:
        name: as `card` takes it.
        validation: rows held out of training; None for as many as the card says.
        split_seed: draws which ones; the same for all replicates, so that they are compared on the same rows.
        rows: of those not held out, train on so many; None for all. Smaller sets lie in larger ones of the same seed.
        random_labels: the chance of each trained label, 0 to 1, to be replaced by one drawn evenly from all classes,
            the true one included (Zhang et al., "Understanding deep learning requires rethinking generalization",
            2017).
        label_seed: draws which, and by what; a row's draw depends on neither the split nor `rows`.
        blur: standard deviation of a Gaussian blur, in pixels.
        rotate: degrees, counter-clockwise; multiples of 90 are exact, others bilinear with black corners.
        permute_pixels: put the pixels of every image into one fixed pseudorandom order.
        columns: image column and label column of parquet files, where they are not the usual ones.

    Example:
        >>> Data(name="mnist").train_count
        55000
        >>> Data(name="mnist", rows=1000, random_labels=0.5).train_count
        1000
    """

    name: str
    validation: int | None = None
    split_seed: int = 0
    rows: int | None = None
    random_labels: float = 0.0
    label_seed: int = 0
    blur: float = 0.0
    rotate: float = 0.0
    permute_pixels: bool = False
    columns: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.columns, list):  # as a file of JSON has them
            object.__setattr__(self, "columns", tuple(self.columns))
        gather(
            self._check_name,
            self._check_validation,
            lambda: Seed(self.split_seed),
            self._check_rows,
            lambda: Seed(self.label_seed),
            self._check_changes,
            self._check_columns,
        )

    @staticmethod
    def parse(value: str | Data) -> Data:
        """Take a Data as it is, and a name as the Data that says nothing else."""
        return value if isinstance(value, Data) else Data(name=value)

    @property
    def card(self) -> Card:
        """The card of the named data set; see `card` for what it raises."""
        return card(self.name, self.columns)

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
        """Rows that training sees: what an epoch goes through once.

        Raises:
            RequestError: from `validation_count`, and when `rows` asks for more than are left, or of a set with one
                split.
        """
        facts = self.card
        if facts.one_split:
            if self.rows is not None:
                raise RequestError(
                    f"rows={self.rows} cannot be taken of {self.name!r}: the same {facts.train_rows} rows are its "
                    "training, validation and test split; leave rows out"
                )
            return facts.train_rows
        left = facts.train_rows - self.validation_count
        if self.rows is not None and self.rows > left:
            raise RequestError(
                f"rows={self.rows} are more than {self.name!r} has to train on: {facts.train_rows} training rows, of "
                f"which validation={self.validation_count} are held out; expected 1 to {left}"
            )
        return left if self.rows is None else self.rows

    def resolve(self) -> dict[str, Plain]:
        """The plain facts that tell this data from other data, for the identity of a history.

        Neither the name nor the place is among them: the same content under another path is the same data. What
        changes nothing is not among them either.

        Raises:
            RequestError: when what is asked cannot be done to this data set.
        """
        facts, held, trained = self.card, self.validation_count, self.train_count
        self.check_fit(facts)
        plain: dict[str, Plain] = {
            "content": facts.digest,
            "shape": list(facts.shape),
            "classes": facts.classes,
            "mean": list(facts.mean),
            "std": list(facts.std),
            "peak": facts.peak,
            "train": trained,
            "validation": held,
            "test": facts.test_rows,
        }
        if facts.one_split:
            plain["one_split"] = True
        elif held or trained < facts.train_rows:
            # Where every row is trained on nothing is drawn, and a seed that draws nothing makes no difference.
            plain["split"] = Seed(self.split_seed).hex
        if facts.task != CLASSIFICATION:
            plain["task"] = facts.task
        return plain | self._changes()

    def check_fit(self, facts: Card) -> None:
        """Whether a data set is one to which what is asked can be done.

        Raises:
            RequestError: with all that cannot.
        """
        gather(lambda: self._check_labels_fit(facts), lambda: self._check_images_fit(facts))

    @property
    def angle(self) -> float:
        """`rotate` from 0 up to 360."""
        return float(self.rotate) % 360.0

    @property
    def changes_images(self) -> bool:
        """Whether images are anything but what is stored."""
        return bool(self.blur or self.angle or self.permute_pixels)

    def _changes(self) -> dict[str, Plain]:
        said: dict[str, Plain] = {}
        if self.random_labels:
            said |= {"random_labels": float(self.random_labels), "labels": Seed(self.label_seed).hex}
        if self.blur:
            said["blur"] = float(self.blur)
        if self.angle:
            said["rotate"] = self.angle
        if self.permute_pixels:
            said["permute_pixels"] = True
        return said

    def _check_labels_fit(self, facts: Card) -> None:
        if not self.random_labels:
            return
        asked = f"random_labels={self.random_labels} cannot be had of {self.name!r}"
        if facts.task != CLASSIFICATION:
            raise RequestError(f"{asked}: its labels are not classes of rows but those of {facts.task}; leave it out")
        if facts.one_split:
            raise RequestError(f"{asked}: its test rows are its training rows, and their labels stay; leave it out")

    def _check_images_fit(self, facts: Card) -> None:
        if not self.changes_images:
            return
        if not facts.is_image:
            asked = {"blur": self.blur, "rotate": self.angle, "permute_pixels": self.permute_pixels}
            told = ", ".join(f"{name}={value}" for name, value in asked.items() if value)
            raise RequestError(
                f"{told} is of images, and a row of {self.name!r} has the shape {list(facts.shape)}; expected a data "
                "set of images, such as digits"
            )
        if self.angle in (90.0, 270.0) and facts.shape[1] != facts.shape[2]:
            raise RequestError(
                f"rotate={self.rotate} makes images of {facts.shape[2]} × {facts.shape[1]} of those of "
                f"{facts.shape[1]} × {facts.shape[2]} in {self.name!r}; expected 180 for images that are not square"
            )

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

    def _check_rows(self) -> None:
        if self.rows is not None and (not isinstance(self.rows, int) or isinstance(self.rows, bool) or self.rows < 1):
            raise RequestError(f"rows is a number of rows to train on, 1 or more, got {self.rows!r}; write rows=1000")

    def _check_changes(self) -> None:
        problems = [
            f"{name} is {what}, got {value!r}; write {name}={example}"
            for name, value, most, what, example in (
                ("random_labels", self.random_labels, 1.0, "a share of labels from 0 to 1", "0.5"),
                ("blur", self.blur, math.inf, "a standard deviation in pixels, 0 or more", "1.5"),
                (
                    "rotate",
                    abs(self.rotate) if _is_number(self.rotate) else self.rotate,
                    math.inf,
                    "an angle in degrees",
                    "90",
                ),
            )
            if not (_is_number(value) and 0 <= value <= most and math.isfinite(value))
        ]
        if not isinstance(self.permute_pixels, bool):
            problems.append(f"permute_pixels is True or False, got {self.permute_pixels!r}; write permute_pixels=True")
        if problems:
            raise RequestError(*problems)

    def _check_columns(self) -> None:
        named = self.columns
        right = isinstance(named, tuple) and len(named) == 2 and all(isinstance(name, str) and name for name in named)
        if named is not None and not right:
            raise RequestError(
                f'columns names an image column and a label column, got {named!r}; write columns=("image", "label")'
            )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
