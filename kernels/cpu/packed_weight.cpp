#include "kernels/cpu/packed_weight.h"

#include <algorithm>
#include <memory>
#include <string>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_buffer.h"
#include "kernels/cpu/packed_panels.h"
#include "kernels/devices.h"
#include "kernels/invariant.h"
#include "kernels/op_checks.h"

namespace quire::kernels::cpu {

namespace {

std::size_t checked_bytes(const WeightSource& source) {
  check_weight(source);
  return panel_bytes(source) * static_cast<std::size_t>(panels_of(source.rows));
}

PackedView layout_of(const WeightSource& source, CodeOrder order, const std::byte* panels) {
  PackedView view{.panels = panels,
                  .panel_bytes = panel_bytes(source),
                  .rows = source.rows,
                  .cols = source.cols,
                  .element = Element::f32};
  if (source.affine) {
    view.element = element_of(source.affine->scale_dtype);
    view.bits = source.affine->bits;
    view.group = source.affine->group;
    view.order = order;
  } else {
    view.element = element_of(source.dense->dtype);
  }
  return view;
}

}  // namespace

PackedWeight::PackedWeight(const WeightSource& source, CodeOrder order, WeightArena& arena)
    : memory_(arena.take(checked_bytes(source))), view_(layout_of(source, order, memory_.begin)) {}

const PackedView& view_of(const Weight& weight) {
  return static_cast<const PackedWeight&>(weight).view();
}

std::unique_ptr<Weight> CpuBackend::prepare_weight(const WeightSource& source) {
  const CodeOrder order = kernels_.linear.code_order;
  auto weight = std::make_unique<PackedWeight>(source, order, weights_);
  workers_.split(panels_of(source.rows), 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto panel = static_cast<std::int32_t>(begin); panel < end; ++panel) {
      pack_panel(source, order, panel, weight->panel(panel));
    }
  });
  return weight;
}

void CpuBackend::embed(const Weight& table, std::span<const std::int32_t> ids, Matrix out) {
  constexpr std::int64_t kRowsPerThread = 8;  // a row costs microseconds, waking a thread as well
  const PackedView& view = view_of(table);
  INVARIANT(out.rows == static_cast<std::int32_t>(ids.size()), "embed has an id for every row");
  INVARIANT(out.cols == view.cols, "embed writes whole rows of its table");
  for (const std::int32_t id : ids) INVARIANT(id >= 0 && id < view.rows, "an id is in the table");
  const Rows rows = rows_of(out);
  workers_.split(out.rows, kRowsPerThread, [&](std::int64_t begin, std::int64_t end) {
    for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r) {
      unpack_row(view, ids[r], rows.first + r * rows.stride);
    }
  });
}

}  // namespace quire::kernels::cpu
