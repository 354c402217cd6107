"""Small convolutional networks: LeNet-5, and the Conv-2, Conv-4 and Conv-6 of the lottery tickets."""

from __future__ import annotations

from torch import nn

from whether import fit


def lenet_5(shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """LeNet-5 in its usual modern form: ReLU, max pooling, every map sees every map, a linear output.

    Convolutions 5 × 5 to 6 and 16 channels, each with a pool of 2; linear layers of 120 and 84. LeCun et al. (1998)
    have scaled tanh, trained subsampling, a table of which maps see which, and radial basis functions at the output.

    Args:
        shape: (channels, height, width). The original takes 32 × 32 and puts digits of 28 × 28 on such a canvas: images
            smaller than 32 get a border of 2. Below 12 the second convolution has a border too, so that something is
            left. Of the weights, only the first linear layer's follow the image.
        classes: outputs.

    Returns:
        A module from [batch, *shape] to logits [batch, classes]; 61,706 parameters for 1 × 28 × 28 and ten classes.

    Raises:
        RequestError: for images smaller than 4 × 4.

    Example:
        >>> sum(value.numel() for value in lenet_5((1, 28, 28), 10).parameters())
        61706

    Source:
        LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition" (1998), figure 2.
    """
    fit.fits("lenet-5", shape)
    channels, *sides = shape
    first, second = fit.lenet_5_borders(*sides)
    height, width = (((side + 2 * first - 4) // 2 + 2 * second - 4) // 2 for side in sides)
    return nn.Sequential(
        *(nn.Conv2d(channels, 6, 5, padding=first), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5, padding=second), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * height * width, 120), nn.ReLU()),
        *(nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes)),
    )


def conv(name: str, shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """Conv-2, Conv-4 or Conv-6: VGG made small for CIFAR-10.

    Pairs of 3 × 3 convolutions with 64, 128 and 256 channels, a pool of 2 after each pair, linear layers of 256 and
    256.

    Args:
        name: "conv-2", "conv-4" or "conv-6".
        shape: (channels, height, width); of the weights, only the first linear layer's follow height and width.
        classes: outputs.

    Returns:
        A module from [batch, *shape] to logits [batch, classes]; 4,301,642, 2,425,930 and 2,262,602 parameters on
        CIFAR-10.

    Raises:
        RequestError: for another number, or images that the pools would leave nothing of: below 2, 4 or 8.

    Example:
        >>> conv("conv-2", (1, 8, 8), 10)[6]
        Linear(in_features=1024, out_features=256, bias=True)

    Source:
        Frankle & Carbin, "The lottery ticket hypothesis" (2019), figure 2.
    """
    fit.fits(name, shape)
    before, height, width = shape
    layers: list[nn.Module] = []
    for channels in (64, 128, 256)[: fit.conv(name) // 2]:
        layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        before, height, width = channels, height // 2, width // 2
    layers += [nn.Flatten(), nn.Linear(before * height * width, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(256, classes))
