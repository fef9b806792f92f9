// Writes a TTree from plain column files, by ROOT itself so that baskets, clusters and
// compression are what users' files have.
//
//     write_root FOLDER FILE.root EVENTS EVENTS_A_CLUSTER
//
// FOLDER/columns.txt has a line `name type counter` a column (counter `-`: one value an event);
// the values of a column lie in FOLDER/name, one after the other, in this machine's byte order.

#include <TFile.h>
#include <TTree.h>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr int zlib_level_1 = 101, most_elements = 4096;

struct kind {
    char leaf;
    size_t size;
};

const std::map<std::string, kind> kinds = {{"int32", {'I', 4}},
                                           {"uint32", {'i', 4}},
                                           {"uint64", {'l', 8}},
                                           {"float32", {'F', 4}},
                                           {"bool", {'O', 1}}};

// A column's file in memory; `slot` is what the branch looks at.
struct column {
    std::string name, counter;
    kind type;
    std::vector<char> values, slot;
    size_t at = 0;

    void next(size_t count) {
        const size_t size = count * type.size;
        if (size > slot.size() || at + size > values.size()) {
            std::cerr << name << ": too many elements in an event, or too few in the file\n";
            std::exit(1);
        }
        std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(at), size, slot.begin());
        at += size;
    }
};

std::vector<std::unique_ptr<column>> read_columns(const std::string &folder) {
    std::vector<std::unique_ptr<column>> columns;
    std::ifstream list(folder + "/columns.txt");
    std::string name, type, counter;
    while (list >> name >> type >> counter) {
        auto c = std::make_unique<column>();
        std::ifstream in(folder + "/" + name, std::ios::binary);
        c->name = name;
        c->counter = counter == "-" ? "" : counter;
        c->type = kinds.at(type);
        c->values.assign(std::istreambuf_iterator<char>(in), {});
        c->slot.resize(c->type.size * (c->counter.empty() ? 1 : most_elements));
        columns.push_back(std::move(c));
    }
    return columns;
}

uint32_t count_of(const std::map<std::string, column *> &by_name, const column &c) {
    if (c.counter.empty()) return 1;
    uint32_t count;
    std::copy_n(by_name.at(c.counter)->slot.begin(), sizeof count,
                reinterpret_cast<char *>(&count));
    return count;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 5) {
        std::cerr << "usage: write_root FOLDER FILE.root EVENTS EVENTS_A_CLUSTER\n";
        return 2;
    }
    const auto columns = read_columns(argv[1]);
    std::map<std::string, column *> by_name;
    TFile file(argv[2], "RECREATE", "", zlib_level_1);
    auto *tree = new TTree("Events", "Events"); // the file owns it
    tree->SetAutoFlush(std::atoll(argv[4]));
    for (const auto &c : columns) {
        by_name[c->name] = c.get();
        const std::string length = c->counter.empty() ? "" : "[" + c->counter + "]";
        tree->Branch(c->name.c_str(), c->slot.data(),
                     (c->name + length + "/" + c->type.leaf).c_str());
    }
    const long long events = std::atoll(argv[3]);
    for (long long event = 0; event < events; event++) {
        for (const auto &c : columns) // a counter stands before its lists
            c->next(count_of(by_name, *c));
        tree->Fill();
    }
    file.Write();
    return 0;
}
