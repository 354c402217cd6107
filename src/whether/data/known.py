"""The data sets that Whether knows by name, each with its card."""

from __future__ import annotations

from whether.data.facts import LANGUAGE, REGRESSION, Card

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

CIFAR10 = Card(
    name="cifar10",
    train_rows=50_000,
    test_rows=10_000,
    shape=(3, 32, 32),
    classes=10,
    validation=5_000,
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2470, 0.2435, 0.2616),
    digest="",
    source="uoft-cs/cifar10",
    files=("plain_text/train-00000-of-00001.parquet", "plain_text/test-00000-of-00001.parquet"),
    columns=("img", "label"),
    licence="unknown, as its repository on the hub states",
    citation="A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.",
)

CIFAR100 = Card(
    name="cifar100",
    train_rows=50_000,
    test_rows=10_000,
    shape=(3, 32, 32),
    classes=100,
    validation=5_000,
    mean=(0.5071, 0.4865, 0.4409),
    std=(0.2673, 0.2564, 0.2762),
    digest="",
    source="uoft-cs/cifar100",
    files=("cifar100/train-00000-of-00001.parquet", "cifar100/test-00000-of-00001.parquet"),
    columns=("img", "fine_label"),
    licence="unknown, as its repository on the hub states",
    citation="A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.",
)

FASHION = Card(
    name="fashion-mnist",
    train_rows=60_000,
    test_rows=10_000,
    shape=(1, 28, 28),
    classes=10,
    validation=5_000,
    mean=(0.2860,),
    std=(0.3530,),
    digest="",
    source="zalando-datasets/fashion_mnist",
    files=("fashion_mnist/train-00000-of-00001.parquet", "fashion_mnist/test-00000-of-00001.parquet"),
    licence="MIT, as its repository on the hub states",
    citation="H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017.",
)

SHAKESPEARE = Card(
    name="tiny-shakespeare",
    train_rows=15_685,
    test_rows=1_742,
    shape=(64,),
    classes=65,
    validation=1_500,
    mean=(0.0,),
    std=(1.0,),
    peak=1,
    digest="d15aeb654cdc491ffec2ecbd54dd2a4fde922dfc5bf2da41955b90ad79bb193e",
    source="karpathy/tiny_shakespeare",
    files=tuple(f"data/{split}-00000-of-00001.parquet" for split in ("train", "validation", "test")),
    columns=("text", "text"),
    licence="public domain",
    citation="W. Shakespeare; 1,115,394 characters of his plays as A. Karpathy put them together, char-rnn, 2015. "
    "Windows of 64 characters that do not overlap, each character to be told from those before it; the last tenth of "
    "the text is the test split.",
    task=LANGUAGE,
)

ADDITION = Card(
    name="modular-addition",
    train_rows=265,
    test_rows=264,
    shape=(3,),
    classes=24,
    validation=53,
    mean=(0.0,),
    std=(1.0,),
    peak=1,
    digest="3aef9c96710c377c382c7e56d20debe2abc4c8cd64d4eb3b652a188fe367365e",
    source="generated",
    licence="no rights reserved",
    citation="All a + b modulo 23, half of them to train on; as a test of generalisation: A. Power et al., Grokking, "
    "arXiv:2201.02177, 2022 (modulo 97: modular-addition-97).",
    task=LANGUAGE,
)

GRAMMAR = Card(
    name="grammar",
    train_rows=4_000,
    test_rows=1_000,
    shape=(16,),
    classes=5,
    validation=500,
    mean=(0.0,),
    std=(1.0,),
    peak=1,
    digest="41f093b9651ea4852893df6760c5d46201dffdd338ae82051d7d94a19f0e0d47",
    source="generated",
    licence="no rights reserved",
    citation="Balanced words of 16 brackets of two kinds (the Dyck language of N. Chomsky and M.-P. Schützenberger, "
    "1963), drawn from the grammar of whether.data.generated, whose best possible loss is known.",
    task=LANGUAGE,
)

FRIEDMAN = Card(
    name="friedman",
    train_rows=1_200,
    test_rows=1_000,
    shape=(10,),
    classes=1,
    validation=200,
    mean=(0.5,),
    std=(0.2898,),
    digest="98938dbb569c67e9c88fad489fc22ffee5eac44c6d3c5d23ec28dcb61a5124a9",
    source="generated",
    licence="no rights reserved",
    citation="J. H. Friedman, Multivariate adaptive regression splines, Annals of Statistics 19, 1991: "
    "10 sin(π x₁x₂) + 20 (x₃ - ½)² + 10 x₄ + 5 x₅ and normal noise of standard deviation 1; here each x is one of 256 "
    "equally spaced numbers from 0 to 1.",
    task=REGRESSION,
)

CARDS: dict[str, Card] = {
    known.name: known
    for known in (
        XOR,
        DIGITS,
        MNIST,
        FASHION,
        CIFAR10,
        CIFAR100,
        SHAKESPEARE,
        ADDITION,
        GRAMMAR,
        FRIEDMAN,
    )
}
"""The data sets that Whether knows by name."""
