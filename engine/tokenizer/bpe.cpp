#include "engine/tokenizer/bpe.h"

#include <algorithm>
#include <utility>

#include "engine/tokenizer.h"
#include "engine/tokenizer/utf8.h"

namespace quire::engine::tokenizer {
namespace {

constexpr std::uint64_t kNoMerge = ~std::uint64_t{0};

/// Up to this many symbols, nearly every word of a text, a linear search for the best pair needs no
/// heap and no list. Longer pieces would make it quadratic.
constexpr std::size_t kShortPiece = 48;

std::uint64_t pair_key(std::uint32_t left, std::uint32_t right) noexcept {
  return (std::uint64_t{left} << 32U) | right;
}

std::uint32_t rank_of(std::uint64_t merge) noexcept {
  return static_cast<std::uint32_t>(merge >> 32U);
}
std::uint32_t merged_of(std::uint64_t merge) noexcept {
  return static_cast<std::uint32_t>(merge & 0xFFFFFFFFU);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & '\x80') == 0; });
}

/// Heap order: the lowest rank first, then the leftmost.
bool later(const BpeScratch::Candidate& a, const BpeScratch::Candidate& b) noexcept {
  return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
}

}  // namespace

Bpe::Bpe(const JsonAt& config)
    : vocabulary_(config.at("vocab")),
      fuse_unknown_(config.boolean_or("fuse_unk", false)),
      byte_fallback_(config.boolean_or("byte_fallback", false)),
      ignore_merges_(config.boolean_or("ignore_merges", false)) {
  if (!config.lacks("dropout")) {
    const JsonAt dropout = config.at("dropout");
    if (!dropout.value().is_number() || dropout.value().get<double>() != 0.0) {
      dropout.refuse("dropout of merges");
    }
  }
  if (!config.lacks("unk_token")) unknown_ = config.string("unk_token");
  read_affixes(config);
  index_characters();
  read_merges(config.at("merges"));
}

void Bpe::read_affixes(const JsonAt& config) {
  if (!config.lacks("continuing_subword_prefix")) {
    prefix_ = config.string("continuing_subword_prefix");
    if (!is_ascii(prefix_)) config.refuse("a continuing_subword_prefix beyond ASCII");
  }
  if (!config.lacks("end_of_word_suffix")) suffix_ = config.string("end_of_word_suffix");
}

void Bpe::index_characters() {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (std::size_t byte = 0; byte < byte_tokens_.size(); ++byte) {
    const std::string name{'<', '0', 'x', kHex[byte >> 4U], kHex[byte & 15U], '>'};
    byte_tokens_[byte] = vocabulary_.find(name);
  }
  for (std::size_t id = 0; id < vocabulary_.end_id(); ++id) {
    const std::string_view text = vocabulary_.text(static_cast<TokenId>(id));
    if (text.empty()) continue;
    const CodePoint point = code_point_at(text, 0);
    if (point.bytes == text.size()) characters_.put(point.value, id);
  }
}

/// Merges are pairs of texts or, in older files, two texts in a string with a space between.
void Bpe::read_merges(const JsonAt& config) {
  merges_ = FlatMap(config.size());
  for (std::size_t i = 0; i < config.size(); ++i) {
    const nlohmann::json& merge = config.value()[i];
    const auto rank = static_cast<std::uint32_t>(i);
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      add_merge(config, rank, merge[0].get_ref<const std::string&>(),
                merge[1].get_ref<const std::string&>());
      continue;
    }
    if (!merge.is_string()) config.element(i).fail("must be two texts");
    const std::string_view line = merge.get_ref<const std::string&>();
    if (line.starts_with("#version")) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      config.element(i).fail(in_quotes(line) + " is not two texts and a space");
    }
    add_merge(config, rank, line.substr(0, space), line.substr(space + 1));
  }
}

void Bpe::add_merge(const JsonAt& config, std::uint32_t rank, std::string_view left,
                    std::string_view right) {
  const auto known = [&](std::string_view text) {
    const std::optional<TokenId> id = vocabulary_.find(text);
    if (!id) config.element(rank).fail(in_quotes(text) + " is not in the vocabulary");
    return static_cast<std::uint32_t>(*id);
  };
  const std::uint32_t left_id = known(left);
  const std::uint32_t right_id = known(right);
  if (right.size() < prefix_.size()) {
    config.element(rank).fail("lacks the continuing_subword_prefix");
  }
  std::string joined(left);
  joined += right.substr(prefix_.size());
  merges_.put(pair_key(left_id, right_id), (std::uint64_t{rank} << 32U) | known(joined));
}

/// A character as the vocabulary writes it at its place in the piece.
std::string Bpe::spell(std::string_view character, bool first, bool last) const {
  std::string spelled = first ? std::string() : prefix_;
  spelled += character;
  if (last) spelled += suffix_;
  return spelled;
}

/// False if one of the bytes has no token; then nothing is pushed.
bool Bpe::push_bytes(std::string_view spelled, std::vector<std::uint32_t>& ids) const {
  const auto token_of = [&](char c) { return byte_tokens_[static_cast<unsigned char>(c)]; };
  if (!std::all_of(spelled.begin(), spelled.end(), token_of)) return false;
  for (const char c : spelled) ids.push_back(static_cast<std::uint32_t>(*token_of(c)));
  return true;
}

std::uint32_t Bpe::unknown_id() const {
  const std::optional<TokenId> id = vocabulary_.find(*unknown_);
  if (!id)
    throw EncodeError("the unknown token " + in_quotes(*unknown_) + " is not in the vocabulary");
  return static_cast<std::uint32_t>(*id);
}

/// The piece as symbols. As in the Rust library, an unknown token is written only when a known
/// character or the end follows: byte tokens in between overtake it.
void Bpe::load_symbols(std::string_view piece, std::vector<std::uint32_t>& ids) const {
  ids.clear();
  bool unknown_waits = false;
  const bool affixed = !prefix_.empty() || !suffix_.empty();
  for (std::size_t at = 0; at < piece.size();) {
    const CodePoint point = code_point_at(piece, at);
    const std::size_t next = at + point.bytes;
    std::string_view character = piece.substr(at, point.bytes);
    std::string spelled;
    std::optional<std::uint32_t> id;
    if (affixed) {
      spelled = spell(character, at == 0, next == piece.size());
      character = spelled;
      if (const auto found = vocabulary_.find(spelled)) id = static_cast<std::uint32_t>(*found);
    } else if (const std::uint64_t* found = characters_.find(point.value)) {
      id = static_cast<std::uint32_t>(*found);
    }
    at = next;
    if (id) {
      if (std::exchange(unknown_waits, false)) ids.push_back(unknown_id());
      ids.push_back(*id);
    } else if (!(byte_fallback_ && push_bytes(character, ids)) && unknown_) {
      if (unknown_waits && !fuse_unknown_) ids.push_back(unknown_id());
      unknown_waits = true;
    }
  }
  if (unknown_waits) ids.push_back(unknown_id());
}

void Bpe::encode(std::string_view piece, BpeScratch& scratch, std::vector<TokenId>& out) const {
  if (ignore_merges_) {
    if (const std::optional<TokenId> whole = vocabulary_.find(piece)) {
      out.push_back(*whole);
      return;
    }
  }
  load_symbols(piece, scratch.ids);
  if (scratch.ids.size() <= kShortPiece) {
    merge_short(scratch);
  } else {
    merge_long(scratch);
  }
  for (const std::uint32_t id : scratch.ids) out.push_back(static_cast<TokenId>(id));
}

/// kNoMerge, or the rank above the merged id: the smaller, the sooner.
std::uint64_t Bpe::merge_of(std::uint32_t left, std::uint32_t right) const noexcept {
  const std::uint64_t* found = merges_.find(pair_key(left, right));
  return found == nullptr ? kNoMerge : *found;
}

void Bpe::merge_short(BpeScratch& scratch) const {
  std::vector<std::uint32_t>& ids = scratch.ids;
  std::vector<std::uint64_t>& pairs = scratch.pairs;
  pairs.clear();
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) pairs.push_back(merge_of(ids[i], ids[i + 1]));
  while (!pairs.empty()) {
    const auto best = std::min_element(pairs.begin(), pairs.end());
    if (*best == kNoMerge) break;
    const auto at = static_cast<std::size_t>(best - pairs.begin());
    ids[at] = merged_of(*best);
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    pairs.erase(best);
    if (at > 0) pairs[at - 1] = merge_of(ids[at - 1], ids[at]);
    if (at < pairs.size()) pairs[at] = merge_of(ids[at], ids[at + 1]);
  }
}

void Bpe::merge_long(BpeScratch& scratch) const {
  std::vector<BpeScratch::Node>& nodes = scratch.nodes;
  std::vector<BpeScratch::Candidate>& queue = scratch.queue;
  nodes.clear();
  queue.clear();
  const auto count = static_cast<std::int32_t>(scratch.ids.size());
  for (std::int32_t i = 0; i < count; ++i) {
    nodes.push_back({scratch.ids[static_cast<std::size_t>(i)], i - 1, i + 1 < count ? i + 1 : -1});
  }
  const auto node = [&](std::int32_t at) -> BpeScratch::Node& {
    return nodes[static_cast<std::size_t>(at)];
  };
  const auto propose = [&](std::int32_t left) {
    if (left < 0 || node(left).next < 0) return;
    const std::uint64_t merge = merge_of(node(left).id, node(node(left).next).id);
    if (merge == kNoMerge) return;
    queue.push_back({rank_of(merge), static_cast<std::uint32_t>(left), merged_of(merge)});
    std::push_heap(queue.begin(), queue.end(), later);
  };
  for (std::int32_t i = 0; i < count; ++i) propose(i);
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), later);
    const BpeScratch::Candidate best = queue.back();
    queue.pop_back();
    const auto left = static_cast<std::int32_t>(best.position);
    const std::int32_t right = node(left).next;
    if (node(left).merged_away || right < 0) continue;
    // Either side may have changed since this pair was proposed.
    const std::uint64_t merge = merge_of(node(left).id, node(right).id);
    if (merge == kNoMerge || merged_of(merge) != best.merged) continue;
    node(left).id = best.merged;
    node(left).next = node(right).next;
    node(right).merged_away = true;
    if (node(left).next >= 0) node(node(left).next).previous = left;
    propose(node(left).previous);
    propose(left);
  }
  scratch.ids.clear();
  for (std::int32_t at = 0; at >= 0; at = node(at).next) scratch.ids.push_back(node(at).id);
}

}  // namespace quire::engine::tokenizer
