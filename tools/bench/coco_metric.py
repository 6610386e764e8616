"""COCO's twelve numbers by pycocotools, on request: a line "bbox" or "segm" in, a line of JSON out: the numbers, and
milliseconds of a processor.

Usage: coco_metric.py TRUTH RESULTS
"""

import contextlib
import io
import json
import sys
import time

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(sys.argv[1])
    with open(sys.argv[2]) as file:
        results = json.load(file)
    # Given a box, pycocotools takes the area of the box for that of the mask.
    masks = [{name: value for name, value in entry.items() if name != "bbox"} for entry in results]
    found = {"bbox": truth.loadRes(results), "segm": truth.loadRes(masks)}

for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, found[line.strip()], line.strip())
        started = time.process_time()
        evaluation.evaluate()
        evaluation.accumulate()
        milliseconds = 1000 * (time.process_time() - started)
        evaluation.summarize()
    print(json.dumps({"numbers": evaluation.stats.tolist(), "milliseconds": milliseconds}), flush=True)
