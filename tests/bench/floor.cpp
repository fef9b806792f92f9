// The floor below any reader of a ROOT file: reads and inflates the baskets of some branches
// with libdeflate on one thread, and does nothing with them.
//
//     floor FILE.root TREE BRANCH...
//
// prints {"seconds", "bytes"}: the time without finding out where the baskets lie (ROOT does
// that), and the bytes unpacked. Only zlib blocks are read.

#include <TBranch.h>
#include <TFile.h>
#include <TTree.h>
#include <chrono>
#include <fcntl.h>
#include <iostream>
#include <libdeflate.h>
#include <stdexcept>
#include <unistd.h>
#include <vector>

namespace {

constexpr size_t block_head = 9;
constexpr size_t key_length_at = 14, object_length_at = 6; // in a key, big-endian

struct basket {
    off_t at;
    size_t size;
};

std::vector<basket> baskets_of(TTree &tree, char **names, int count) {
    std::vector<basket> out;
    for (int i = 0; i < count; i++) {
        TBranch *branch = tree.GetBranch(names[i]);
        if (branch == nullptr) throw std::runtime_error(std::string("no branch ") + names[i]);
        for (int k = 0; k < branch->GetWriteBasket(); k++)
            out.push_back(
                {branch->GetBasketSeek(k), static_cast<size_t>(branch->GetBasketBytes()[k])});
    }
    return out;
}

size_t little(const unsigned char *p) {
    return size_t(p[0]) | size_t(p[1]) << 8 | size_t(p[2]) << 16;
}

size_t big(const unsigned char *p, size_t size) {
    size_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | p[i];
    return value;
}

class unpacker {
  public:
    ~unpacker() {
        libdeflate_free_decompressor(inflate_);
    }

    // Bytes that the basket holds when unpacked.
    size_t unpack(int fd, const basket &b) {
        in_.resize(b.size);
        if (pread(fd, in_.data(), b.size, b.at) != static_cast<ssize_t>(b.size))
            throw std::runtime_error("short file");
        const size_t key = big(&in_[key_length_at], 2), size = big(&in_[object_length_at], 4);
        out_.resize(size);
        if (b.size - key == size) return size; // stored as it is
        size_t done = 0;
        for (size_t at = key; done < size && at + block_head < b.size;) {
            const size_t packed = little(&in_[at + 3]), plain = little(&in_[at + 6]);
            if (in_[at] != 'Z' || in_[at + 1] != 'L' || done + plain > size ||
                at + block_head + packed > b.size)
                throw std::runtime_error("not a zlib block");
            if (libdeflate_zlib_decompress(inflate_, &in_[at + block_head], packed, &out_[done],
                                           plain, nullptr) != 0)
                throw std::runtime_error("bad zlib block");
            at += block_head + packed;
            done += plain;
        }
        return done;
    }

  private:
    libdeflate_decompressor *inflate_ = libdeflate_alloc_decompressor();
    std::vector<unsigned char> in_, out_;
};

} // namespace

int main(int argc, char **argv) {
    if (argc < 4) {
        std::cerr << "usage: floor FILE.root TREE BRANCH...\n";
        return 2;
    }
    TFile file(argv[1]);
    auto *tree = file.Get<TTree>(argv[2]);
    if (tree == nullptr) return 1;
    const auto baskets = baskets_of(*tree, argv + 3, argc - 3);
    const int fd = open(argv[1], O_RDONLY);
    unpacker u;
    size_t bytes = 0;
    const auto start = std::chrono::steady_clock::now();
    for (const basket &b : baskets)
        bytes += u.unpack(fd, b);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    close(fd);
    std::cout << "{\"seconds\": " << wall.count() << ", \"bytes\": " << bytes << "}\n";
    return 0;
}
