// Byte-pair encoding (Sennrich et al., arXiv 1508.07909): a piece begins as its characters, and the
// adjacent pair whose merge was learnt first is joined, the leftmost among equals, until none is
// left. Characters outside the vocabulary become byte tokens or the unknown token.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/token.h"
#include "engine/tokenizer/flat_map.h"
#include "engine/tokenizer/json_reader.h"
#include "engine/tokenizer/vocabulary.h"

namespace quire::engine::tokenizer {

/// Working memory, reused from piece to piece. Thread: caller synchronises.
struct BpeScratch {
  struct Node {
    std::uint32_t id;
    std::int32_t previous, next;  // -1: none
    bool merged_away = false;
  };
  struct Candidate {
    std::uint32_t rank, position, merged;
  };
  std::vector<std::uint32_t> ids;    // the piece, as symbols
  std::vector<std::uint64_t> pairs;  // short pieces: merge of ids[i] and ids[i + 1]
  std::vector<Node> nodes;           // long pieces: a list
  std::vector<Candidate> queue;      // long pieces: a heap
};

/// Immutable. Thread: any.
class Bpe {
 public:
  /// `config`: the value of "model", of type BPE. Throws LoadError.
  explicit Bpe(const JsonAt& config);

  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }

  /// Appends the ids of one piece: O(n log n). Throws EncodeError when an unknown token is needed
  /// and the vocabulary lacks it. REQUIRES: valid UTF-8, not empty.
  void encode(std::string_view piece, BpeScratch& scratch, std::vector<TokenId>& out) const;

 private:
  void read_merges(const JsonAt& config);
  void add_merge(const JsonAt& config, std::uint32_t rank, std::string_view left,
                 std::string_view right);
  void read_affixes(const JsonAt& config);
  void index_characters();
  void load_symbols(std::string_view piece, std::vector<std::uint32_t>& ids) const;
  std::string spell(std::string_view character, bool first, bool last) const;
  bool push_bytes(std::string_view spelled, std::vector<std::uint32_t>& ids) const;
  std::uint32_t unknown_id() const;
  std::uint64_t merge_of(std::uint32_t left, std::uint32_t right) const noexcept;
  void merge_short(BpeScratch& scratch) const;
  void merge_long(BpeScratch& scratch) const;

  Vocabulary vocabulary_;
  FlatMap merges_;      // (left id << 32 | right id) -> (rank << 32 | merged id)
  FlatMap characters_;  // code point -> id, of vocabulary texts that are one character
  std::array<std::optional<TokenId>, 256> byte_tokens_;  // "<0x00>" to "<0xFF>"
  std::optional<std::string> unknown_;
  std::string prefix_, suffix_;  // continuing_subword_prefix, end_of_word_suffix
  bool fuse_unknown_, byte_fallback_, ignore_merges_;
};

}  // namespace quire::engine::tokenizer
