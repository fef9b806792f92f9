#!/usr/bin/env python3
"""Models that Cutflow wrote as ONNX files give the same outputs in onnxruntime.

CUTFLOW names the program; the unit test that writes the files lies beside it.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

WIDTH, LIST_WIDTH, STEPS_MAX, CLASSES = 6, 4, 12, 3


def padded(folder):
    """The lists as [steps][events][width], 0 behind the last row."""
    length = np.fromfile(folder / "length.u32", np.uint32).astype(np.int32)
    rows = np.fromfile(folder / "list.f32", np.float32).reshape(-1, LIST_WIDTH)
    out = np.zeros((STEPS_MAX, len(length), LIST_WIDTH), np.float32)
    at = 0
    for event, n in enumerate(length):
        out[:n, event] = rows[at:at + n]
        at += n
    return out, length


def check(folder, path, feeds):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    got, = session.run(["probabilities"], feeds)
    want = np.fromfile(path.with_suffix(".out"), np.float32).reshape(-1, CLASSES)
    worst = float(np.abs(got - want).max())
    spread = float(want.std(axis=0).max())
    print(f"{path.stem}: largest difference {worst:.2g}, outputs vary by {spread:.2g}")
    return worst < 1e-5 and spread > 1e-3


def main():
    program = Path(os.environ["CUTFLOW"]).parent / "tests" / "test_onnx_nn"
    if not program.exists():
        print(f"no {program}")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([program, folder], check=True, timeout=100)
        lists, length = padded(folder)
        row = np.fromfile(folder / "row.f32", np.float32).reshape(-1, WIDTH)
        feeds = {"row": row, "list": lists, "list_length": length}
        paths = sorted(folder.glob("*.onnx"))
        bad = [path.stem for path in paths if not check(folder, path, feeds)]
        if bad or len(paths) != 11:
            print("differ:", bad, len(paths))
            return 1
    return 0


sys.exit(main())
