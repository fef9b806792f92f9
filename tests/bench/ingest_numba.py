"""The DL trigger's ingest as a good programmer writes it in Python today: columns by uproot and awkward, everything
else in one function that numba compiles, Parquet by pyarrow.  FIXED mode of tests/py/dl_converter.py, float32 rows.
"""
import math

import numba
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot

LEAVES = {
    "EFlowTrack": ["PT", "Eta", "Phi", "PID", "X", "Y", "Z"], "EFlowPhoton": ["ET", "Eta", "Phi"],
    "EFlowNeutralHadron": ["ET", "Eta", "Phi"], "Electron": ["PT", "Eta", "Phi", "Charge"],
    "MuonTight": ["PT", "Eta", "Phi", "Charge"], "Jet": ["PT", "Eta", "BTag"], "MissingET": ["MET", "Phi"],
}


def read(path):
    """For each collection: where each event begins, and its leaves end to end."""
    names = [f"{name}.{leaf}" for name, leaves in LEAVES.items() for leaf in leaves]
    with uproot.open(path) as f:
        tree = f["Delphes"]
        arrays = {name: tree[name].array(library="ak").layout for name in names}
    out = []
    for name, leaves in LEAVES.items():
        first = arrays[f"{name}.{leaves[0]}"]
        out.append(np.asarray(first.offsets.data, np.int64))
        out += [np.asarray(arrays[f"{name}.{leaf}"].content.data) for leaf in leaves]
    return out


@numba.njit(inline="always")
def wrapped(d):
    if d > math.pi:
        return d - 2 * math.pi
    if d < -math.pi:
        return d + 2 * math.pi
    return d


@numba.njit
def harder(pt, eta, phi, begin, end, least, pts, etas, phis):
    n = 0
    for i in range(begin, end):
        if pt[i] > least:
            pts[n], etas[n], phis[n] = pt[i], eta[i], phi[i]
            n += 1
    return n


@numba.njit
def isolation(pt, eta, phi, n, pts, etas, phis):
    total = 0.0
    for j in range(n):
        deta = etas[j] - eta
        if deta < 0.3 and deta > -0.3:
            dphi = wrapped(phis[j] - phi)
            if deta * deta + dphi * dphi < 0.09:
                total += pts[j]
    return total / pt


@numba.njit
def put(row, pt, eta, phi, iso):
    px, py, pz = pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta)
    row[0] = math.sqrt(px * px + py * py + pz * pz)
    row[1], row[2], row[3], row[4], row[5], row[6] = px, py, pz, pt, eta, phi
    row[10], row[11], row[12] = iso[0] - 1, iso[1], iso[2]


@numba.njit
def ingest(to, t_pt, t_eta, t_phi, t_pid, t_x, t_y, t_z, go, g_pt, g_eta, g_phi, no, n_pt, n_eta, n_phi,
           eo, e_pt, e_eta, e_phi, e_q, mo, m_pt, m_eta, m_phi, m_q, jo, j_pt, j_eta, j_b, xo, x_met, x_phi):
    events = len(to) - 1
    most = 0
    room = 0
    for i in range(events):
        most = max(most, to[i + 1] - to[i], go[i + 1] - go[i], no[i + 1] - no[i])
        room += 1 + min(450, to[i + 1] - to[i]) + min(150, go[i + 1] - go[i]) + min(200, no[i + 1] - no[i])
    maps = np.empty((9, most), np.float64)
    rows = np.zeros((room, 19), np.float32)
    hlf = np.empty((events, 14), np.float64)
    starts = np.zeros(events + 1, np.int64)
    iso = np.empty(3, np.float64)
    kept = 0
    at = 0
    for i in range(events):
        hard = False
        for k in range(eo[i], eo[i + 1]):
            hard |= e_pt[k] > 23
        for k in range(mo[i], mo[i + 1]):
            hard |= m_pt[k] > 23
        if not hard:
            continue
        nt = harder(t_pt, t_eta, t_phi, to[i], to[i + 1], 0.5, maps[0], maps[1], maps[2])
        ng = harder(g_pt, g_eta, g_phi, go[i], go[i + 1], 1.0, maps[3], maps[4], maps[5])
        nn = harder(n_pt, n_eta, n_phi, no[i], no[i + 1], 1.0, maps[6], maps[7], maps[8])
        if nt == 0 or ng == 0 or nn == 0:
            continue
        best = -1.0
        for flavour in range(2):  # of equal ones the muon
            off, pts, etas, phis, qs = (mo, m_pt, m_eta, m_phi, m_q) if flavour == 0 else (eo, e_pt, e_eta, e_phi, e_q)
            for k in range(off[i], off[i + 1]):
                if not pts[k] > 23:
                    continue
                p, eta, phi = np.float64(pts[k]), np.float64(etas[k]), np.float64(phis[k])
                ch = isolation(p, eta, phi, nt, maps[0], maps[1], maps[2]) - 1
                ga = isolation(p, eta, phi, ng, maps[3], maps[4], maps[5])
                ne = isolation(p, eta, phi, nn, maps[6], maps[7], maps[8])
                if ch + ga + ne < 0.45:
                    if p > best:
                        best, l_eta, l_phi, l_q, l_ele = p, eta, phi, qs[k], flavour
                        l_ch, l_ga, l_ne = ch, ga, ne
                    break
        if best < 0:
            continue
        ht, jets, b = 0.0, 0, 0
        for k in range(jo[i], jo[i + 1]):
            if j_pt[k] > 30 and abs(j_eta[k]) < 2.6:
                ht += j_pt[k]
                jets += 1
                b += j_b[k] > 0
        met, met_phi = np.float64(x_met[xo[i]]), np.float64(x_phi[xo[i]])
        h = hlf[kept]
        h[0], h[1], h[2], h[3] = ht, met, met_phi, math.sqrt(2 * met * best * (1 - math.cos(l_phi - met_phi)))
        h[4], h[5], h[6], h[7], h[8] = jets, b, best, l_eta, l_phi
        h[9], h[10], h[11], h[12], h[13] = l_ch, l_ga, l_ne, l_q, l_ele
        iso[0], iso[1], iso[2] = l_ch + 1, l_ga, l_ne
        put(rows[at], best, l_eta, l_phi, iso)
        rows[at, 16 if l_ele else 17] = 1
        rows[at, 18] = l_q
        at += 1
        for kind in range(3):
            n = 0
            begin, end = (to[i], to[i + 1]) if kind == 0 else (go[i], go[i + 1]) if kind == 1 else (no[i], no[i + 1])
            pts, etas, phis = (t_pt, t_eta, t_phi) if kind == 0 else (g_pt, g_eta, g_phi) if kind == 1 else (n_pt, n_eta, n_phi)
            least, limit = (0.5, 450) if kind == 0 else (1.0, 150) if kind == 1 else (1.0, 200)
            for k in range(begin, end):
                if n == limit:
                    break
                p, eta, phi = np.float64(pts[k]), np.float64(etas[k]), np.float64(phis[k])
                if not p > least:
                    continue
                if kind == 0 and math.hypot(eta - l_eta, wrapped(phi - l_phi)) <= 0.0001:
                    continue
                iso[0] = isolation(p, eta, phi, nt, maps[0], maps[1], maps[2])
                iso[1] = isolation(p, eta, phi, ng, maps[3], maps[4], maps[5])
                iso[2] = isolation(p, eta, phi, nn, maps[6], maps[7], maps[8])
                row = rows[at]
                put(row, p, eta, phi, iso)
                row[13 if kind == 0 else 15 if kind == 1 else 14] = 1
                if kind == 0:
                    row[7], row[8], row[9] = t_x[k], t_y[k], t_z[k]
                    row[18] = np.sign(t_pid[k])
                at += 1
                n += 1
        kept += 1
        starts[kept] = at
    return hlf[:kept], rows[:at], starts[:kept + 1]


def write(path, hlf, rows, starts):
    numbers = pa.array(rows.reshape(-1))
    lines = pa.ListArray.from_arrays(pa.array(np.arange(0, rows.size + 1, 19, dtype=np.int32)), numbers)
    particles = pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), lines)
    features = pa.ListArray.from_arrays(pa.array(np.arange(0, hlf.size + 1, 14, dtype=np.int32)), pa.array(hlf.reshape(-1)))
    label = pa.array(np.ones(len(hlf), np.int64))
    pq.write_table(pa.table({"label": label, "hlf": features, "particles": particles}), path, compression="zstd")


def run(path, out):
    hlf, rows, starts = ingest(*read(path))
    write(out, hlf, rows, starts)
    return hlf, rows, starts
