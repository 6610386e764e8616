"""What PyTorch computes with seeded weights, as safetensors files for the comparison with ours.

    python3 reference.py small <folder>     the test variants: the fixtures of packages/tnet
    python3 reference.py full <folder>      ResNet-50, DenseNet-121, ViT-B/16, Swin-T: hundreds of megabytes

Each file holds the images (channels last) and labels, the state before (`state/`), the logits with running
statistics and with those of the batch, and of the second the gradient of the mean cross-entropy (`grad/`) and
the running statistics after it (`next/`). Everything is computed in double precision and stored as float32.
"""

import json
import os
import struct
import sys

import numpy as np
import torch
import torchvision
from torch import nn

from models import FULL, SMALL

BATCH = {'small': 3, 'full': 2}


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


def record(build, side, batch):
    generator = torch.Generator().manual_seed(1)
    module = build()
    seed(module, generator)
    module = module.double()
    images = torch.randn(batch, 3, side, side, generator=generator).float().double()
    # State dictionaries alias the module; what moves later has to be copied first.
    tensors = {f'state/{k}': v.clone() for k, v in module.state_dict().items()}
    classes = list(module.parameters())[-1].shape[0]
    labels = torch.arange(batch) % classes
    with torch.no_grad():
        tensors['eval/logits'] = module.eval()(images)
    logits = module.train()(images)
    nn.functional.cross_entropy(logits, labels).backward()
    tensors['train/logits'] = logits.detach()
    tensors.update({f'grad/{k}': p.grad for k, p in module.named_parameters()})
    tensors.update({f'next/{k}': v for k, v in module.state_dict().items() if 'running_' in k})
    tensors['images'] = images.permute(0, 2, 3, 1)
    tensors['labels'] = labels
    return tensors


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
    if len(sys.argv) != 3 or sys.argv[1] not in BATCH:
        sys.exit(__doc__)
    size, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for name, (build, side) in (SMALL if size == 'small' else FULL).items():
        path = os.path.join(folder, f'{name}.safetensors')
        write(path, record(build, side, BATCH[size]))
        print(f'{name}: {os.path.getsize(path):,} bytes')
