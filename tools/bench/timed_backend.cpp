#include "tools/bench/timed_backend.h"

#include <algorithm>
#include <utility>

namespace quire::tools::bench {
namespace {

using kernels::Matrix;

double floats(const Matrix& matrix) {
  return static_cast<double>(matrix.rows) * matrix.cols;
}

/// Bytes of matrices that are read or written once.
template <typename... Matrices>
OpWork activations(const Matrices&... matrices) {
  return {.activation_bytes = (floats(matrices) + ...) * sizeof(float)};
}

/// Bytes of K and V of one token in one layer.
double token_bytes(const kernels::KvCacheShape& shape) {
  return static_cast<double>(shape.block_bytes()) / (shape.layers * kernels::kBlockTokens);
}

/// Positions that the row at `position` sees, itself included.
std::int32_t visible(std::int32_t position, std::int32_t window) {
  return window > 0 ? std::min(window, position + 1) : position + 1;
}

}  // namespace

std::string_view name_of(StepOp op) noexcept {
  static constexpr std::array<std::string_view, kStepOps> kNames{
      "embed",   "norm",       "qkv",  "rope+store", "attention", "o",
      "gate/up", "activation", "down", "head",       "sampling",  "other"};
  return kNames[static_cast<std::size_t>(op)];
}

void TimedBackend::start() {
  work_ = {};
  recording_ = true;
  gap_ = StepOp::other;
  last_ = Clock::now();
}

StepWork TimedBackend::stop() {
  close_gap(Clock::now());
  recording_ = false;
  return work_;
}

void TimedBackend::close_gap(Clock::time_point now) {
  work_[static_cast<std::size_t>(gap_)].seconds +=
      std::chrono::duration<double>(now - last_).count();
}

template <typename Call>
void TimedBackend::timed(StepOp op, const OpWork& work, Call&& call) {
  if (!recording_) return call();
  const Clock::time_point begin = Clock::now();
  close_gap(begin);
  call();
  last_ = Clock::now();
  gap_ = StepOp::other;
  OpWork& sum = work_[static_cast<std::size_t>(op)];
  ++sum.calls;
  sum.seconds += std::chrono::duration<double>(last_ - begin).count();
  sum.weight_bytes += work.weight_bytes;
  sum.kv_bytes += work.kv_bytes;
  sum.activation_bytes += work.activation_bytes;
  sum.operations += work.operations;
}

std::unique_ptr<kernels::Buffer> TimedBackend::allocate(std::size_t count) {
  return inner_.allocate(count);
}

void TimedBackend::upload(kernels::Buffer& to, std::size_t offset, std::span<const float> from) {
  inner_.upload(to, offset, from);
}

void TimedBackend::download(const Matrix& from, std::span<float> to) {
  timed(StepOp::other, activations(from), [&] { inner_.download(from, to); });
  if (!recording_) return;
  gap_ = StepOp::sampling;
  OpWork& sampling = work_[static_cast<std::size_t>(StepOp::sampling)];
  sampling.calls += from.rows;
  sampling.activation_bytes += floats(from) * sizeof(float);
}

std::unique_ptr<kernels::Weight> TimedBackend::prepare_weight(const kernels::WeightSource& source) {
  return inner_.prepare_weight(source);
}

std::unique_ptr<kernels::KvCache> TimedBackend::make_kv_cache(const kernels::KvCacheShape& shape) {
  auto cache = inner_.make_kv_cache(shape);
  cache_ = cache.get();
  return cache;
}

void TimedBackend::begin_step(const kernels::BatchView& batch) {
  batch_ = batch;
  timed(StepOp::other, {}, [&] { inner_.begin_step(batch); });
}

void TimedBackend::embed(const kernels::Weight& table, std::span<const std::int32_t> ids,
                         Matrix out) {
  OpWork work = activations(out);
  work.weight_bytes =
      static_cast<double>(table.bytes()) * static_cast<double>(ids.size()) / table.rows();
  timed(StepOp::embed, work, [&] { inner_.embed(table, ids, out); });
  next_linear_ = StepOp::qkv;
}

void TimedBackend::rms_norm(const kernels::RmsNormArgs& args) {
  OpWork work = activations(args.residual, args.out);
  if (args.delta != nullptr) {  // read, and the sum written back
    work.activation_bytes += activations(*args.delta, args.residual).activation_bytes;
  }
  timed(StepOp::norm, work, [&] { inner_.rms_norm(args); });
}

OpWork TimedBackend::linear_work(const Matrix& x,
                                 std::span<const kernels::LinearTerm> terms) const {
  OpWork work = activations(x);
  for (const kernels::LinearTerm& term : terms) {
    work.weight_bytes += static_cast<double>(term.weight->bytes());
    work.activation_bytes += activations(term.out).activation_bytes;
    work.operations += 2.0 * x.rows * term.weight->rows() * term.weight->cols();
  }
  return work;
}

void TimedBackend::linear(Matrix x, std::span<const kernels::LinearTerm> terms) {
  const StepOp op = next_linear_;
  timed(op, recording_ ? linear_work(x, terms) : OpWork{}, [&] { inner_.linear(x, terms); });
  next_linear_ = op == StepOp::o ? StepOp::gate_up : StepOp::qkv;
}

void TimedBackend::rope_angles(const kernels::RopeFrequencies& frequencies, Matrix out) {
  timed(StepOp::rope_store, activations(out), [&] { inner_.rope_angles(frequencies, out); });
}

void TimedBackend::rope_store(const kernels::RopeStoreArgs& args) {
  OpWork work = activations(args.q, args.q, args.k, args.v);
  work.kv_bytes = args.q.rows * token_bytes(args.cache->shape());
  timed(StepOp::rope_store, work, [&] { inner_.rope_store(args); });
}

OpWork TimedBackend::attention_work(const kernels::AttentionArgs& args) const {
  OpWork work = activations(args.q, args.out);
  for (const kernels::SequenceRows& sequence : batch_.sequences) {
    const std::int32_t end = sequence.first_position + sequence.rows;
    const std::int32_t seen = visible(sequence.first_position, args.window) + sequence.rows - 1;
    work.kv_bytes += seen * token_bytes(args.cache->shape());
    for (std::int32_t p = sequence.first_position; p < end; ++p) {
      work.operations += 4.0 * args.q.cols * visible(p, args.window);  // q k, and the sum of v
    }
  }
  return work;
}

void TimedBackend::attention(const kernels::AttentionArgs& args) {
  timed(StepOp::attention, recording_ ? attention_work(args) : OpWork{},
        [&] { inner_.attention(args); });
  next_linear_ = StepOp::o;
}

void TimedBackend::gated_activation(const kernels::GatedActivationArgs& args) {
  timed(StepOp::activation, activations(args.gate, args.up, args.out),
        [&] { inner_.gated_activation(args); });
  next_linear_ = StepOp::down;
}

void TimedBackend::gather_rows(Matrix x, std::span<const std::int32_t> rows, Matrix out) {
  timed(StepOp::other, activations(out, out), [&] { inner_.gather_rows(x, rows, out); });
  next_linear_ = StepOp::head;
}

}  // namespace quire::tools::bench
