"""Writes synthetic events with the columns of a CMS Run2012B_SingleMu file, as ROOT and as Parquet.

    make_events.py NAME [--events N] [--seed S] --root-writer PROGRAM

What the ADL queries cost depends on how many objects an event holds, so the counts follow those of
the full file: 3.199 jets, 10.9 pairs and 41.8 triplets of jets, 1.393 muons, 0.215 electrons an
event.  The spectra are plausible, no more.  The same seed gives the same events.

NAME.parquet is written here (one list column a field, as in the public Parquet copies of the file);
NAME.root is written by ROOT itself, through PROGRAM (write_root.cpp), from plain column files.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 100_000
CLUSTER = 50_000
MOST_JETS = 57
MUON_MASS, ELECTRON_MASS, Z_MASS, Z_WIDTH = 0.10565837, 0.000511, 91.19, 2.5

# The columns in the order of the file: type, name.  A list column belongs to the counter before it.
COLUMNS = """
int32 run, uint32 luminosityBlock, uint64 event
bool HLT_IsoMu24_eta2p1, bool HLT_IsoMu24, bool HLT_IsoMu17_eta2p1_LooseIsoPFTau20
int32 PV_npvs, float32 PV_x, float32 PV_y, float32 PV_z
uint32 nMuon, float32 Muon_pt, float32 Muon_eta, float32 Muon_phi, float32 Muon_mass
int32 Muon_charge, float32 Muon_pfRelIso03_all, float32 Muon_pfRelIso04_all
bool Muon_tightId, bool Muon_softId, float32 Muon_dxy, float32 Muon_dxyErr, float32 Muon_dz
float32 Muon_dzErr, int32 Muon_jetIdx, int32 Muon_genPartIdx
uint32 nElectron, float32 Electron_pt, float32 Electron_eta, float32 Electron_phi
float32 Electron_mass, int32 Electron_charge, float32 Electron_pfRelIso03_all
float32 Electron_dxy, float32 Electron_dxyErr, float32 Electron_dz, float32 Electron_dzErr
bool Electron_cutBasedId, bool Electron_pfId, int32 Electron_jetIdx, int32 Electron_genPartIdx
uint32 nTau, float32 Tau_pt, float32 Tau_eta, float32 Tau_phi, float32 Tau_mass
int32 Tau_charge, int32 Tau_decayMode, float32 Tau_relIso_all, int32 Tau_jetIdx
int32 Tau_genPartIdx, bool Tau_idDecayMode, float32 Tau_idIsoRaw, bool Tau_idIsoVLoose
bool Tau_idIsoLoose, bool Tau_idIsoMedium, bool Tau_idIsoTight, bool Tau_idAntiEleLoose
bool Tau_idAntiEleMedium, bool Tau_idAntiEleTight, bool Tau_idAntiMuLoose
bool Tau_idAntiMuMedium, bool Tau_idAntiMuTight
uint32 nPhoton, float32 Photon_pt, float32 Photon_eta, float32 Photon_phi, float32 Photon_mass
int32 Photon_charge, float32 Photon_pfRelIso03_all, int32 Photon_jetIdx, int32 Photon_genPartIdx
float32 MET_pt, float32 MET_phi, float32 MET_sumet, float32 MET_significance
float32 MET_CovXX, float32 MET_CovXY, float32 MET_CovYY
uint32 nJet, float32 Jet_pt, float32 Jet_eta, float32 Jet_phi, float32 Jet_mass, bool Jet_puId
float32 Jet_btag
"""


def column_list():
    """[(name, type, counter or None)] in the order of the file."""
    out = []
    for item in COLUMNS.replace("\n", ",").split(","):
        if item.strip():
            kind, name = item.split()
            counter = "n" + name.split("_")[0]
            known = any(counter == other for other, _, _ in out)
            out.append((name, kind, counter if known else None))
    return out


class Generator:
    def __init__(self, events, seed):
        self.events = events
        self.rng = np.random.default_rng(seed)

    # Counts ------------------------------------------------------------------------------------

    def even_draws(self):
        """Uniform numbers, one an event, spread evenly: the means come out right for any seed."""
        u = (np.arange(self.events) + self.rng.random(self.events)) / self.events
        self.rng.shuffle(u)
        return u

    def geometric(self, mean):
        return np.floor(np.log1p(-self.even_draws()) / np.log(mean / (1 + mean))).astype(np.int64)

    def jet_counts(self):
        """A mixture of two geometric laws, chosen so that jets, pairs and triplets have the means
        of the full file (the k-th factorial moment of a geometric law with mean m is k! m**k)."""
        busy = self.even_draws() < 0.0371
        n = np.where(busy, self.geometric(7.359), self.geometric(3.039))
        return np.minimum(n, MOST_JETS)

    def muon_counts(self):
        return np.where(self.even_draws() < 0.06, 0, 1 + self.geometric(0.482))

    # Kinematics --------------------------------------------------------------------------------

    def phi(self, n):
        return self.rng.uniform(-np.pi, np.pi, n)

    def eta(self, n, width, limit):
        return np.clip(self.rng.normal(0, width, n), -limit, limit) * self.rng.uniform(0.999, 1, n)

    def power_law(self, n, low, power, high):
        return np.minimum(low * self.rng.random(n) ** (-1 / power), high * self.rng.uniform(0.5, 1, n))

    def z_decays(self, n):
        """(pt, eta, phi) of both leptons of n Z bosons: an isotropic decay, boosted."""
        mass = Z_MASS + Z_WIDTH / 2 * np.tan(np.pi * (self.rng.random(n) - 0.5) * 0.98)
        pt, y, phi = self.rng.exponential(20, n), self.rng.normal(0, 1.1, n), self.phi(n)
        transverse = np.hypot(mass, pt)
        z = np.stack([pt * np.cos(phi), pt * np.sin(phi), transverse * np.sinh(y)])
        energy = transverse * np.cosh(y)
        cos, psi = self.rng.uniform(-1, 1, n), self.phi(n)
        sin = np.sqrt(1 - cos**2)
        rest = mass / 2 * np.stack([sin * np.cos(psi), sin * np.sin(psi), cos])
        along = (rest * z).sum(axis=0) / (energy + mass)
        first = rest + z * (along + mass / 2) / mass
        return [self.cylindrical(p) for p in (first, z - first)]

    @staticmethod
    def cylindrical(p):
        pt = np.hypot(p[0], p[1])
        return pt, np.arcsinh(p[2] / pt), np.arctan2(p[1], p[0])

    def leptons(self, counts, soft_low, hard_share, z_share):
        """Leptons of falling pt; a share of the events with two or more hold a Z decay."""
        total = int(counts.sum())
        hard = self.rng.random(total) < hard_share
        pt = np.where(hard, self.rng.normal(33, 9, total), self.power_law(total, soft_low, 1.8, 200))
        pt = np.maximum(pt, soft_low * self.rng.uniform(1, 1.3, total))
        eta, phi = self.eta(total, 1.2, 2.4), self.phi(total)
        charge = np.where(self.rng.random(total) < 0.5, -1, 1)
        starts = np.cumsum(counts) - counts
        chosen = starts[(counts >= 2) & (self.rng.random(len(counts)) < z_share)]
        for at, lepton, sign in zip((chosen, chosen + 1), self.z_decays(len(chosen)), (1, -1)):
            pt[at], eta[at], phi[at] = lepton
            charge[at] = sign
        order = by_falling_pt(counts, pt)
        return pt[order], eta[order], phi[order], charge[order]

    def jets(self, counts, muon_counts, muon_eta, muon_phi):
        """Jets of falling pt; in half of the events one of them lies on the leading muon."""
        total = int(counts.sum())
        pt, eta, phi = self.power_law(total, 15, 1.45, 1500), self.eta(total, 2.1, 4.7), self.phi(total)
        both = (counts > 0) & (muon_counts > 0) & (self.rng.random(len(counts)) < 0.5)
        jet = (np.cumsum(counts) - counts)[both]
        muon = (np.cumsum(muon_counts) - muon_counts)[both]
        eta[jet] = muon_eta[muon] + self.rng.normal(0, 0.03, len(jet))
        turned = muon_phi[muon] + self.rng.normal(0, 0.03, len(jet)) + np.pi
        phi[jet] = np.remainder(turned, 2 * np.pi) - np.pi
        order = by_falling_pt(counts, pt)
        return pt[order], eta[order], phi[order]

    def b_tags(self, n):
        u = self.rng.random(n)
        return np.where(u < 0.21, -10, np.where(u < 0.35, -1, self.rng.beta(0.9, 1.6, n)))

    # The rest ----------------------------------------------------------------------------------

    def often(self, n, share):
        return self.rng.random(n) < share

    def or_missing(self, values, share):
        return np.where(self.often(len(values), share), -999.0, values)

    def objects(self, c, name, counts, pt, eta, phi, mass, charge):
        n = int(counts.sum())
        c["n" + name] = counts
        c[name + "_pt"], c[name + "_eta"], c[name + "_phi"], c[name + "_mass"] = pt, eta, phi, mass
        if charge is not None:
            c[name + "_charge"] = charge
            c[name + "_jetIdx"] = c[name + "_genPartIdx"] = np.full(n, -1)
        return n

    def vertex_distances(self, c, name, n, missing):
        for axis in ("_dxy", "_dz"):
            c[name + axis] = self.or_missing(0.005 * self.rng.standard_t(2, n), missing)
            c[name + axis + "Err"] = self.or_missing(0.002 * self.rng.lognormal(0, 0.5, n), missing)

    def event_columns(self, c):
        n, rng = self.events, self.rng
        block = np.arange(n) // 3000
        c["run"] = 194_711 + block // 20
        c["luminosityBlock"] = 64 + block % 20
        c["event"] = 62_360_000 + np.cumsum(rng.integers(1, 900, n))
        c["HLT_IsoMu24_eta2p1"] = self.often(n, 0.58)
        c["HLT_IsoMu24"] = c["HLT_IsoMu24_eta2p1"] | self.often(n, 0.11)
        c["HLT_IsoMu17_eta2p1_LooseIsoPFTau20"] = self.often(n, 0.14)
        c["PV_npvs"] = 1 + rng.poisson(9.7, n)
        c["PV_x"], c["PV_y"] = rng.normal(0.0721, 0.0026, n), rng.normal(0.0627, 0.0024, n)
        c["PV_z"] = rng.normal(-0.3, 5.3, n)
        c["MET_pt"], c["MET_phi"] = rng.rayleigh(21 * rng.lognormal(0, 0.3, n)), self.phi(n)
        c["MET_sumet"], c["MET_significance"] = rng.gamma(7, 90, n), rng.gamma(0.6, 10, n)
        c["MET_CovXX"], c["MET_CovYY"] = rng.gamma(5.5, 35, n), rng.gamma(5.5, 36, n)
        c["MET_CovXY"] = rng.normal(0, 28, n)

    def muon_columns(self, c):
        counts = self.muon_counts()
        pt, eta, phi, charge = self.leptons(counts, 3, 0.6, 0.03)
        n = self.objects(c, "Muon", counts, pt, eta, phi, np.full(len(pt), MUON_MASS), charge)
        isolation = np.where(self.often(n, 0.25), 0, self.rng.exponential(0.4, n))
        c["Muon_pfRelIso03_all"] = self.or_missing(isolation, 0.18)
        c["Muon_pfRelIso04_all"] = self.or_missing(1.3 * isolation, 0.18)
        c["Muon_tightId"], c["Muon_softId"] = self.often(n, 0.75), self.often(n, 0.8)
        self.vertex_distances(c, "Muon", n, 0.16)
        return counts, eta, phi

    def electron_columns(self, c):
        counts = self.geometric(0.215)
        pt, eta, phi, charge = self.leptons(counts, 5, 0.3, 0.3)
        mass = ELECTRON_MASS + 0.004 * self.rng.standard_t(3, len(pt))
        n = self.objects(c, "Electron", counts, pt, eta, phi, mass, charge)
        c["Electron_pfRelIso03_all"] = self.or_missing(self.rng.exponential(2, n), 0.58)
        self.vertex_distances(c, "Electron", n, 0)
        c["Electron_cutBasedId"], c["Electron_pfId"] = self.often(n, 0.99), self.often(n, 0.41)

    def tau_columns(self, c):
        counts = self.geometric(2.46)
        n = int(counts.sum())
        pt = self.power_law(n, 15, 1.5, 800)
        mass = np.where(self.often(n, 0.4), MUON_MASS, self.rng.exponential(3, n))
        charge = self.rng.integers(-1, 2, n)
        self.objects(c, "Tau", counts, pt, self.eta(n, 2.1, 4.5), self.phi(n), mass, charge)
        c["Tau_decayMode"] = self.rng.choice([-1, 0, 1, 2, 10], n, p=[0.42, 0.2, 0.22, 0.04, 0.12])
        c["Tau_relIso_all"] = np.where(self.often(n, 0.4), np.nan, self.rng.exponential(1, n))
        c["Tau_idIsoRaw"] = np.where(self.often(n, 0.55), 0, self.rng.exponential(15, n))
        for name, share in (("DecayMode", 0.56), ("IsoVLoose", 0.26), ("IsoLoose", 0.23),
                            ("IsoMedium", 0.19), ("IsoTight", 0.18), ("AntiEleLoose", 0.6), ("AntiEleMedium", 0.53),
                            ("AntiEleTight", 0.27), ("AntiMuLoose", 0.64), ("AntiMuMedium", 0.63),
                            ("AntiMuTight", 0.63)):
            c["Tau_id" + name] = self.often(n, share)

    def photon_columns(self, c):
        counts = self.geometric(0.434)
        n = int(counts.sum())
        mass = self.rng.normal(0, 1e-6, n)
        self.objects(c, "Photon", counts, self.power_law(n, 9.5, 1.6, 700), self.eta(n, 1.4, 2.9), self.phi(n),
                     mass, np.zeros(n))
        c["Photon_pfRelIso03_all"] = self.rng.gamma(0.7, 0.7, n)

    def jet_columns(self, c, muons):
        counts = self.jet_counts()
        pt, eta, phi = self.jets(counts, *muons)
        n = self.objects(c, "Jet", counts, pt, eta, phi,
                         1.1 * np.sqrt(pt) * self.rng.lognormal(0, 0.3, len(pt)), None)
        c["Jet_puId"], c["Jet_btag"] = self.often(n, 0.997), self.b_tags(n)

    def columns(self):
        c = {}
        self.event_columns(c)
        muons = self.muon_columns(c)
        self.electron_columns(c)
        self.tau_columns(c)
        self.photon_columns(c)
        self.jet_columns(c, muons)
        return {name: c[name].astype(kind) for name, kind, _ in column_list()}


def by_falling_pt(counts, pt):
    return np.lexsort((-pt, np.repeat(np.arange(len(counts)), counts)))


def write_parquet(path, columns):
    wide = {"uint32": "int64", "uint64": "int64"}
    fields, arrays = [], []
    for name, kind, counter in column_list():
        values = pa.array(columns[name].astype(wide.get(kind, kind)))
        if counter is not None:
            offsets = np.concatenate(([0], np.cumsum(columns[counter], dtype=np.int32))).astype(np.int32)
            element = pa.field("element", values.type, nullable=False)
            values = pa.ListArray.from_arrays(pa.array(offsets), values, type=pa.list_(element))
        fields.append(pa.field(name, values.type, nullable=False))
        arrays.append(values)
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    pq.write_table(table, path, row_group_size=ROW_GROUP, compression="snappy")


def write_root(path, columns, program):
    events = len(columns["run"])
    cluster = max(1, min(CLUSTER, events // 10))
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        lines = []
        for name, kind, counter in column_list():
            columns[name].tofile(f"{folder}/{name}")
            lines.append(f"{name} {kind} {counter or '-'}\n")
        listing = pathlib.Path(folder, "columns.txt")
        listing.write_text("".join(lines))
        subprocess.run([program, folder, path, str(events), str(cluster)], check=True)


def facts(columns):
    jets = columns["nJet"].astype(np.float64)
    return {
        "events": len(jets), "columns": len(columns), "jets": jets.mean(),
        "jet_pairs": (jets * (jets - 1) / 2).mean(),
        "jet_triplets": (jets * (jets - 1) * (jets - 2) / 6).mean(),
        "muons": columns["nMuon"].mean(), "electrons": columns["nElectron"].mean(),
    }


def make(name, events, seed, root_writer):
    columns = Generator(events, seed).columns()
    name.parent.mkdir(parents=True, exist_ok=True)
    for suffix, write in (("parquet", write_parquet), ("root", lambda p, c: write_root(p, c, root_writer))):
        part = name.with_name(name.name + "-part." + suffix)  # a half-written file is never taken for whole
        write(part, columns)
        shutil.move(part, name.with_name(name.name + "." + suffix))
    return facts(columns)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", type=pathlib.Path, help="path without suffix")
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=2012)
    parser.add_argument("--root-writer", required=True, help="the compiled write_root.cpp")
    options = parser.parse_args()
    print(json.dumps(make(options.name, options.events, options.seed, options.root_writer)))
