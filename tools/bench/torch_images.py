"""Images a second of torchvision's ImageFolder behind a DataLoader; prints one number. See src/images.ts."""

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
loader = iter(DataLoader(ConcatDataset([one] * times), batch, shuffle=True, num_workers=workers, drop_last=True))
for _ in range(2):
    next(loader)
start = time.perf_counter()
for _ in range(batches):
    next(loader)
print(batch * batches / (time.perf_counter() - start))
