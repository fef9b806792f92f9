"""The DL trigger's converter, written anew from its description: one event at a time, as the original does.

An event is a dictionary of columns (see `read_events`).  `select` says how far it gets, `convert` makes
of it the 14 high-level features and up to 801 rows of 19 numbers, a particle each; `sequence` prepares
these rows for a recurrent network as the published data were.  Both modes: FIXED is what the physics
intends, AS_RUN what produced the published data.  `plain` walks through particles with loops, as the
original; otherwise numpy does the same on whole columns.
"""

import math

import numpy as np

FIXED, AS_RUN = "FIXED", "AS-RUN"
CONE = 0.3
STEPS = ["all", "any lepton", "pt > 23", "maps", "isolated"]
PARTICLES = [("EFlowTrack", "PT", ["PT", "Eta", "Phi", "PID", "X", "Y", "Z"]),
             ("EFlowPhoton", "ET", ["ET", "Eta", "Phi"]), ("EFlowNeutralHadron", "ET", ["ET", "Eta", "Phi"])]
OTHERS = [("Electron", ["PT", "Eta", "Phi", "Charge"]), ("MuonTight", ["PT", "Eta", "Phi", "Charge"]),
          ("Jet", ["PT", "Eta", "BTag"]), ("MissingET", ["MET", "Phi"]), ("Event", ["Number"])]
LIMITS = {"EFlowTrack": (0.5, 450), "EFlowPhoton": (1.0, 150), "EFlowNeutralHadron": (1.0, 200)}
ROWS, COLUMNS = 801, 19


def read_events(path, stop=None):
    """Every event of a file: {(collection, leaf): column}; floats as float64."""
    import uproot
    wanted = [(name, leaf) for name, _, leaves in PARTICLES for leaf in leaves]
    wanted += [(name, leaf) for name, leaves in OTHERS for leaf in leaves]
    with uproot.open(path) as f:
        tree = f["Delphes"]
        columns = {key: tree[".".join(key)].array(library="np", entry_stop=stop) for key in wanted}
    for i in range(len(columns["Event", "Number"])):
        event = {}
        for key, column in columns.items():
            values = np.asarray(column[i])
            event[key] = values.astype(np.float64) if values.dtype.kind == "f" else values
        yield event


# ---- angles and four-vectors ----

def wrapped(dphi):
    while dphi > math.pi:
        dphi -= 2 * math.pi
    while dphi < -math.pi:
        dphi += 2 * math.pi
    return dphi


def wrapped_all(dphi):
    return np.where(dphi > np.pi, dphi - 2 * np.pi, np.where(dphi < -np.pi, dphi + 2 * np.pi, dphi))


def momentum(pt, eta, phi):
    px, py, pz = pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta)
    return math.sqrt(px * px + py * py + pz * pz), px, py, pz


def from_momentum(e, px, py, pz):
    """pt, eta and phi as the original gets them back."""
    c = pz / e
    return math.sqrt(px * px + py * py), -0.5 * math.log((1 - c) / (1 + c)), math.atan2(py, px)


# ---- isolation ----

def isolation_plain(pt, eta, phi, others, mode):
    total = 0.0
    for w, other_eta, other_phi in others:
        dphi = other_phi - phi
        if mode == FIXED:
            dphi = wrapped(dphi)
        if (other_eta - eta) ** 2 + dphi ** 2 < CONE ** 2:
            total += w
    return total / pt if pt > 0 else 0.0


def isolations_plain(particles, others, mode):
    rows = list(zip(*(column.tolist() for column in others)))
    return [isolation_plain(*p, rows, mode) for p in zip(*(column.tolist() for column in particles))]


def isolations_numpy(particles, others, mode, step=32):
    """A few particles at a time: arrays that stay in the cache."""
    w, other_eta, other_phi = others
    sums = []
    for at in range(0, len(particles[0]), step):
        eta, phi = (column[at:at + step, None] for column in particles[1:])
        dphi = other_phi - phi
        if mode == FIXED:
            dphi = wrapped_all(dphi)
        near = (other_eta - eta) ** 2 + dphi ** 2 < CONE ** 2
        sums.append(np.where(near, w, 0.0).sum(axis=1))
    pt = particles[0]
    return np.where(pt > 0, np.concatenate(sums or [pt]) / pt, 0.0)


class Maps:
    """The three isolation maps of an event: charged, photon, neutral."""

    def __init__(self, event, mode, plain):
        self.mode, self.isolate = mode, isolations_plain if plain else isolations_numpy
        self.maps = {}
        for name, pt, _ in PARTICLES:
            hard = event[name, pt] > LIMITS[name][0]
            self.maps[name] = [event[name, leaf][hard] for leaf in (pt, "Eta", "Phi")]

    def empty(self):
        return any(len(m[0]) == 0 for m in self.maps.values())

    def isolations(self, pt, eta, phi):
        """[IsoCh, IsoGamma, IsoNeu] of each particle, as rows."""
        particles = [np.asarray(column, np.float64) for column in (pt, eta, phi)]
        ch, ga, ne = (np.asarray(self.isolate(particles, self.maps[name], self.mode), np.float64)
                      for name, _, _ in PARTICLES)
        return np.column_stack([ch - 1, ga, ne]) if len(ch) else np.zeros((0, 3))


# ---- selection ----

def first_isolated(event, name, maps):
    hard = np.flatnonzero(event[name, "PT"] > 23)
    for i in hard:
        e, px, py, pz = momentum(*(float(event[name, leaf][i]) for leaf in ("PT", "Eta", "Phi")))
        pt, eta, phi = from_momentum(e, px, py, pz)
        iso = maps.isolations([pt], [eta], [phi])[0]
        if iso.sum() < 0.45:
            return {"p4": (e, px, py, pz), "pt": pt, "eta": eta, "phi": phi, "iso": iso,
                    "charge": int(event[name, "Charge"][i]), "electron": name == "Electron"}
    return None


def select(event, mode, plain=False):
    """How many of STEPS the event passes, and if all, its lepton and maps."""
    electrons, muons = event["Electron", "PT"], event["MuonTight", "PT"]
    if len(electrons) == 0 and len(muons) == 0:
        return 1, None, None
    if not ((electrons > 23).any() or (muons > 23).any()):
        return 2, None, None
    maps = Maps(event, mode, plain)
    if maps.empty():
        return 3, None, None
    electron, muon = first_isolated(event, "Electron", maps), first_isolated(event, "MuonTight", maps)
    if electron is None and muon is None:
        return 4, None, None
    key = "pt" if mode == FIXED else "eta"
    if electron is None or (muon is not None and muon[key] >= electron[key]):
        return 5, muon, maps
    return 5, electron, maps


# ---- features ----

def high_level(event, lepton, mode):
    good = (event["Jet", "PT"] > 30) & (np.abs(event["Jet", "Eta"]) < 2.6)
    ht = 0.0
    for pt in event["Jet", "PT"][good].tolist():
        ht += pt
    met, met_phi = float(event["MissingET", "MET"][0]), float(event["MissingET", "Phi"][0])
    mt = 2 * met * lepton["pt"] * (1 - math.cos(lepton["phi"] - met_phi))
    return [ht, met, met_phi, math.sqrt(mt) if mode == FIXED else mt, int(good.sum()),
            int((good & (event["Jet", "BTag"] > 0)).sum()), lepton["pt"], lepton["eta"], lepton["phi"],
            *lepton["iso"], lepton["charge"], int(lepton["electron"])]


def particles_of(event, name, pt_leaf, lepton):
    """Positions in file order of the particles that make rows."""
    least, most = LIMITS[name]
    keep = event[name, pt_leaf] > least
    if name == "EFlowTrack":
        d = np.hypot(event[name, "Eta"] - lepton["eta"], wrapped_all(event[name, "Phi"] - lepton["phi"]))
        keep = keep & (d > 0.0001)
    return np.flatnonzero(keep)[:most]


def low_level(event, lepton, maps):
    """Rows of particles, without the zeros that would fill them up to 801."""
    first = [*lepton["p4"], lepton["pt"], lepton["eta"], lepton["phi"], 0, 0, 0, *lepton["iso"], 0, 0, 0,
             int(lepton["electron"]), int(not lepton["electron"]), lepton["charge"]]
    rows = [np.array([first], np.float64)]
    flags = {"EFlowTrack": (1, 0, 0), "EFlowNeutralHadron": (0, 1, 0), "EFlowPhoton": (0, 0, 1)}
    for name, pt_leaf, _ in PARTICLES:
        keep = particles_of(event, name, pt_leaf, lepton)
        block = np.zeros((len(keep), COLUMNS))
        pt, eta, phi = (event[name, leaf][keep] for leaf in (pt_leaf, "Eta", "Phi"))
        p4 = [momentum(*p) for p in zip(pt.tolist(), eta.tolist(), phi.tolist())]
        block[:, 0:4] = np.array(p4).reshape(-1, 4)
        block[:, 4], block[:, 5], block[:, 6] = pt, eta, phi
        block[:, 10:13] = maps.isolations(pt, eta, phi)
        block[:, 13:16] = flags[name]
        if name == "EFlowTrack":
            for column, leaf in enumerate(["X", "Y", "Z"]):
                block[:, 7 + column] = event[name, leaf][keep]
            block[:, 18] = np.sign(event[name, "PID"][keep])
        rows.append(block)
    return np.concatenate(rows)


def convert(event, mode, plain=False):
    """(14 features, rows of particles) of an event that passes, else None."""
    step, lepton, maps = select(event, mode, plain)
    if step < len(STEPS):
        return None
    return high_level(event, lepton, mode), low_level(event, lepton, maps)


def count_cuts(events, mode):
    counts = dict.fromkeys(STEPS, 0)
    for event in events:
        step, _, _ = select(event, mode)
        for name in STEPS[:step]:
            counts[name] += 1
    return counts


# ---- preparation ----

def padded(rows):
    return np.concatenate([rows, np.zeros((ROWS - len(rows), COLUMNS))])


def by_distance(rows):
    """The farthest from the lepton first; the lepton, which is row 0, ends last."""
    d = np.hypot(rows[:, 5] - rows[0, 5], wrapped_all(rows[:, 6] - rows[0, 6]))
    return rows[np.argsort(-d, kind="stable")]


def standardised(rows):
    """Each column to mean 0 and deviation 1 (dividing by n); a constant one to 0."""
    sd = rows.std(axis=0)
    return (rows - rows.mean(axis=0)) / np.where(sd == 0, 1, sd)


def sequence(rows):
    """AS_RUN: 801 rows, the zeros among them, each column standardised within the event."""
    return standardised(by_distance(padded(rows)))
