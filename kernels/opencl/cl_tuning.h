// What may differ from device to device in `linear` without changing a bit: defaults, what a tuner stored,
// and the tiles of cl/linear_tile.cl.
#pragma once

#include <span>

#include "kernels/devices.h"
#include "kernels/opencl/cl_context.h"

namespace quire::kernels::opencl {

/// One work-group of linear_tile.cl: `item_rows` work-items down, each with `rows` rows and `columns`
/// columns of `panels` panels; `depth` values of k are are staged at a time. All 0: no tile, but linear.cl.
struct TileShape {
  std::int32_t columns = 0, rows = 0, item_rows = 0, panels = 0, depth = 0;

  std::int32_t height() const noexcept { return rows * item_rows; }
  std::int32_t items_across() const noexcept;
  std::size_t local_bytes() const noexcept;  // as f32, the larger form
};

/// OpenClTuning::tile counts them from 1; the first is none.
std::span<const TileShape> tile_shapes();
bool fits(const TileShape& shape, const ClDevice& device);

/// For devices of this kind; `dot_path` as in cl_probes.h.
OpenClTuning default_tuning(const ClDevice& device, int dot_path);
/// What is set in `asked`, else what `quire tune` stored for this device and driver, else the default.
/// Throws DeviceError naming a value that is not possible and those that are.
OpenClTuning chosen_tuning(const ClContext& context, int dot_path, const OpenClTuning& asked);
void store_tuning(const ClContext& context, const OpenClTuning& tuning);

}  // namespace quire::kernels::opencl
