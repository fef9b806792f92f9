// The ADL benchmark in RDataFrame, as a peer: one query, one event loop, compiled (nothing
// jitted).
//
//     rdf FILE.root QUERY THREADS [WARM_UP.root]
//
// prints {"query", "seconds", "cpu", "bins"}: wall and CPU time of the event loop alone, and
// the counts of the bins, underflow first and overflow last. The warm-up file goes through the
// same query first, untimed, so that loading libraries and starting threads is not counted.
//
// The nested loops work on plain arrays of four-vectors that are made once an event: faster
// than Combinations() of RVecs. All arithmetic is in double.

#include <ROOT/RDataFrame.hxx>
#include <TROOT.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace {

using ROOT::RVecF;
using ROOT::RVecI;
using ROOT::RDF::RNode;
using histogram = ROOT::RDF::RResultPtr<TH1D>;

constexpr int bin_count = 100;

struct vector4 {
    double px, py, pz, e;
};

vector4 operator+(const vector4 &a, const vector4 &b) {
    return {a.px + b.px, a.py + b.py, a.pz + b.pz, a.e + b.e};
}

double mass(const vector4 &v) {
    return std::sqrt(std::max(0.0, v.e * v.e - v.px * v.px - v.py * v.py - v.pz * v.pz));
}

double transverse(const vector4 &v) {
    return std::hypot(v.px, v.py);
}

vector4 from_polar(double pt, double eta, double phi, double m) {
    const double pz = pt * std::sinh(eta);
    return {pt * std::cos(phi), pt * std::sin(phi), pz, std::sqrt(pt * pt + pz * pz + m * m)};
}

void add_vectors(std::vector<vector4> &to, const RVecF &pt, const RVecF &eta, const RVecF &phi,
                 const RVecF &m) {
    for (size_t i = 0; i < pt.size(); i++)
        to.push_back(from_polar(pt[i], eta[i], phi[i], m[i]));
}

double phi_between(double a, double b) {
    const double d = std::abs(a - b);
    return d > M_PI ? 2 * M_PI - d : d;
}

ROOT::RDF::TH1DModel bins(double low, double high) {
    return {"h", "", bin_count, low, high};
}

// A filter on the counter alone spares reading the lists of the other events.
RNode at_least(RNode events, unsigned least, const char *counter) {
    return events.Filter([least](unsigned n) { return n >= least; }, {counter});
}

// Queries
// -----------------------------------------------------------------------------------------

histogram q1(RNode events) {
    return events.Histo1D<float>(bins(0, 2000), "MET_pt");
}

histogram q2(RNode events) {
    return events.Histo1D<RVecF>(bins(15, 60), "Jet_pt");
}

histogram q3(RNode events) {
    const auto central = [](const RVecF &pt, const RVecF &eta) {
        return RVecF(pt[abs(eta) < 1.0f]);
    };
    return events.Define("x", central, {"Jet_pt", "Jet_eta"}).Histo1D<RVecF>(bins(15, 60), "x");
}

histogram q4(RNode events) {
    const auto two_hard = [](const RVecF &pt) {
        return std::count_if(pt.begin(), pt.end(), [](float p) { return p > 40; }) >= 2;
    };
    return at_least(events, 2, "nJet")
        .Filter(two_hard, {"Jet_pt"})
        .Histo1D<float>(bins(0, 2000), "MET_pt");
}

bool has_z(const RVecF &pt, const RVecF &eta, const RVecF &phi, const RVecF &m,
           const RVecI &charge) {
    thread_local std::vector<vector4> muons;
    muons.clear();
    add_vectors(muons, pt, eta, phi, m);
    for (size_t i = 0; i < muons.size(); i++)
        for (size_t j = i + 1; j < muons.size(); j++) {
            if (charge[i] == charge[j]) continue;
            const double pair = mass(muons[i] + muons[j]);
            if (60 < pair && pair < 120) return true;
        }
    return false;
}

histogram q5(RNode events) {
    return at_least(events, 2, "nMuon")
        .Filter(has_z, {"Muon_pt", "Muon_eta", "Muon_phi", "Muon_mass", "Muon_charge"})
        .Histo1D<float>(bins(0, 2000), "MET_pt");
}

struct triplet {
    std::array<size_t, 3> jets;
    vector4 sum;
};

triplet nearest_to_top(const RVecF &pt, const RVecF &eta, const RVecF &phi, const RVecF &m) {
    thread_local std::vector<vector4> jets;
    jets.clear();
    add_vectors(jets, pt, eta, phi, m);
    triplet best = {};
    double least = INFINITY;
    for (size_t i = 0; i < jets.size(); i++)
        for (size_t j = i + 1; j < jets.size(); j++) {
            const vector4 pair = jets[i] + jets[j];
            for (size_t k = j + 1; k < jets.size(); k++) {
                const vector4 sum = pair + jets[k];
                const double distance = std::abs(mass(sum) - 172.5);
                if (distance < least) {
                    least = distance;
                    best = {{i, j, k}, sum};
                }
            }
        }
    return best;
}

RNode with_top(RNode events) {
    return at_least(events, 3, "nJet")
        .Define("top", nearest_to_top, {"Jet_pt", "Jet_eta", "Jet_phi", "Jet_mass"});
}

histogram q6a(RNode events) {
    return with_top(events)
        .Define("x", [](const triplet &top) { return transverse(top.sum); }, {"top"})
        .Histo1D<double>(bins(15, 40), "x");
}

histogram q6b(RNode events) {
    const auto largest = [](const triplet &top, const RVecF &tag) {
        return std::max({tag[top.jets[0]], tag[top.jets[1]], tag[top.jets[2]]});
    };
    return with_top(events)
        .Define("x", largest, {"top", "Jet_btag"})
        .Histo1D<float>(bins(0, 1), "x");
}

bool apart(float eta, float phi, const RVecF &lepton_pt, const RVecF &lepton_eta,
           const RVecF &lepton_phi) {
    for (size_t i = 0; i < lepton_pt.size(); i++) {
        if (!(lepton_pt[i] > 10)) continue;
        const double d_eta = double(eta) - lepton_eta[i],
                     d_phi = phi_between(phi, lepton_phi[i]);
        if (std::sqrt(d_eta * d_eta + d_phi * d_phi) < 0.4) return false;
    }
    return true;
}

// The summed pt of the jets away from leptons; -1 if there is none.
double clean_pt(const RVecF &pt, const RVecF &eta, const RVecF &phi, const RVecF &mu_pt,
                const RVecF &mu_eta, const RVecF &mu_phi, const RVecF &e_pt, const RVecF &e_eta,
                const RVecF &e_phi) {
    double sum = 0;
    bool any = false;
    for (size_t i = 0; i < pt.size(); i++) {
        if (!(pt[i] > 30) || !apart(eta[i], phi[i], mu_pt, mu_eta, mu_phi)) continue;
        if (!apart(eta[i], phi[i], e_pt, e_eta, e_phi)) continue;
        sum += pt[i];
        any = true;
    }
    return any ? sum : -1;
}

histogram q7(RNode events) {
    return at_least(events, 1, "nJet")
        .Define("x", clean_pt,
                {"Jet_pt", "Jet_eta", "Jet_phi", "Muon_pt", "Muon_eta", "Muon_phi",
                 "Electron_pt", "Electron_eta", "Electron_phi"})
        .Filter([](double x) { return x >= 0; }, {"x"})
        .Histo1D<double>(bins(15, 200), "x");
}

struct leptons {
    std::vector<vector4> p;
    std::vector<double> pt, phi;
    std::vector<int> kind; // charge for muons, three times the charge for electrons
};

void add_leptons(leptons &to, int kind, const RVecF &pt, const RVecF &eta, const RVecF &phi,
                 const RVecF &m, const RVecI &charge) {
    add_vectors(to.p, pt, eta, phi, m);
    for (size_t i = 0; i < pt.size(); i++) {
        to.pt.push_back(pt[i]);
        to.phi.push_back(phi[i]);
        to.kind.push_back(kind * charge[i]);
    }
}

// The pair of same flavour and opposite charge with the mass nearest to the Z; equal indices:
// none.
std::pair<size_t, size_t> z_pair(const leptons &l) {
    std::pair<size_t, size_t> best = {0, 0};
    double least = INFINITY;
    for (size_t i = 0; i < l.p.size(); i++)
        for (size_t j = i + 1; j < l.p.size(); j++) {
            if (l.kind[i] + l.kind[j] != 0) continue;
            const double distance = std::abs(mass(l.p[i] + l.p[j]) - 91.2);
            if (distance < least) {
                least = distance;
                best = {i, j};
            }
        }
    return best;
}

// -1: no such pair.
double transverse_mass(const RVecF &mu_pt, const RVecF &mu_eta, const RVecF &mu_phi,
                       const RVecF &mu_mass, const RVecI &mu_charge, const RVecF &e_pt,
                       const RVecF &e_eta, const RVecF &e_phi, const RVecF &e_mass,
                       const RVecI &e_charge, float met_pt, float met_phi) {
    thread_local leptons l;
    l.p.clear(), l.pt.clear(), l.phi.clear(), l.kind.clear();
    add_leptons(l, 1, mu_pt, mu_eta, mu_phi, mu_mass, mu_charge);
    add_leptons(l, 3, e_pt, e_eta, e_phi, e_mass, e_charge);
    const auto [i, j] = z_pair(l);
    if (i == j) return -1;
    size_t best = l.pt.size();
    for (size_t k = 0; k < l.pt.size(); k++)
        if (k != i && k != j && (best == l.pt.size() || l.pt[k] > l.pt[best])) best = k;
    return std::sqrt(2 * double(met_pt) * l.pt[best] *
                     (1 - std::cos(double(met_phi) - l.phi[best])));
}

histogram q8(RNode events) {
    return events
        .Filter([](unsigned muons, unsigned electrons) { return muons + electrons >= 3; },
                {"nMuon", "nElectron"})
        .Define("x", transverse_mass,
                {"Muon_pt", "Muon_eta", "Muon_phi", "Muon_mass", "Muon_charge", "Electron_pt",
                 "Electron_eta", "Electron_phi", "Electron_mass", "Electron_charge", "MET_pt",
                 "MET_phi"})
        .Filter([](double x) { return x >= 0; }, {"x"})
        .Histo1D<double>(bins(15, 250), "x");
}

const std::map<std::string, histogram (*)(RNode)> queries = {
    {"q1", q1},   {"q2", q2},   {"q3", q3}, {"q4", q4}, {"q5", q5},
    {"q6a", q6a}, {"q6b", q6b}, {"q7", q7}, {"q8", q8}};

struct timed {
    double wall, cpu;
    TH1D bins;
};

timed run(const std::string &query, const std::string &file) {
    ROOT::RDataFrame events("Events", file);
    histogram result = queries.at(query)(events);
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock(); // of all threads
    const TH1D bins = *result;             // here the loop runs
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    return {wall.count(), double(std::clock() - cpu) / CLOCKS_PER_SEC, bins};
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 4 || queries.count(argv[2]) == 0) {
        std::cerr << "usage: rdf FILE.root QUERY THREADS [WARM_UP.root]\n";
        return 2;
    }
    TH1::AddDirectory(false);
    const int threads = std::atoi(argv[3]);
    if (threads > 1) ROOT::EnableImplicitMT(static_cast<unsigned>(threads));
    if (argc > 4) run(argv[2], argv[4]);
    const timed t = run(argv[2], argv[1]);
    std::cout << "{\"query\": \"" << argv[2] << "\", \"seconds\": " << t.wall
              << ", \"cpu\": " << t.cpu << ", \"bins\": [";
    for (int bin = 0; bin <= bin_count + 1; bin++)
        std::cout << (bin > 0 ? ", " : "") << static_cast<long long>(t.bins.GetBinContent(bin));
    std::cout << "]}\n";
    return 0;
}
