"""A model as somebody wrote it who had never heard of a lab: branches, a depthwise layer, norms, a reused layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Branches(nn.Module):
    def __init__(self, num_classes: int = 10, channels: int = 4) -> None:
        super().__init__()
        self.zeroth = nn.Conv2d(1, channels, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.pointwise = nn.Conv2d(channels, channels, 1)
        self.classifier = nn.ModuleDict({"neck": nn.Linear(2 * channels, 12), "out": nn.Linear(12, num_classes)})
        self.temperature = nn.Parameter(torch.ones(()))

    def forward(self, image: Tensor) -> Tensor:
        stem = torch.relu(self.bn(self.zeroth(image)))
        side = torch.relu(self.pointwise(self.depthwise(stem)) + stem)
        pooled = torch.cat([stem.mean((2, 3)), side.amax((2, 3))], dim=1)
        logits: Tensor = self.classifier["out"](torch.relu(self.classifier["neck"](pooled)))
        return logits * self.temperature


def branches(num_classes: int) -> nn.Module:
    return Branches(num_classes)
