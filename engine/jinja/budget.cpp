#include "engine/jinja/budget.h"

namespace quire::engine::jinja {

void fail(std::string message) {
  throw RenderError({.kind = TemplateError::Kind::runtime, .message = std::move(message)});
}

void fail_limit(std::string message) {
  throw RenderError({.kind = TemplateError::Kind::limit, .message = std::move(message)});
}

Lease::Lease(Budget& budget, std::size_t bytes) {
  const std::size_t limit = budget.limits_.output_bytes * Budget::kLiveValues;
  if (bytes > limit - budget.live_bytes_) {
    fail_limit("the template holds more than " + std::to_string(limit) + " bytes of values");
  }
  budget.live_bytes_ += bytes;
  budget_ = &budget;
  bytes_ = bytes;
}

Lease::~Lease() {
  if (budget_ != nullptr) budget_->live_bytes_ -= bytes_;
}

void Budget::check_text(std::size_t bytes) const {
  if (bytes > limits_.output_bytes) {
    fail_limit("the template makes a text of more than " + std::to_string(limits_.output_bytes) +
               " bytes");
  }
}

void Budget::fail_steps() const {
  fail_limit("the template takes more than " + std::to_string(limits_.steps) + " steps");
}

void Budget::fail_depth() {
  --depth_;  // the Level is not constructed, so its destructor will not run
  fail_limit("the template nests more than " + std::to_string(limits_.depth) + " levels deep");
}

}  // namespace quire::engine::jinja
