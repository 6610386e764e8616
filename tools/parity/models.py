"""The networks of the zoo as PyTorch modules: torchvision's own where it has them."""

import torch
from torch import nn
from torchvision import models
from torchvision.models.densenet import DenseNet
from torchvision.models.resnet import BasicBlock, Bottleneck
from torchvision.models.swin_transformer import SwinTransformer
from torchvision.models.vision_transformer import VisionTransformer

CLASSES = 5


class TinyResNet(nn.Module):
    """Two stages of one of torchvision's blocks each; torchvision's own network has four, from 64 channels on."""

    def __init__(self, block, width, imagenet):
        super().__init__()
        kernel, stride, pad = (7, 2, 3) if imagenet else (3, 1, 1)
        self.conv1 = nn.Conv2d(3, width, kernel, stride, pad, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, 2, 1) if imagenet else nn.Identity()
        channels = width
        for stage in (1, 2):
            inner, step = width * stage, stage
            out = inner * block.expansion
            shortcut = None
            if step != 1 or channels != out:
                shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, step, bias=False), nn.BatchNorm2d(out))
            setattr(self, f'layer{stage}', nn.Sequential(block(channels, inner, step, shortcut)))
            channels = out
        self.fc = nn.Linear(channels, CLASSES)

    def forward(self, x):
        x = self.pool(torch.relu(self.bn1(self.conv1(x))))
        return self.fc(self.layer2(self.layer1(x)).mean((2, 3)))


class PreActivation(nn.Module):
    def __init__(self, channels, out, stride):
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(out)
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(channels, out, 1, stride, bias=False) if channels != out else None

    def forward(self, x):
        ready = torch.relu(self.bn1(x))
        y = self.conv2(torch.relu(self.bn2(self.conv1(ready))))
        return y + (x if self.shortcut is None else self.shortcut(ready))


class TinyWideResNet(nn.Module):
    """WRN-10-2 from two channels on; torchvision has no wide network for small images."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 2, 3, 1, 1, bias=False)
        self.layer1 = nn.Sequential(PreActivation(2, 4, 1))
        self.layer2 = nn.Sequential(PreActivation(4, 8, 2))
        self.layer3 = nn.Sequential(PreActivation(8, 16, 2))
        self.bn = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, CLASSES)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.fc(torch.relu(self.bn(x)).mean((2, 3)))


def densenet(imagenet):
    blocks = (2, 1) if imagenet else (2, 2)
    net = DenseNet(growth_rate=4, block_config=blocks, num_init_features=8, num_classes=CLASSES)
    if not imagenet:
        net.features.conv0 = nn.Conv2d(3, 8, 3, 1, 1, bias=False)
        for layer in ('norm0', 'relu0', 'pool0'):
            delattr(net.features, layer)
    return net


def vit():
    return VisionTransformer(
        image_size=8, patch_size=4, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=32, num_classes=CLASSES
    )


def swin(patch, width, depths, heads, window, classes):
    return SwinTransformer(
        patch_size=[patch, patch],
        embed_dim=width,
        depths=depths,
        num_heads=heads,
        window_size=[window, window],
        stochastic_depth_prob=0.0,
        num_classes=classes,
    )


# Name in the zoo -> module, and height and width of its images or one number for both.
SMALL = {
    'resnet-test': (lambda: TinyResNet(BasicBlock, 4, False), 8),
    'resnet-bottleneck-test': (lambda: TinyResNet(Bottleneck, 4, True), 16),
    'wide-resnet-test': (TinyWideResNet, 8),
    'densenet-test': (lambda: densenet(False), 8),
    'densenet-imagenet-test': (lambda: densenet(True), 16),
    'vit-test': (vit, 8),
    # Wide images, so that the second stage has one window from top to bottom and two from left to right.
    'swin-test': (lambda: swin(2, 8, [2, 2], [2, 4], 2, CLASSES), (8, 16)),
}
FULL = {
    'resnet50': (models.resnet50, 224),
    'densenet121': (models.densenet121, 224),
    'vit-b16': (models.vit_b_16, 224),
    # torchvision's swin_t drops whole paths at random while it trains.
    'swin-t': (lambda: swin(4, 96, [2, 2, 6, 2], [3, 6, 12, 24], 7, 1000), 224),
}
