#include "kernels/reference/reference_backend.h"

#include <algorithm>

#include "kernels/devices.h"

namespace quire::kernels {
namespace reference {

std::unique_ptr<Buffer> ReferenceBackend::allocate(std::size_t floats) {
  return std::make_unique<ReferenceBuffer>(floats);
}

void ReferenceBackend::upload(Buffer& to, std::size_t offset, std::span<const float> from) {
  INVARIANT(offset + from.size() <= to.floats(), "an upload lies inside its buffer");
  std::copy(
      from.begin(), from.end(),
      static_cast<ReferenceBuffer&>(to).elements.begin() + static_cast<std::ptrdiff_t>(offset));
}

void ReferenceBackend::download(const Matrix& from, std::span<float> to) {
  const auto cols = static_cast<std::size_t>(from.cols);
  INVARIANT(to.size() == static_cast<std::size_t>(from.rows) * cols, "a download fits its target");
  for (std::int32_t r = 0; r < from.rows; ++r) {
    std::copy_n(row(from, r), cols, to.data() + static_cast<std::size_t>(r) * cols);
  }
}

void ReferenceBackend::begin_step(const BatchView& batch) {
  rows_.clear();
  for (const SequenceRows& sequence : batch.sequences) {
    INVARIANT(sequence.first_row == static_cast<std::int32_t>(rows_.size()),
              "sequences follow each other without gaps");
    for (std::int32_t i = 0; i < sequence.rows; ++i) {
      rows_.push_back({sequence.first_position + i, sequence.blocks});
    }
    INVARIANT(sequence.rows == 0 || static_cast<std::size_t>(rows_.back().position) <
                                        sequence.blocks.size() * std::size_t{kBlockTokens},
              "the block table covers every row");
  }
  INVARIANT(batch.rows == static_cast<std::int32_t>(rows_.size()), "sequences cover the batch");
}

void ReferenceBackend::gather_rows(Matrix x, std::span<const std::int32_t> rows, Matrix out) {
  INVARIANT(out.rows == static_cast<std::int32_t>(rows.size()) && out.cols == x.cols,
            "gather_rows shapes agree");
  for (std::int32_t i = 0; i < out.rows; ++i) {
    std::copy_n(row(x, rows[static_cast<std::size_t>(i)]), x.cols, row(out, i));
  }
}

}  // namespace reference

std::unique_ptr<Backend> make_reference_backend() {
  return std::make_unique<reference::ReferenceBackend>();
}

}  // namespace quire::kernels
