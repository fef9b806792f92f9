#!/usr/bin/env python3
"""Makes the files of this folder: small Keras models with random weights, inputs, and what the models
make of them (NAME.want, float32).  Needs keras, h5py and scipy; KERAS_BACKEND=numpy does."""
import os
import random
import struct

os.environ.setdefault("KERAS_BACKEND", "numpy")
import keras
import numpy as np
from keras import layers as kl

EVENTS, STEPS, LIST_WIDTH, WIDTH = 8, 12, 4, 6
KEEP = ["gru.h5", "gru.keras", "gru.weights.h5", "gru_before.weights.h5", "lstm.h5", "mlp.keras",
        "transformer.h5", "transformer.keras"]


def inclusive(branch):
    lists, row = keras.Input((STEPS, LIST_WIDTH), name="list"), keras.Input((WIDTH,), name="row")
    x = kl.Concatenate()([branch(lists), kl.Dropout(0.2)(row)])
    x = kl.Dense(5, activation="relu")(x)
    return keras.Model([lists, row], kl.Dense(3, activation="softmax")(x))


def transformer(x):
    x = kl.MultiHeadAttention(3, 5, output_shape=LIST_WIDTH)(x, x)
    x = kl.LayerNormalization(epsilon=1e-3)(x)
    return kl.Flatten()(kl.Dense(3, activation="relu")(x))


def mlp():
    row = x = keras.Input((WIDTH,), name="row")
    for units in (9, 8):
        x = kl.Dense(units, activation="relu")(x)
    return keras.Model(row, kl.Dense(3, activation="softmax")(x))


def floats(name, count):
    chance = random.Random(name)
    data = struct.pack(f"{count}f", *(chance.uniform(-1, 1) for _ in range(count)))
    with open(name, "wb") as f:
        f.write(data)
    return np.frombuffer(data, np.float32)


def main():
    lists = floats("lists.f32", EVENTS * STEPS * LIST_WIDTH).reshape(EVENTS, STEPS, LIST_WIDTH)
    row = floats("row.f32", EVENTS * WIDTH).reshape(EVENTS, WIDTH)
    models = {"gru": inclusive(kl.GRU(7)), "gru_before": inclusive(kl.GRU(7, reset_after=False)),
              "lstm": inclusive(kl.LSTM(7)), "transformer": inclusive(transformer), "mlp": mlp()}
    chance = np.random.default_rng(3)
    for name, model in models.items():
        model.set_weights([chance.normal(0, 0.3, w.shape) for w in model.get_weights()])
        out = model(row) if name == "mlp" else model([lists, row])
        np.asarray(out).astype(np.float32).tofile(f"{name}.want")
        for path in KEEP:
            if path == f"{name}.weights.h5":
                model.save_weights(path)
            elif path.split(".")[0] == name:
                model.save(path)


main()
