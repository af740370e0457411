// An immutable-size hash table from 64-bit keys to 64-bit values: open addressing, linear probing,
// at most half full. Lookups of merges are the inner loop of tokenising.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace quire::engine::tokenizer {

/// Keys below 2^64 - 1. Thread: any while nobody inserts.
class FlatMap {
 public:
  /// Room for `count` keys without growing.
  explicit FlatMap(std::size_t count = 0) : slots_(std::bit_ceil(2 * count + 2)) {}

  /// Inserts or replaces.
  void put(std::uint64_t key, std::uint64_t value) {
    if (2 * (used_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[slot_of(key)];
    if (slot.key == kFree) ++used_;
    slot = {key, value};
  }

  /// Null if absent.
  const std::uint64_t* find(std::uint64_t key) const noexcept {
    const Slot& slot = slots_[slot_of(key)];
    return slot.key == key ? &slot.value : nullptr;
  }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};
  struct Slot {
    std::uint64_t key = kFree;
    std::uint64_t value = 0;
  };

  /// Where `key` is, or the free slot where it belongs.
  std::size_t slot_of(std::uint64_t key) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    // Fibonacci hashing: the high bits of a product with 2^64 / golden ratio are well mixed.
    const std::uint64_t mixed = (key ^ (key >> 32U)) * 0x9E3779B97F4A7C15ULL;
    std::size_t at = (mixed >> 20U) & mask;
    while (slots_[at].key != kFree && slots_[at].key != key) at = (at + 1) & mask;
    return at;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.key != kFree) slots_[slot_of(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace quire::engine::tokenizer
