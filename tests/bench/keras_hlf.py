"""The HLF model (14-50-20-10-3) beside Keras: events a second on one core, and what is reached.

    python3 -m venv V && V/bin/pip install tensorflow-cpu pyarrow
    V/bin/python tests/bench/keras_hlf.py --cutflow build/release/cutflow

Same events, same split, same batch and epochs; Adam 0.001, Glorot, cross-entropy on both sides.  Events: the thinned
files of the corpus, balanced, 80/20, min-max fitted to the training part, all by Cutflow.  Speed: the training part
repeated to 100,000 events, processor time of all threads of a process that may use one core for arithmetic; the first
epoch, in which Keras compiles, does not count.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CORPUS = os.path.join(os.environ.get("CUTFLOW_CORPUS") or os.path.join(ROOT, "..", "shared", "data"), "delphes")
BENCH = os.path.join(ROOT, "build", "bench")

PREPARE = """
import dltrigger
let labelled = file id -> (read_root f"CORPUS/{file}.root" | derive label = id)
from (labelled "qcd_hlf" 0) | append (labelled "qcd_isolated_hlf" 0) | append (labelled "ttbar_hlf" 1) \\
  | append (labelled "wjets_hlf" 2) | dltrigger.select_events | dltrigger.high_level | select {label, hlf} | save "all.parquet" ;
let all = (read_parquet "all.parquet")
let smallest = (all | group label (aggregate {n = count this}) | min n)
let sets = (from all | group label (shuffle seed:42 | take smallest) | split 0.8 seed:42)
let scale = (sets.train | fit_minmax hlf)
from sets.train | shuffle seed:1 | select {label, x = scale(hlf)} | save "train.parquet" ;
from sets.test | select {label, x = scale(hlf)} | save "test.parquet" ;
"""
TRAIN = """
let m = (read_parquet "TRAIN" | train (mlp [50, 20, 10]) x:x y:label epochs:EPOCHS batch:BATCH seed:SEED)
let scored = (read_parquet "test.parquet" | predict m)
from scored | aggregate {accuracy = accuracy label pred, qcd = auc (label == 0) p[0], tt = auc (label == 1) p[1],
  w = auc (label == 2) p[2], loss = average(-ln(case [label == 0 => p[0], label == 1 => p[1], true => p[2]]))}
from m.history | take -1 | select {train_loss = loss}
"""


def cutflow(options, folder, text, **values):
    """(rows of results, seconds of the processor)"""
    for name, value in values.items():
        text = text.replace(name, str(value))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run([os.path.abspath(options.cutflow), "-c", text, "--threads", "1", "--format", "jsonlines"], cwd=folder,
                         check=True, stdout=subprocess.PIPE, text=True,
                         env={**os.environ, "CUTFLOW_PATH": os.path.join(ROOT, "notebooks", "dl-trigger")}).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    rows = [json.loads(line) for line in out.splitlines() if line]
    return rows, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def columns(path):
    import numpy as np
    import pyarrow.parquet as pq
    table = pq.read_table(path)
    return np.array(table["x"].to_pylist(), np.float32), np.array(table["label"].to_pylist(), np.int64)


def keras_model(steps, xla, seed):
    import keras
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Input((14,))] + [keras.layers.Dense(n, activation="relu") for n in (50, 20, 10)]
    model = keras.Sequential(layers + [keras.layers.Dense(3, activation="softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"], steps_per_execution=steps,
                  jit_compile=xla)
    return model


class AfterFirst:
    """Processor time from the end of the first epoch on."""

    def __init__(self):
        import keras
        outer = self

        class Watch(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if epoch == 0:
                    outer.start = time.process_time()

        self.callback = Watch()


def keras_speed(x, y, batch, epochs, steps, xla):
    model, watch = keras_model(steps, xla, 1), AfterFirst()
    model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0, callbacks=[watch.callback])
    return (epochs - 1) * len(x) / (time.process_time() - watch.start)


def cutflow_speed(options, folder, path, events, batch, epochs):
    long = min(cutflow(options, folder, TRAIN, TRAIN=path, EPOCHS=epochs, BATCH=batch, SEED=1)[1] for _ in range(3))
    short = min(cutflow(options, folder, TRAIN, TRAIN=path, EPOCHS=1, BATCH=batch, SEED=1)[1] for _ in range(3))
    return (epochs - 1) * events / (long - short)


def area(score, positive):
    import numpy as np
    values, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    n, m = positive.sum(), (~positive).sum()
    return (ranks[inverse][positive].sum() - n * (n + 1) / 2) / (n * m)


def keras_reached(train, test, batch, epochs, seed):
    import numpy as np
    (x, y), (tx, ty) = train, test
    model = keras_model(1, False, seed)
    history = model.fit(x, np.eye(3, dtype=np.float32)[y], batch_size=batch, epochs=epochs, verbose=0)
    p = model.predict(tx, verbose=0, batch_size=1024)
    return {"accuracy": float((p.argmax(axis=1) == ty).mean()), "qcd": area(p[:, 0], ty == 0), "tt": area(p[:, 1], ty == 1),
            "w": area(p[:, 2], ty == 2), "loss": float(-np.log(p[np.arange(len(ty)), ty]).mean()),
            "train_loss": history.history["loss"][-1]}


def reached_line(name, results):
    words = ["accuracy", "qcd", "tt", "w", "loss", "train_loss"]
    means = [sum(r[w] for r in results) / len(results) for w in words]
    spread = [max(r[w] for r in results) - min(r[w] for r in results) for w in words]
    return f"| {name} | " + " | ".join(f"{m:.4f} ({s:.4f})" for m, s in zip(means, spread)) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cutflow", default=os.path.join(ROOT, "build", "release", "cutflow"))
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--speed-epochs", type=int, default=8)
    options = parser.parse_args()
    import numpy as np
    import pyarrow.parquet as pq
    import pyarrow as pa
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        cutflow(options, folder, PREPARE, CORPUS=os.path.abspath(CORPUS))
        train, test = (columns(os.path.join(folder, f"{part}.parquet")) for part in ("train", "test"))
        lines += [f"{len(train[0])} events to learn from, {len(test[0])} to judge by; batch 128, {options.epochs} epochs; mean of "
                  f"{options.seeds} seeds (largest minus smallest)", "",
                  "| | accuracy | AUC QCD | AUC tt | AUC W | test loss | train loss |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
        ours, theirs = [], []
        for seed in range(1, options.seeds + 1):
            rows, _ = cutflow(options, folder, TRAIN, TRAIN="train.parquet", EPOCHS=options.epochs, BATCH=128, SEED=seed)
            ours.append({**rows[0], **rows[1]})
            theirs.append(keras_reached(train, test, 128, options.epochs, seed))
        lines += [reached_line("Cutflow", ours), reached_line("Keras", theirs), ""]

        table = pq.read_table(os.path.join(folder, "train.parquet"))
        many = pa.concat_tables([table] * (100000 // table.num_rows + 1))
        pq.write_table(many, os.path.join(folder, "many.parquet"))
        x, y = np.tile(train[0], (many.num_rows // len(train[0]), 1)), np.tile(train[1], many.num_rows // len(train[1]))
        y = np.eye(3, dtype=np.float32)[y]
        lines += ["| batch | Cutflow | Keras as published | 32 steps | XLA, 32 steps | |", "| ---: | ---: | ---: | ---: | ---: | --- |"]
        for batch in (128, 1024):
            epochs = options.speed_epochs
            speeds = [cutflow_speed(options, folder, "many.parquet", len(x), batch, 5 * epochs)]
            speeds += [keras_speed(x, y, batch, epochs, steps, xla) for steps, xla in ((1, False), (32, False), (32, True))]
            lines.append(f"| {batch} | " + " | ".join(f"{s / 1000:,.0f} k" for s in speeds) + " | events/s and core |")
    lines += ["", f"Keras {tf.keras.__version__}, TensorFlow {tf.__version__}. Load when done: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."]
    text = "\n".join(lines) + "\n"
    print(text, end="")
    os.makedirs(BENCH, exist_ok=True)
    with open(os.path.join(BENCH, "keras_hlf.md"), "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    sys.exit(main())
