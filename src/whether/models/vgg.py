"""VGG for small images, with BatchNorm."""

from __future__ import annotations

from torch import Tensor, nn

from whether import fit


class Mean(nn.Module):
    """The mean over an image: from [batch, channel, height, width] to [batch, channel]."""

    def forward(self, x: Tensor) -> Tensor:
        """Images to channels."""
        return x.mean((2, 3))


def vgg(name: str, shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """VGG-11, 13, 16 or 19 as it is used on CIFAR: 3 × 3 convolutions with BatchNorm, one linear layer.

    Five stages of 64, 128, 256, 512 and 512 channels, each ended by a pool of 2, then the mean over what is left of the
    image (one point of 32 × 32).

    Args:
        name: "vgg-11", "vgg-16-w8": the depth, and the channels of the first stage when they are not 64; the other
            stages have 2, 4, 8 and 8 times as many.
        shape: (channels, height, width). Where an image is one point high or wide already, a stage ends without a
            pool: on images smaller than 32 the last ones do.
        classes: outputs.

    Returns:
        A module from [batch, *shape] to logits [batch, classes]; VGG-11 has 9,231,114 parameters on CIFAR-10.

    Raises:
        RequestError: for another form of the name, or for what is no image.

    Example:
        >>> sum(value.numel() for value in vgg("vgg-13", (3, 32, 32), 10).parameters())
        9416010

    Source:
        Simonyan & Zisserman, "Very deep convolutional networks" (2015), table 1, A to E; BatchNorm by Ioffe & Szegedy
        (2015). The original has two linear layers of 4096 more, and no norm.
    """
    fit.fits(name, shape)
    parts = fit.vgg(name)
    before, size = shape[0], min(shape[1:])
    layers: list[nn.Module] = []
    for count, channels in zip(parts.layers, parts.widths, strict=True):
        for _ in range(count):
            layers += [nn.Conv2d(before, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU()]
            before = channels
        if size > 1:
            layers.append(nn.MaxPool2d(2))
            size //= 2
    return nn.Sequential(*layers, Mean(), nn.Linear(before, classes))
