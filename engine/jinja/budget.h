// What one render may use. Every evaluated node, every 128 bytes of text touched and every element
// made or looked at costs one step, so steps bound time; live values lease their bytes, so leases
// bound memory. Exceeding anything throws RenderError of kind `limit`, which render() returns.
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <utility>

#include "engine/chat_template.h"

namespace quire::engine::jinja {

/// Unwinds the evaluator; never leaves ChatTemplate::render.
class RenderError : public std::exception {
 public:
  explicit RenderError(TemplateError why) : error(std::move(why)) {}
  const char* what() const noexcept override { return error.message.c_str(); }

  TemplateError error;
};

[[noreturn]] void fail(std::string message);        // Kind::runtime
[[noreturn]] void fail_limit(std::string message);  // Kind::limit

class Budget;

/// Bytes of a live value; given back when the value dies. A default-made lease holds nothing.
class Lease {
 public:
  Lease() = default;
  Lease(Budget& budget, std::size_t bytes);
  Lease(Lease&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Lease& operator=(Lease&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Lease();

 private:
  Budget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Outlives every value of its render. Thread: caller synchronises.
class Budget {
 public:
  explicit Budget(const TemplateLimits& limits) : limits_(limits) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  void spend(std::size_t steps = 1) {
    if (steps > limits_.steps - steps_) fail_steps();
    steps_ += steps;
  }
  void spend_bytes(std::size_t bytes) { spend(1 + bytes / kBytesPerStep); }
  /// Refuses text that is longer than a single value may be.
  void check_text(std::size_t bytes) const;
  const TemplateLimits& limits() const noexcept { return limits_; }

  /// Counts one level of nesting while it lives.
  class Level {
   public:
    explicit Level(Budget& budget) : budget_(budget) {
      if (++budget_.depth_ > budget_.limits_.depth) budget_.fail_depth();
    }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { --budget_.depth_; }

   private:
    Budget& budget_;
  };

 private:
  friend class Lease;

  static constexpr std::size_t kBytesPerStep = 128;
  // All live values together may hold this many times the largest single one.
  static constexpr std::size_t kLiveValues = 4;

  [[noreturn]] void fail_steps() const;
  [[noreturn]] void fail_depth();

  const TemplateLimits limits_;
  std::size_t steps_ = 0;
  std::size_t depth_ = 0;
  std::size_t live_bytes_ = 0;
};

}  // namespace quire::engine::jinja
