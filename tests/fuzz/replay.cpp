// Runs a fuzz target without a fuzzer, so that any compiler can build it: first the files of its corpus, then inputs
// that are made of them by chance. The same ones in each run.
//
//   fuzz_NAME CORPUS [COUNT]     exit status 0, or a signal if an input shows a fault
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

std::vector<Bytes> read_corpus(const char* directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) names.push_back(entry.path());
  std::sort(names.begin(), names.end());
  std::vector<Bytes> inputs;
  for (const std::string& name : names) {
    std::ifstream file(name, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Bytes>& corpus) : corpus_(corpus) {}

  Bytes make() {
    Bytes bytes = any();
    for (size_t changes = 1 + below(8); changes > 0; --changes) change(bytes);
    return bytes;
  }

 private:
  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }
  const Bytes& any() { return corpus_[below(corpus_.size())]; }

  void change(Bytes& bytes) {
    const size_t at = below(bytes.size() + 1);
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(4)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<uint8_t>(below(256));
        break;
      case 1: bytes.insert(place, static_cast<uint8_t>(below(256))); break;
      case 2:
        bytes.erase(place, place + static_cast<std::ptrdiff_t>(below(std::min<size_t>(bytes.size() - at, 8) + 1)));
        break;
      default: {
        const Bytes& other = any();
        const size_t from = below(other.size() + 1);
        bytes.resize(at);
        bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
      }
    }
  }

  const std::vector<Bytes>& corpus_;
  std::mt19937_64 random_{1};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: %s CORPUS [COUNT]\n", argv[0]);
    return 2;
  }
  const std::vector<Bytes> corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: %s is empty\n", argv[0], argv[1]);
    return 2;
  }
  for (const Bytes& input : corpus) LLVMFuzzerTestOneInput(input.data(), input.size());
  const unsigned long count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
  Mutator mutator(corpus);
  for (unsigned long i = 0; i < count; ++i) {
    const Bytes input = mutator.make();
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu files, %lu inputs made of them\n", corpus.size(), count);
  return 0;
}
