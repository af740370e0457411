// The specification: every op of Backend as the plainest loop that says what it means, scalar, in
// double, on one thread. No speed, no layout, no cleverness; tests measure the others against it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/invariant.h"

namespace quire::kernels::reference {

class ReferenceBuffer final : public Buffer {
 public:
  explicit ReferenceBuffer(std::size_t floats) : elements(floats) {}
  std::size_t floats() const noexcept override { return elements.size(); }

  std::vector<float> elements;
};

class ReferenceWeight final : public Weight {
 public:
  ReferenceWeight(std::int32_t rows, std::int32_t cols) : rows_(rows), cols_(cols) {}
  std::int32_t rows() const noexcept override { return rows_; }
  std::int32_t cols() const noexcept override { return cols_; }
  std::size_t bytes() const noexcept override { return elements.size() * sizeof(double); }

  std::vector<double> elements;  // [rows, cols], dequantised exactly

 private:
  std::int32_t rows_, cols_;
};

class ReferenceKvCache final : public KvCache {
 public:
  explicit ReferenceKvCache(const KvCacheShape& shape);
  const KvCacheShape& shape() const noexcept override { return shape_; }

  /// head_dim elements of one token, exactly as the cache's dtype holds them (int8: code * scale).
  double* key(std::int32_t layer, BlockId block, std::int32_t kv_head, std::int32_t slot);
  double* value(std::int32_t layer, BlockId block, std::int32_t kv_head, std::int32_t slot);

 private:
  std::size_t index(std::int32_t layer, BlockId block, std::int32_t kv_head,
                    std::int32_t slot) const;

  KvCacheShape shape_;
  std::vector<double> keys_, values_;  // [layers, blocks, kv_heads, kBlockTokens, head_dim]
};

/// Thread: as Backend.
class ReferenceBackend final : public Backend {
 public:
  std::string describe() const override { return "reference, scalar double"; }
  std::unique_ptr<Buffer> allocate(std::size_t floats) override;
  void upload(Buffer& to, std::size_t offset, std::span<const float> from) override;
  void download(const Matrix& from, std::span<float> to) override;
  std::unique_ptr<Weight> prepare_weight(const WeightSource& source) override;
  std::unique_ptr<KvCache> make_kv_cache(const KvCacheShape& shape) override;
  void begin_step(const BatchView& batch) override;
  void embed(const Weight& table, std::span<const std::int32_t> ids, Matrix out) override;
  void rms_norm(const RmsNormArgs& args) override;
  void linear(Matrix x, std::span<const LinearTerm> terms) override;
  void rope_angles(const RopeFrequencies& frequencies, Matrix out) override;
  void rope_store(const RopeStoreArgs& args) override;
  void attention(const AttentionArgs& args) override;
  void gated_activation(const GatedActivationArgs& args) override;
  void gather_rows(Matrix x, std::span<const std::int32_t> rows, Matrix out) override;

 private:
  /// Where one row of the bound batch stands.
  struct RowPlace {
    std::int32_t position;
    std::span<const BlockId> blocks;  // of its sequence
  };
  std::vector<RowPlace> rows_;
};

/// Row r of a view: cols() elements.
inline float* row(const Matrix& matrix, std::int32_t r) {
  INVARIANT(r >= 0 && r < matrix.rows, "a row lies inside its matrix");
  const std::size_t first =
      matrix.offset + static_cast<std::size_t>(r) * static_cast<std::size_t>(matrix.stride);
  auto& elements = static_cast<ReferenceBuffer*>(matrix.buffer)->elements;
  INVARIANT(first + static_cast<std::size_t>(matrix.cols) <= elements.size(),
            "a matrix lies inside its buffer");
  return elements.data() + first;
}

/// Null for null.
inline const float* vector_of(const Buffer* buffer) {
  return buffer == nullptr ? nullptr : static_cast<const ReferenceBuffer*>(buffer)->elements.data();
}

/// x / rms(x) * gain over `width` elements, in place.
void normalise(float* x, std::int32_t width, const float* gain, float epsilon);

}  // namespace quire::kernels::reference
