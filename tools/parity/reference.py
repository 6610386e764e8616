"""What PyTorch computes with seeded weights, as safetensors files for the comparison with ours.

    python3 reference.py small <folder> [name ...]    the test variants: the fixtures of packages/tnet
    python3 reference.py full <folder> [name ...]     ResNet-50, DenseNet-121, ViT-B/16, Swin-T: large

Each file holds the images (channels last) and labels, the state before (`state/`), the logits with running
statistics and with those of the batch, and of the second the gradient of the mean cross-entropy (`grad/`) and
the running statistics after it (`next/`). Full size adds the gradients with running statistics on the four corners of
the images (`corner0/` to `corner3/`), so small that in some of them no activation lies on the kink of its ReLU, where
rounding decides which way the gradient goes; and the gradient of a training step with SiLU, which has no kink, in
place of every ReLU (`smooth/`). Everything is computed in double precision and stored as float32; `single/` holds how
far PyTorch is from that when it computes in single precision itself.
"""

import argparse
import copy
import json
import os
import struct

import numpy as np
import torch
import torchvision
from torch import nn

from models import FULL, SMALL

BATCH = {'small': 3, 'full': 2}
CORNER = 32


def seed(module, generator):
    """Weights of the size that training starts with, and normalisations that differ from the identity."""

    def normal(tensor, std, mean=0.0):
        tensor.copy_(torch.randn(tensor.shape, generator=generator) * std + mean)

    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if not tensor.is_floating_point():
                continue
            if name.endswith('running_var'):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
            elif tensor.dim() >= 2 and 'embedding' not in name and 'token' not in name and 'table' not in name:
                normal(tensor, (2.0 / tensor[0].numel()) ** 0.5)
            elif tensor.dim() >= 2:
                normal(tensor, 0.5)
            elif name.endswith('weight'):
                normal(tensor, 0.1, 1.0)
            else:
                normal(tensor, 0.1)


def compute(module, images, labels, both):
    """Logits with running statistics; logits, gradients and next running statistics of a training step.

    `both`: where those differ, also gradients with running statistics on the corners of the images, and those of
    a training step without kinks.
    """

    def step(module, images):
        module.zero_grad(set_to_none=True)
        logits = module(images)
        nn.functional.cross_entropy(logits, labels).backward()
        return logits.detach(), {k: p.grad for k, p in module.named_parameters()}

    with torch.no_grad():
        results = {'eval/logits': module.eval()(images)}
    if both and any('running_' in k for k in module.state_dict()):
        for i in range(4):
            down, right = (slice(-CORNER, None) if far else slice(CORNER) for far in divmod(i, 2))
            _, gradients = step(module.eval(), images[:, :, down, right])
            results.update({f'corner{i}/{k}': g for k, g in gradients.items()})
    logits, gradients = step(module.train(), images)
    results['train/logits'] = logits
    results.update({f'grad/{k}': g for k, g in gradients.items()})
    results.update({f'next/{k}': v.clone() for k, v in module.state_dict().items() if 'running_' in k})
    if both and any('running_' in k for k in module.state_dict()):
        relu = nn.functional.relu
        nn.functional.relu = lambda x, inplace=False: nn.functional.silu(x)
        _, gradients = step(module, images)
        nn.functional.relu = relu
        results.update({f'smooth/{k}': g for k, g in gradients.items()})
    return results


def record(build, side, batch, both):
    generator = torch.Generator().manual_seed(1)
    module = build()
    seed(module, generator)
    double = copy.deepcopy(module).double()
    height, width = side if isinstance(side, tuple) else (side, side)
    images = torch.randn(batch, 3, height, width, generator=generator)
    classes = list(module.parameters())[-1].shape[0]
    labels = torch.arange(batch) % classes
    # State dictionaries alias the module; what moves later has to be copied first.
    state = {f'state/{k}': v.clone() for k, v in module.state_dict().items()}
    exact = compute(double, images.double(), labels, both)
    return {
        'images': images.permute(0, 2, 3, 1),
        'labels': labels,
        **state,
        **exact,
        **distances(compute(module, images, labels, both), exact),
    }


def distances(single, exact):
    """How far single precision is from double: |difference| / |value|, the measure of src/compare.ts."""
    found = {}
    for kind in dict.fromkeys(k.split('/')[0] + '/' for k in exact):
        norms = {k: v.norm().item() for k, v in exact.items() if k.startswith(kind)}
        typical = sorted(norms.values())[len(norms) // 2] if norms else 0
        for k, norm in norms.items():
            error = (single[k].double() - exact[k]).norm().item()
            found[f'single/{k}'] = torch.tensor(error / max(norm, 1e-3 * typical))
    return found


def write(path, tensors):
    """https://github.com/huggingface/safetensors#format"""
    header = {'__metadata__': {'torch': torch.__version__, 'torchvision': torchvision.__version__, 'seed': '1'}}
    blobs, end = [], 0
    for name, tensor in tensors.items():
        floating = tensor.is_floating_point()
        array = np.ascontiguousarray(tensor.numpy().astype('<f4' if floating else '<i4'))
        header[name] = {
            'dtype': 'F32' if floating else 'I32',
            'shape': list(tensor.shape),
            'data_offsets': [end, end + array.nbytes],
        }
        end += array.nbytes
        blobs.append(array)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        for array in blobs:
            file.write(array.tobytes())


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('size', choices=['small', 'full'])
    parser.add_argument('folder')
    parser.add_argument('names', nargs='*', help='networks; all of that size unless given')
    given = parser.parse_args()
    known = {'small': SMALL, 'full': FULL}[given.size]
    os.makedirs(given.folder, exist_ok=True)
    for name in given.names or known:
        build, side = known[name]
        path = os.path.join(given.folder, f'{name}.safetensors')
        write(path, record(build, side, BATCH[given.size], given.size == 'full'))
        print(f'{name}: {os.path.getsize(path):,} bytes')
