"""One training step of torchvision's Faster R-CNN R50-FPN, on request: a line in, a line of JSON out: seconds of a
processor, the loss, and the most memory that the process ever held, in GB.

Usage: torch_detector.py SIDE BATCH OBJECTS
"""

import json
import resource
import sys
import time

import torch
from torchvision.models import resnet50
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.faster_rcnn import FasterRCNN
from torchvision.ops.misc import FrozenBatchNorm2d

side, batch, count = map(int, sys.argv[1:4])
torch.set_num_threads(1)
torch.manual_seed(1)
# As fasterrcnn_resnet50_fpn builds it for weights to start from: three stages of the body are trained.
body = _resnet_fpn_extractor(resnet50(weights=None, norm_layer=FrozenBatchNorm2d), 3)
model = FasterRCNN(body, num_classes=81, min_size=side, max_size=side)
model.train()
trained = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.SGD(trained, 1e-3, momentum=0.9, weight_decay=1e-4)
images = [torch.rand(3, side, side) for _ in range(batch)]
sizes = 0.1 + 0.4 * torch.rand(batch, count, 2)
corners = (1 - sizes) * torch.rand(batch, count, 2)
boxes = side * torch.cat([corners, corners + sizes], 2)
targets = [{"boxes": b, "labels": torch.arange(count) + 1} for b in boxes]

for _ in sys.stdin:
    started = time.process_time()
    optimizer.zero_grad()
    loss = sum(model(images, targets).values())
    loss.backward()
    optimizer.step()
    value = loss.item()
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"seconds": seconds, "loss": value, "peak": peak}), flush=True)
