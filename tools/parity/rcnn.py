"""Faster R-CNN of torchvision with seeded weights, narrow or as it is: losses of a training step, gradients, detections.

python3 rcnn.py narrow FILE     a network of a few channels, in double precision, for the fixture of a unit test
python3 rcnn.py whole FILE      fasterrcnn_resnet50_fpn, in single precision

FILE is safetensors: weights by torchvision's names, images [H, W, C], gradients as "grad/<name>", detections; the rest is
JSON in the metadata. Samples are drawn by a rule instead of at random: candidate i has number u[i], and the least come first.
"""
import json
import sys

import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models.detection import FasterRCNN, _utils, fasterrcnn_resnet50_fpn
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.resnet import Bottleneck
from torchvision.ops import FrozenBatchNorm2d

MASK = 0xFFFFFFFF
OBJECTS = [
    ([[20, 16, 60, 50], [70.5, 30, 150, 110], [5, 60, 40, 118], [100, 4, 122, 30]], [1, 2, 3, 1]),
    ([[30, 30, 130, 120], [8, 8, 30, 44]], [3, 2]),
]
SIZES = [(128, 160), (128, 150)]


def uniform(name, count):
    """u[i] of a name, from -1 to 1."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & MASK
    h = (torch.arange(count, dtype=torch.int64) * 0x9E3779B1 + seed) & MASK
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = ((h ^ (h >> shift)) * factor) & MASK
    return ((h ^ (h >> 16)) & MASK).double() / 2**31 - 1


def by_rule(self, matched):
    positive, negative = [], []
    for labels in matched:
        u = uniform("sample", labels.numel())
        ones, zeros = torch.where(labels >= 1)[0], torch.where(labels == 0)[0]
        ones = ones[u[ones].argsort(stable=True)][: int(self.batch_size_per_image * self.positive_fraction)]
        zeros = zeros[u[zeros].argsort(stable=True)][: self.batch_size_per_image - len(ones)]
        for chosen, masks in ((ones, positive), (zeros, negative)):
            mask = torch.zeros_like(labels, dtype=torch.uint8)
            mask[chosen] = 1
            masks.append(mask)
    return positive, negative


class Narrow(nn.Module):
    def __init__(self):
        super().__init__()
        norm = FrozenBatchNorm2d
        self.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.bn1 = norm(4)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        into = 4
        for stage in range(4):
            planes = 2 * 2**stage
            stride = 1 if stage == 0 else 2
            down = nn.Sequential(nn.Conv2d(into, 4 * planes, 1, stride, bias=False), norm(4 * planes))
            setattr(self, f"layer{stage + 1}", nn.Sequential(Bottleneck(into, planes, stride, down, norm_layer=norm)))
            into = 4 * planes
        self.fc = nn.Identity()


def narrow():
    layers = {f"layer{n}": str(n - 1) for n in (1, 2, 3, 4)}
    backbone = BackboneWithFPN(Narrow(), layers, [8, 16, 32, 64], 4)
    model = FasterRCNN(
        backbone, min_size=128, max_size=160, box_head=TwoMLPHead(4 * 49, 6), box_predictor=FastRCNNPredictor(6, 4)
    )
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            draw = torch.randn(tensor.shape, generator=generator)
            if name.endswith("running_var"):
                tensor.copy_(0.5 + draw.abs())
            elif name.endswith(("running_mean", "bias")):
                tensor.copy_(0.1 * draw)
            elif tensor.ndim == 1:
                tensor.copy_(1 + 0.2 * draw)
            else:
                scale = 0.2 if "bbox_pred" in name or "cls" in name else 1
                tensor.copy_(draw * scale / tensor[0].numel() ** 0.5)
    return model.double()


def whole():
    model = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, min_size=128, max_size=160)
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, FrozenBatchNorm2d(child.num_features))
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.ndim > 1:
                bound = (3 / tensor[0].numel()) ** 0.5 * (0.1 if name.endswith("bbox_pred.weight") else 1)
                tensor.copy_((bound * uniform(name, tensor.numel())).reshape(tensor.shape))
            else:
                tensor.fill_(1 if name.endswith(("running_var", "bn1.weight", "bn2.weight", "bn3.weight", "1.weight")) else 0)
    return model


def main(kind, path):
    _utils.BalancedPositiveNegativeSampler.__call__ = by_rule
    model = narrow() if kind == "narrow" else whole()
    real = next(model.parameters()).dtype
    torch.set_default_dtype(real)
    pixels = [(uniform(f"image{i}", 3 * h * w) * 127.5 + 127.5).round().reshape(3, h, w) for i, (h, w) in enumerate(SIZES)]
    # Smooth enough to be no mere noise.
    pixels = [nn.functional.avg_pool2d(p[None], 9, 1, 4)[0].round() for p in pixels]
    images = [(p / 255).to(real) for p in pixels]
    targets = [{"boxes": torch.tensor(b, dtype=real), "labels": torch.tensor(k)} for b, k in OBJECTS]
    model.train()
    losses = model(images, targets)
    sum(losses.values()).backward()
    out = {name: t.detach().float().contiguous() for name, t in model.state_dict().items()} if kind == "narrow" else {}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            out[f"grad/{name}"] = parameter.grad.float().contiguous()
    model.eval()
    for i, image in enumerate(images):
        with torch.no_grad():
            (found,) = model([image])
        out[f"image{i}"] = pixels[i].permute(1, 2, 0).to(torch.uint8).contiguous()
        for what in ("boxes", "scores", "labels"):
            value = found[what]
            out[f"detections{i}/{what}"] = (value.int() if what == "labels" else value.float()).contiguous()
    for padding in [name for name, t in out.items() if t.dtype == torch.uint8 and t.numel() % 4]:
        raise SystemExit(f"{padding} does not end at a whole word")
    facts = {"losses": {name: value.item() for name, value in losses.items()}, "objects": OBJECTS, "sizes": SIZES}
    save_file(out, path, {"facts": json.dumps(facts)})
    print(facts["losses"])


main(*sys.argv[1:])
