"""The ADL benchmark in DuckDB's SQL over Parquet, as a peer: one query, one thread count.

    duck.py FILE.parquet QUERY THREADS [WARM_UP.parquet]

prints {"query", "seconds", "cpu", "bins"}: wall and CPU time of the statement, and the counts of the
bins, underflow first and overflow last.  The warm-up file goes through the same query first, untimed.

These are the fastest of several forms that were tried: combinations come from a small table of index
lists for each length (made beforehand, untimed) that is joined by the length and unnested, so that all
arithmetic runs over flat columns; lambdas inside lambdas are two to four times slower.
"""
import json
import sys
import time

import duckdb

BINS = 100
FIELDS = ("pt", "eta", "phi", "mass")
MOST_LEPTONS, MOST_JETS = 150, 60

INDEX_LISTS = f"""
CREATE TEMP TABLE pairs AS
SELECT n, list(a ORDER BY a, b) AS i, list(b ORDER BY a, b) AS j
FROM (SELECT n::INT AS n, a::INT AS a, unnest(range(a + 1, n + 1))::INT AS b
      FROM (SELECT n, unnest(range(1, n)) AS a FROM range(2, {MOST_LEPTONS}) AS lengths(n)))
GROUP BY n;
CREATE TEMP TABLE triplets AS
SELECT n, list(a ORDER BY a, b, c) AS i, list(b ORDER BY a, b, c) AS j, list(c ORDER BY a, b, c) AS k
FROM (SELECT n::INT AS n, a::INT AS a, b::INT AS b, unnest(range(b + 1, n + 1))::INT AS c
      FROM (SELECT n, a, unnest(range(a + 1, n)) AS b
            FROM (SELECT n, unnest(range(1, n - 1)) AS a FROM range(3, {MOST_JETS}) AS lengths(n))))
GROUP BY n;
"""


def histogram(values, low, high):
    """`values` is a query with a column x; this counts the bins."""
    return f"""
SELECT CASE WHEN x < {low} THEN 0 WHEN x >= {high} THEN {BINS + 1}
            ELSE 1 + floor({BINS} * (x - {low}) / {high - low})::INT END AS bin, count(*)
FROM ({values}) GROUP BY bin"""


def lepton(i):
    """Lepton number i of the lists l_*, as scalars in double."""
    return ", ".join(f"l_{field}[{i}]::DOUBLE AS {field}_{i}" for field in FIELDS)


def with_pair_mass(pairs):
    """Adds the mass of the pair to rows that hold both leptons as scalars."""
    return f"""
SELECT *, sqrt(e * e - px * px - py * py - pz * pz) AS pair_mass FROM (
  SELECT *, pt_i * cos(phi_i) + pt_j * cos(phi_j) AS px, pt_i * sin(phi_i) + pt_j * sin(phi_j) AS py,
    pt_i * sinh(eta_i) + pt_j * sinh(eta_j) AS pz,
    sqrt((pt_i * cosh(eta_i)) ** 2 + mass_i ** 2) + sqrt((pt_j * cosh(eta_j)) ** 2 + mass_j ** 2) AS e
  FROM ({pairs}))"""


def with_pairs(events, condition):
    """A row for each pair of the n leptons that meets the condition on its indices i and j."""
    return f"""
SELECT *, {lepton("i")}, {lepton("j")}
FROM (SELECT ev.*, unnest(p.i) AS i, unnest(p.j) AS j FROM ({events}) AS ev JOIN pairs AS p USING (n))
WHERE {condition}"""


def best_triplets(file, value, more=""):
    """A row an event: x, the value of the triplet i, j, k (sum px, py, pz, e) nearest to the top mass.
    `more` is one more column of the file that the value needs."""
    def each(formula):
        return f"list_transform(Jet_pt, lambda pt, i: {formula})"

    pt, eta, phi, mass = "pt::DOUBLE", "Jet_eta[i]::DOUBLE", "Jet_phi[i]::DOUBLE", "Jet_mass[i]::DOUBLE"
    made, passed = (f", {each(more + '[i]::DOUBLE')} AS {more}", f", {more}") if more else ("", "")
    return f"""
SELECT arg_min({value}, abs(sqrt(e * e - px * px - py * py - pz * pz) - 172.5)) AS x FROM (
  SELECT event_row, i, j, k, x[i] + x[j] + x[k] AS px, y[i] + y[j] + y[k] AS py,
    z[i] + z[j] + z[k] AS pz, t[i] + t[j] + t[k] AS e {passed}
  FROM (SELECT ev.*, unnest(c.i) AS i, unnest(c.j) AS j, unnest(c.k) AS k
        FROM (SELECT file_row_number::INT AS event_row, nJet::INT AS n,
                {each(f"{pt} * cos({phi})")} AS x, {each(f"{pt} * sin({phi})")} AS y,
                {each(f"{pt} * sinh({eta})")} AS z,
                {each(f"sqrt(({pt} * cosh({eta})) ** 2 + {mass} ** 2)")} AS t {made}
              FROM {file} WHERE nJet >= 3) AS ev
        JOIN triplets AS c USING (n)))
GROUP BY event_row"""


def near(leptons):
    """Whether a lepton above 10 GeV is near the jet (eta, phi)."""
    delta = f"abs(phi - {leptons}_phi[i]::DOUBLE)"
    close = f"(eta - {leptons}_eta[i]::DOUBLE) ** 2 + least({delta}, 2 * pi() - {delta}) ** 2 < 0.4 ** 2"
    flags = f"list_transform({leptons}_pt, lambda pt, i: pt > 10 AND {close})"
    return f"coalesce(list_bool_or({flags}), false)"


def q1(file):
    return histogram(f"SELECT MET_pt::DOUBLE AS x FROM {file}", 0, 2000)


def q2(file):
    return histogram(f"SELECT unnest(Jet_pt)::DOUBLE AS x FROM {file}", 15, 60)


def q3(file):
    jets = f"SELECT unnest(Jet_pt)::DOUBLE AS x, unnest(Jet_eta) AS eta FROM {file}"
    return histogram(f"SELECT x FROM ({jets}) WHERE abs(eta) < 1", 15, 60)


def q4(file):
    hard = "len(list_filter(Jet_pt, lambda pt: pt > 40)) >= 2"
    return histogram(f"SELECT MET_pt::DOUBLE AS x FROM {file} WHERE {hard}", 0, 2000)


def q5(file):
    muons = f"""
SELECT file_row_number AS event_row, nMuon::INT AS n, MET_pt, Muon_charge AS charge,
  Muon_pt AS l_pt, Muon_eta AS l_eta, Muon_phi AS l_phi, Muon_mass AS l_mass FROM {file} WHERE nMuon >= 2"""
    pairs = with_pair_mass(with_pairs(muons, "charge[i] <> charge[j]"))
    return histogram(f"""
SELECT any_value(MET_pt)::DOUBLE AS x FROM ({pairs})
WHERE pair_mass > 60 AND pair_mass < 120 GROUP BY event_row""", 0, 2000)


def q6a(file):
    return histogram(best_triplets(file, "sqrt(px * px + py * py)"), 15, 40)


def q6b(file):
    return histogram(best_triplets(file, "greatest(Jet_btag[i], Jet_btag[j], Jet_btag[k])", "Jet_btag"), 0, 1)


def q7(file):
    lists = ", ".join(f"{leptons}_{field}" for leptons in ("Muon", "Electron") for field in FIELDS[:3])
    return histogram(f"""
SELECT sum(jet_pt)::DOUBLE AS x FROM (
  SELECT file_row_number AS event_row, unnest(Jet_pt)::DOUBLE AS jet_pt, unnest(Jet_eta)::DOUBLE AS eta,
    unnest(Jet_phi)::DOUBLE AS phi, {lists} FROM {file})
WHERE jet_pt > 30 AND NOT {near("Muon")} AND NOT {near("Electron")} GROUP BY event_row""", 15, 200)


def q8(file):
    both = ", ".join(f"Muon_{field} || Electron_{field} AS l_{field}" for field in FIELDS)
    leptons = f"""
SELECT file_row_number AS event_row, (nMuon + nElectron)::INT AS n, MET_pt, MET_phi, {both},
  Muon_charge || list_transform(Electron_charge, lambda charge: 3 * charge) AS kind
FROM {file} WHERE nMuon + nElectron >= 3"""
    pairs = with_pair_mass(with_pairs(leptons, "kind[i] + kind[j] = 0"))
    return histogram(f"""
SELECT sqrt(2 * MET_pt::DOUBLE * l_pt[k]::DOUBLE * (1 - cos(MET_phi::DOUBLE - l_phi[k]::DOUBLE))) AS x FROM (
  SELECT *, list_position(other_pt, list_max(other_pt)) AS k FROM (
    SELECT *, list_transform(l_pt, lambda pt, i: CASE WHEN i = z.i OR i = z.j THEN -1 ELSE pt END) AS other_pt
    FROM (SELECT any_value(MET_pt) AS MET_pt, any_value(MET_phi) AS MET_phi, any_value(l_pt) AS l_pt,
            any_value(l_phi) AS l_phi, arg_min({{i: i, j: j}}, abs(pair_mass - 91.2)) AS z
          FROM ({pairs}) GROUP BY event_row)))""", 15, 250)


QUERIES = {q.__name__: q for q in (q1, q2, q3, q4, q5, q6a, q6b, q7, q8)}


def run(connection, query, path):
    """The statement's wall and CPU seconds, and the counts of the bins."""
    text = QUERIES[query](f"read_parquet('{path}', file_row_number = true)")
    start, start_cpu = time.perf_counter(), time.process_time()
    rows = connection.execute(text).fetchall()
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    bins = [0] * (BINS + 2)
    for bin_number, count in rows:
        bins[bin_number] = count
    return {"query": query, "seconds": seconds, "cpu": cpu, "bins": bins}


def main(path, query, threads, warm_up=None):
    connection = duckdb.connect()
    connection.execute(INDEX_LISTS)
    connection.execute(f"SET threads = {int(threads)}")
    if warm_up is not None:
        run(connection, query, warm_up)
    print(json.dumps(run(connection, query, path)))


if __name__ == "__main__":
    if not 4 <= len(sys.argv) <= 5 or sys.argv[2] not in QUERIES:
        sys.exit("usage: duck.py FILE.parquet QUERY THREADS [WARM_UP.parquet]")
    main(*sys.argv[1:])
