"""Steps of a torchvision network of random weights, on one thread: a line in, `training` or `inference`, and a line of
JSON out: seconds of a processor and of a clock, and the most memory that the process ever held, in GB.

Usage: torch_families.py NETWORK BATCH stock|channels_last, with NETWORK as the zoo of this repository calls it
"""

import json
import resource
import sys
import time

import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torchvision.models import SwinTransformer, VisionTransformer

torch.set_num_threads(1)
torch.manual_seed(1)


def small_resnet18():
    model = torchvision.models.resnet18(num_classes=10)
    model.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    model.maxpool = nn.Identity()
    return model


def vit(width):
    return VisionTransformer(224, 16, 12, width // 64, width, 4 * width)


def swin_t():
    return SwinTransformer([4, 4], 96, [2, 2, 6, 2], [3, 6, 12, 24], [7, 7], stochastic_depth_prob=0.0)


BUILD = {
    "resnet18-cifar": small_resnet18,
    "resnet50": torchvision.models.resnet50,
    "densenet121": torchvision.models.densenet121,
    "vit-b16": lambda: vit(768),
    "vit-s16": lambda: vit(384),
    "vit-ti16": lambda: vit(192),
    "swin-t": swin_t,
}

name, batch, variant = sys.argv[1], int(sys.argv[2]), sys.argv[3]
layout = torch.channels_last if variant == "channels_last" else torch.contiguous_format
side, classes = (32, 10) if name.endswith("cifar") else (224, 1000)
model = BUILD[name]().to(memory_format=layout)
optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, weight_decay=5e-4)
images = torch.randn(batch, 3, side, side).to(memory_format=layout)
labels = torch.arange(batch) % classes
print(torch.__version__, torchvision.__version__, flush=True)

for line in sys.stdin:
    cpu, wall = time.process_time(), time.perf_counter()
    if line.strip() == "training":
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()
    else:
        model.eval()
        with torch.inference_mode():
            model(images)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak}), flush=True)
