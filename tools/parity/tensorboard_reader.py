# Opens the event files of runs (manet train --tensorboard) with TensorBoard's own reader, and compares every number with
# metrics.jsonl. Needs `pip install tensorboard`.
#
#   python3 tensorboard_reader.py runs/digits-ma-net-s0 [runs/...]

import json
import struct
import sys
from pathlib import Path

from tensorboard.backend.event_processing import event_accumulator


def single(value):
    return struct.unpack('<f', struct.pack('<f', value))[0]


def expected(run):
    """Numbers by tag and step, as metrics.jsonl has them."""
    kernels = json.loads((run / 'run.json').read_text())['network']['kernels']
    numbers = {}

    def add(step, prefix, values):
        for name, value in values.items():
            numbers.setdefault(f'{prefix}/{name}', {})[step] = single(value)

    for line in (run / 'metrics.jsonl').read_text().splitlines():
        entry = json.loads(line)
        step = entry['step']
        if entry['type'] == 'step':
            add(step, 'train', {'loss': entry['loss'], **entry['terms']})
            add(step, 'gradient', entry['norms'])
            add(step, 'optimizer', {'learning_rate': entry['learningRate']})
            add(step, 'time', {'seconds': entry['seconds']})
        elif entry['type'] == 'evaluation':
            add(step, entry['set'], entry['measures'])
        elif entry['type'] == 'masks':
            kept = entry['kept'] / entry['connections']
            add(step, 'connections', {'kept': kept, 'died': entry['died'], 'revived': entry['revived']})
            of = {k['param']: n / (k['preNeurons'] * k['postNeurons']) for k, n in zip(kernels, entry['keptByKernel'])}
            add(step, 'kept', of)
    return numbers


def read(run):
    everything = {event_accumulator.SCALARS: 0, event_accumulator.TENSORS: 0}
    events = event_accumulator.EventAccumulator(str(run / 'tensorboard'), size_guidance=everything)
    events.Reload()
    tags = events.Tags()
    numbers = {tag: {e.step: e.value for e in events.Scalars(tag)} for tag in tags['scalars']}
    for tag in tags['tensors']:
        numbers[tag] = {e.step: single(e.tensor_proto.float_val[0]) for e in events.Tensors(tag)}
    return numbers


for path in map(Path, sys.argv[1:]):
    want, found = expected(path), read(path)
    assert set(found) == set(want), sorted(set(found) ^ set(want))
    for tag, by_step in want.items():
        assert found[tag] == by_step, f'{path}: {tag} differs'
    print(f'{path}: {len(want)} tags, {sum(map(len, want.values()))} numbers, all as in metrics.jsonl')
