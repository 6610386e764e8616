"""Most memory that a process takes which makes training steps of a network of torchvision, or of CIFAR ResNet-18.

Usage: torch_memory.py NETWORK BATCH STEPS
"""

import re
import resource
import sys
import time

import torch
import torchvision
from torch.nn import functional as F
from torch_step import ResNet18

name, batch, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
torch.manual_seed(1)
side = 32 if "cifar" in name else 224
model = ResNet18() if "cifar" in name else torchvision.models.get_model(re.sub(r"-([bl])(\d+)$", r"-\1-\2", name).replace("-", "_"))
optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=5e-4)
images = torch.randn(batch, 3, side, side)
labels = torch.arange(batch) % 10
for step in range(steps):
    started = time.process_time()
    optimizer.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"PyTorch {torch.__version__}, step {step + 1}: {peak:.0f} MB, {time.process_time() - started:.2f} s of a processor")
