"""Makes the two files that the notebooks read: invented events with the columns of CMS NanoAOD.

    make_samples.py CUTFLOW

events.root   5,000 events with muons, electrons, jets and missing energy; counts and spectra as in
              tests/bench/make_events.py, which makes them.
dimuon.root   30,000 events with two muons each, whose mass follows the famous spectrum: rho, omega,
              phi, J/psi, psi', Upsilon 1S to 3S and Z on a falling background.
The same program gives the same events.  CUTFLOW is the built program, which writes the ROOT files.
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests" / "bench"))
from make_events import Generator, column_list  # noqa: E402

MUON_MASS = 0.10565837
# Name, mass and natural width (GeV), share of the events.
PEAKS = [("rho/omega", 0.781, 0.05, 0.05), ("phi", 1.0195, 0.0043, 0.035), ("J/psi", 3.0969, 0.0001, 0.15),
         ("psi'", 3.6861, 0.0003, 0.015), ("Y(1S)", 9.4603, 0.0001, 0.06), ("Y(2S)", 10.0233, 0.0001, 0.02),
         ("Y(3S)", 10.3552, 0.0001, 0.012), ("Z", 91.1876, 2.4952, 0.15)]


def save(cutflow, table, path, select):
    with tempfile.TemporaryDirectory() as folder:
        parquet = pathlib.Path(folder, "all.parquet")
        pq.write_table(table, parquet)
        program = f'from (read_parquet "{parquet}") | select {select} | save "{path}" compression:"zstd"'
        subprocess.run([cutflow, "-c", program], check=True)


def lists(offsets, values):
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))


def events(cutflow):
    columns = Generator(5_000, 2012).columns()
    arrays = {}
    for name, kind, counter in column_list():
        if name.split("_")[0] not in ("MET", "Muon", "Electron", "Jet") or kind == "bool":
            continue
        values = columns[name]
        if counter is None:
            arrays[name] = pa.array(values)
        else:
            arrays[name] = lists(np.concatenate(([0], np.cumsum(columns[counter]))).astype(np.int32), values)
    lepton = "pt, eta, phi, mass, charge"
    save(cutflow, pa.table(arrays), HERE / "events.root",
         "{MET = {pt = MET_pt, phi = MET_phi}, Muon = (Muon | select {%s}), Electron = (Electron | select {%s}), "
         "Jet = (Jet | select {pt, eta, phi, mass, btag})}" % (lepton, lepton))


def masses(rng, n):
    share = rng.random(n)
    low, high = 2 * MUON_MASS + 0.03, 150.0
    out = low * (high / low) ** (rng.random(n) ** 1.35)  # the background: falling in log m
    begin = 0.0
    for _, mass, width, part in PEAKS:
        here = (share >= begin) & (share < begin + part)
        k = int(here.sum())
        natural = mass + width / 2 * np.tan(np.pi * (rng.random(k) - 0.5) * 0.97)
        out[here] = np.maximum(natural * rng.normal(1, 0.011, k), low)  # the detector's resolution
        begin += part
    return out


def decays(rng, mass):
    """(pt, eta, phi) of both muons: an isotropic decay of a pair of that mass, boosted."""
    n = len(mass)
    pt = rng.gamma(2.0, 1 + 0.12 * mass + 3, n)
    y, phi = rng.normal(0, 1.0, n), rng.uniform(-np.pi, np.pi, n)
    transverse = np.hypot(mass, pt)
    pair = np.stack([pt * np.cos(phi), pt * np.sin(phi), transverse * np.sinh(y)])
    energy = transverse * np.cosh(y)
    cos, psi = rng.uniform(-1, 1, n), rng.uniform(-np.pi, np.pi, n)
    sin = np.sqrt(1 - cos**2)
    momentum = np.sqrt(mass**2 / 4 - MUON_MASS**2)
    rest = momentum * np.stack([sin * np.cos(psi), sin * np.sin(psi), cos])
    along = (rest * pair).sum(axis=0) / (energy + mass)
    first = rest + pair * (along + mass / 2) / mass
    return [Generator.cylindrical(p) for p in (first, pair - first)]


def dimuon(cutflow):
    rng = np.random.default_rng(1974)
    n = 30_000
    muons = decays(rng, masses(rng, n))
    charge = rng.choice([-1, 1], n)
    flip = np.where(rng.random(n) < 0.03, 1, -1)  # a few pairs of equal charge
    offsets = np.arange(n + 1, dtype=np.int32) * 2
    together = [np.stack([a, b], axis=1).ravel().astype(np.float32) for a, b in zip(*muons)]
    arrays = {f"Muon_{name}": lists(offsets, values) for name, values in zip(("pt", "eta", "phi"), together)}
    arrays["Muon_mass"] = lists(offsets, np.full(2 * n, MUON_MASS, dtype=np.float32))
    arrays["Muon_charge"] = lists(offsets, np.stack([charge, charge * flip], axis=1).ravel().astype(np.int32))
    save(cutflow, pa.table(arrays), HERE / "dimuon.root", "{Muon = (Muon | select {pt, eta, phi, mass, charge})}")


if __name__ == "__main__":
    events(sys.argv[1])
    dimuon(sys.argv[1])
