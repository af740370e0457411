// Backend: the seam between the model's mathematics and a device. Buffers, weight preparation and
// about a dozen fused ops over whole mixed batches (prefill chunks and decode rows together).
//
// The law of this layer is row independence: output row i depends on row i's inputs alone, computed
// in an order fixed by the weight's shape and by absolute positions, never by batch size, chunking or
// thread count. Every op of every backend has a bitwise test of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/kv_cache.h"
#include "kernels/rope.h"
#include "kernels/weight.h"

namespace quire::kernels {

/// f32 memory of a backend. Freed with the object. Thread: engine only.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  virtual ~Buffer() = default;

  virtual std::size_t floats() const noexcept = 0;
};

/// Row-major f32 view [rows, cols] into a Buffer; row r starts at offset + r * stride floats.
struct Matrix {
  Buffer* buffer = nullptr;
  std::size_t offset = 0;
  std::int32_t rows = 0;
  std::int32_t cols = 0;
  std::int32_t stride = 0;

  /// Columns [first, first + count) of the same rows.
  Matrix columns(std::int32_t first, std::int32_t count) const noexcept {
    return {buffer, offset + static_cast<std::size_t>(first), rows, count, stride};
  }
  /// The first `count` rows.
  Matrix top(std::int32_t count) const noexcept { return {buffer, offset, count, cols, stride}; }

  bool operator==(const Matrix&) const = default;
};

/// The rows that one sequence has in this step: consecutive, at positions first_position + i.
/// `blocks` covers positions [0, first_position + rows), kBlockTokens each.
struct SequenceRows {
  std::int32_t first_row = 0;
  std::int32_t rows = 0;
  std::int32_t first_position = 0;
  std::span<const BlockId> blocks;
};

/// One step's rows, in sequence order and without gaps; lives until the step has ended.
struct BatchView {
  std::int32_t rows = 0;
  std::span<const SequenceRows> sequences;
};

/// One of several matrices applied to the same input: out = x weight^T (+ bias).
struct LinearTerm {
  const Weight* weight = nullptr;
  const Buffer* bias = nullptr;  // [N], or null
  Matrix out;                    // [rows, N]; must not overlap x
};

struct RmsNormArgs {
  Matrix residual;                // [rows, width]; updated when delta is set
  const Matrix* delta = nullptr;  // added to residual first, or null
  const Buffer* gain = nullptr;   // [width]
  float epsilon = 1e-5F;
  Matrix out;  // [rows, width] = residual / rms(residual) * gain; may alias nothing
  /// What `linear` multiplies `out` by next, or null: a backend may quantise it here. Changes no bit.
  const Weight* next = nullptr;
};

/// Per-head RMSNorm of q and k (Qwen3) when gains are set, rotation, then K and V to the cache.
struct RopeStoreArgs {
  Matrix q;       // [rows, heads * head_dim]; rotated in place
  Matrix k;       // [rows, kv_heads * head_dim]; scratch afterwards
  Matrix v;       // [rows, kv_heads * head_dim]
  Matrix angles;  // [rows, rotary_dim]: cos of rotary_dim/2 pairs, then their sin (rope_angles)
  const Buffer* q_gain = nullptr;  // [head_dim], or null
  const Buffer* k_gain = nullptr;  // [head_dim], or null
  float norm_epsilon = 1e-6F;
  std::int32_t head_dim = 0;
  KvCache* cache = nullptr;
  std::int32_t layer = 0;
};

/// Causal attention of each query row over positions [max(0, p - window + 1), p] of its sequence,
/// read from the cache only (RopeStore of the same layer comes first). GQA: query head h reads
/// kv head h / (heads / kv_heads).
struct AttentionArgs {
  Matrix q;                // [rows, heads * head_dim]
  const KvCache* cache = nullptr;
  std::int32_t layer = 0;
  float scale = 1.0F;      // multiplies q . k
  std::int32_t window = 0;  // 0 = no window
  Matrix out;              // [rows, heads * head_dim]
};

enum class Activation : std::uint8_t { silu, gelu, gelu_tanh };

struct GatedActivationArgs {
  Activation kind = Activation::silu;
  Matrix gate;  // [rows, width]
  Matrix up;    // [rows, width]
  Matrix out;   // [rows, width] = act(gate) * up; may be gate or up
  const Weight* next = nullptr;  // as RmsNormArgs::next
};

/// What a device has room for. `largest` bounds one weight, and one layer of a KV cache.
struct DeviceMemory {
  std::size_t available = 0;
  std::size_t largest = 0;
  bool shares_host = false;  // it is the host's memory, counted there as well
};

/// Launches of one kernel on a device, and the time that they took there.
struct KernelTime {
  std::string kernel;
  std::int64_t launches = 0;
  double seconds = 0;
};

/// Thread: engine only, except prepare_weight and allocate, which any one thread may call while no
/// step runs. Shapes that do not fit are bugs (INVARIANT). A device failure throws DeviceError, one
/// after which the device cannot go on DeviceLost.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  /// One line for people: "cpu avx512-vnni, 2 threads".
  virtual std::string describe() const = 0;
  /// Nothing for a backend that computes in the host's memory.
  virtual std::optional<DeviceMemory> memory() const { return std::nullopt; }
  /// From here on kernels are timed by the device itself, or no longer. False from a backend whose ops
  /// return when they are done: it has nothing to add to the caller's clock.
  virtual bool time_kernels(bool) { return false; }
  /// Since the last call. REQUIRES: time_kernels(true) returned true.
  virtual std::vector<KernelTime> take_kernel_times() { return {}; }

  virtual std::unique_ptr<Buffer> allocate(std::size_t floats) = 0;
  virtual void upload(Buffer& to, std::size_t offset, std::span<const float> from) = 0;
  /// `to` receives the rows of `from` without gaps: to.size() == rows * cols.
  virtual void download(const Matrix& from, std::span<float> to) = 0;

  /// Repacks once for this device. The source may be unmapped afterwards.
  virtual std::unique_ptr<Weight> prepare_weight(const WeightSource& source) = 0;
  virtual std::unique_ptr<KvCache> make_kv_cache(const KvCacheShape& shape) = 0;

  /// Binds the batch for the ops that follow (positions, block tables, the static work split).
  /// Reserve for the largest batch happens on the first call; later calls do not allocate.
  virtual void begin_step(const BatchView& batch) = 0;

  /// out[r] = row ids[r] of table, dequantised to f32. REQUIRES: 0 <= ids[r] < table.rows().
  virtual void embed(const Weight& table, std::span<const std::int32_t> ids, Matrix out) = 0;
  virtual void rms_norm(const RmsNormArgs& args) = 0;
  /// Quantises or rounds x once where the weights want it, then applies every term.
  virtual void linear(Matrix x, std::span<const LinearTerm> terms) = 0;
  /// out [batch rows, rotary_dim] for the bound batch's positions; once per step, for all layers.
  virtual void rope_angles(const RopeFrequencies& frequencies, Matrix out) = 0;
  virtual void rope_store(const RopeStoreArgs& args) = 0;
  virtual void attention(const AttentionArgs& args) = 0;
  virtual void gated_activation(const GatedActivationArgs& args) = 0;
  /// out[i] = x[rows[i]]: the rows that need logits.
  virtual void gather_rows(Matrix x, std::span<const std::int32_t> rows, Matrix out) = 0;
};

}  // namespace quire::kernels
