// A Backend that forwards to another and counts what a test wants to know.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/backend.h"

namespace quire::engine::test {

class CountingBackend : public kernels::Backend {
 public:
  /// `head_outputs`: a linear with that many outputs is the head.
  CountingBackend(std::unique_ptr<kernels::Backend> inner, std::int32_t head_outputs)
      : inner_(std::move(inner)), head_outputs_(head_outputs) {}

  int allocations = 0;
  std::vector<std::int32_t> head_rows;  // rows of each linear of the head

  std::string describe() const override { return inner_->describe(); }
  std::unique_ptr<kernels::Buffer> allocate(std::size_t floats) override {
    ++allocations;
    return inner_->allocate(floats);
  }
  void upload(kernels::Buffer& to, std::size_t offset, std::span<const float> from) override {
    inner_->upload(to, offset, from);
  }
  void download(const kernels::Matrix& from, std::span<float> to) override {
    inner_->download(from, to);
  }
  std::unique_ptr<kernels::Weight> prepare_weight(const kernels::WeightSource& source) override {
    ++allocations;
    return inner_->prepare_weight(source);
  }
  std::unique_ptr<kernels::KvCache> make_kv_cache(const kernels::KvCacheShape& shape) override {
    ++allocations;
    return inner_->make_kv_cache(shape);
  }
  void begin_step(const kernels::BatchView& batch) override { inner_->begin_step(batch); }
  void embed(const kernels::Weight& table, std::span<const std::int32_t> ids,
             kernels::Matrix out) override {
    inner_->embed(table, ids, out);
  }
  void rms_norm(const kernels::RmsNormArgs& args) override { inner_->rms_norm(args); }
  void linear(kernels::Matrix x, std::span<const kernels::LinearTerm> terms) override {
    if (terms.size() == 1 && terms[0].weight->rows() == head_outputs_) head_rows.push_back(x.rows);
    inner_->linear(x, terms);
  }
  void rope_angles(const kernels::RopeFrequencies& frequencies, kernels::Matrix out) override {
    inner_->rope_angles(frequencies, out);
  }
  void rope_store(const kernels::RopeStoreArgs& args) override { inner_->rope_store(args); }
  void attention(const kernels::AttentionArgs& args) override { inner_->attention(args); }
  void gated_activation(const kernels::GatedActivationArgs& args) override {
    inner_->gated_activation(args);
  }
  void gather_rows(kernels::Matrix x, std::span<const std::int32_t> rows,
                   kernels::Matrix out) override {
    inner_->gather_rows(x, rows, out);
  }

 private:
  std::unique_ptr<kernels::Backend> inner_;
  std::int32_t head_outputs_;
};

}  // namespace quire::engine::test
