"""Images a second of torchvision's ImageFolder behind a DataLoader, and milliseconds of processors an image. See src/images.ts."""

import os
import sys
import time
from pathlib import Path

import torch
from torch.utils.data import ConcatDataset, DataLoader
from torchvision import datasets, transforms

folder, workers, batch, batches = sys.argv[1], *map(int, sys.argv[2:5])
torch.set_num_threads(1)
root = Path(folder) / "train" if (Path(folder) / "train").is_dir() else Path(folder)
one = datasets.ImageFolder(
    root,
    transforms.Compose(
        [
            transforms.RandomResizedCrop(224),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    ),
)
times = -(-batch * (batches + 2) // len(one))
batches_of = iter(DataLoader(ConcatDataset([one] * times), batch, shuffle=True, num_workers=workers, drop_last=True))


def processors() -> float:
    """Seconds of processors that this process and its workers have used (Linux)."""
    used = time.process_time()
    for worker in getattr(batches_of, "_workers", []):
        with open(f"/proc/{worker.pid}/stat") as file:
            used += sum(map(int, file.read().split()[13:15])) / os.sysconf("SC_CLK_TCK")
    return used


for _ in range(2):
    next(batches_of)
start, used = time.perf_counter(), processors()
for _ in range(batches):
    next(batches_of)
images = batch * batches
print(images / (time.perf_counter() - start), 1000 * (processors() - used) / images)
