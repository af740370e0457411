// Seeded mutations of tokenizer files: whatever the file says, it is refused or it works.
#include <gtest/gtest.h>

#include <random>

#include "tests/engine/tokenizer_samples.h"

namespace quire::engine {
namespace {

using nlohmann::json;

const char* const kNames[] = {"llama3-like", "sentencepiece-like", "metaspace-like", "gpt2-like",
                              "affixed"};
const std::string kTexts[] = {"", "Hello  world's\n\n 123", "é🙂日\u0301 \xFF",
                              "<s>[L] aaa [N]", std::string(70, 'a')};

/// True if it was refused.
bool try_file(const std::string& text) {
  try {
    const Tokenizer tokenizer = tokenizer_of(text);
    for (const std::string& sample : kTexts) {
      try {
        const std::vector<TokenId> ids = tokenizer.encode(sample);
        const std::string decoded = tokenizer.decode(ids, false);
        EXPECT_TRUE(is_valid_utf8(decoded));
        std::string pushed;
        for (const std::string& piece : split_into_pushes(tokenizer, ids, false)) pushed += piece;
        EXPECT_EQ(pushed, decoded);
        for (const TokenId id : ids) tokenizer.token_bytes(id);
      } catch (const EncodeError&) {
        // A mutated pattern may be too slow, or the unknown token may be gone.
      }
    }
    return false;
  } catch (const LoadError&) {
    return true;
  }
}

std::vector<json> fixtures() {
  std::vector<json> files;
  for (const char* name : kNames) {
    files.push_back(read_json(kTokenizerFixtures / name / "tokenizer.json"));
  }
  return files;
}

/// A node of the tree, chosen by walking down at random.
json& random_node(json& root, std::mt19937& random) {
  json* node = &root;
  while (node->is_structured() && !node->empty() && random() % 8 != 0) {
    auto child = node->begin();
    std::advance(child, static_cast<std::ptrdiff_t>(random() % node->size()));
    node = &*child;
  }
  return *node;
}

json junk(std::mt19937& random) {
  static const json kJunk = json::parse(R"(
      [null, true, false, 0, 1, -1, 1e300, 4194303, 4294967295, 18446744073709551615, 0.5, "", "a",
       " ", "▁", "A", "<0x0A>", "Sequence", "ByteLevel", "Metaspace", "Split", "Replace", "Strip",
       "NFKC", "Fuse", "ByteFallback", "Removed", "(a|b)*?", "\\p{L}+", "[^\\s&&a]", "[[[", "(?i",
       "x{2,}+", "(?<=a", "\u0000", [], {}, ["a"], {"type": "NFD"}, {"type": "Fuse"},
       {"Regex": "\\b"}, {"Regex": ""}, {"String": "\u2581"}, {"type": "Whitespace"}])");
  return kJunk[random() % kJunk.size()];
}

void mutate(json& file, const std::vector<json>& others, std::mt19937& random) {
  json& node = random_node(file, random);
  switch (random() % 4) {
    case 0:
      node = junk(random);
      break;
    case 1: {
      json other = others[random() % others.size()];
      node = json(random_node(other, random));
      break;
    }
    case 2:
      if (node.is_structured() && !node.empty()) {
        auto victim = node.begin();
        std::advance(victim, static_cast<std::ptrdiff_t>(random() % node.size()));
        node.erase(victim);
      } else {
        node = junk(random);
      }
      break;
    default:
      if (node.is_array()) {
        node.push_back(node.empty() ? junk(random) : json(node[random() % node.size()]));
      } else if (node.is_object()) {
        node[junk(random).dump()] = junk(random);
      } else {
        node = junk(random);
      }
  }
}

/// The parts other than the vocabulary are small, so that most mutations hit what matters.
json trimmed(json file, std::mt19937& random) {
  if (random() % 4 != 0) file["model"]["merges"].clear();
  return file;
}

TEST(TokenizerFuzz, MutatedTreesAreRefusedOrWork) {
  const std::vector<json> files = fixtures();
  int refused = 0;
  constexpr unsigned kRounds = 3000;
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    json file = trimmed(files[random() % files.size()], random);
    for (unsigned n = 1 + static_cast<unsigned>(random() % 3); n > 0; --n) {
      mutate(file, files, random);
    }
    if (try_file(file.dump())) ++refused;
  }
  EXPECT_GT(refused, 300) << "the mutations hardly break anything";
  EXPECT_LT(refused, 2700) << "the mutations hardly leave anything to run";
}

TEST(TokenizerFuzz, MutatedBytesAreRefusedOrWork) {
  const std::vector<json> files = fixtures();
  int refused = 0;
  constexpr unsigned kRounds = 2000;
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string text = files[random() % files.size()].dump();
    for (unsigned n = 1 + static_cast<unsigned>(random() % 4); n > 0; --n) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 8);
          break;
        default:
          text.insert(at, 1, "\"{}[],:\\0a\x80"[random() % 11]);
      }
    }
    if (try_file(text)) ++refused;
  }
  EXPECT_GT(refused, 200);
  EXPECT_LT(refused, 2000);
}

TEST(TokenizerFuzz, RandomBytesAreRefused) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    std::string text(random() % 200, ' ');
    for (char& c : text) c = static_cast<char>(random());
    EXPECT_TRUE(try_file(text)) << seed;
  }
}

}  // namespace
}  // namespace quire::engine
