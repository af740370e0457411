#include "kernels/opencl/cl_tuning.h"

#include <algorithm>
#include <sstream>

#include "kernels/opencl/packed_words.h"

namespace quire::kernels {
namespace opencl {
namespace {

constexpr std::int32_t kLanes[] = {1, 2, 4, 8};
constexpr std::int32_t kManyRows[] = {8, 16};
constexpr std::int32_t kColumns[] = {1, 2, 4, 8, 16};

// The first is none: on a CPU a vector of columns times 8 rows fills the registers, weights come from its
// caches, and linear.cl is as fast as a tile could be. GPUs: small pieces of K, 128 or 256 work-items.
constexpr TileShape kTiles[] = {
    {},
    {.columns = 4, .rows = 8, .item_rows = 8, .panels = 2, .depth = 32},
    {.columns = 4, .rows = 4, .item_rows = 16, .panels = 2, .depth = 32},
    {.columns = 4, .rows = 8, .item_rows = 8, .panels = 4, .depth = 32},
};
constexpr std::int32_t kNoTile = 1, kGpuTile = 2;

template <std::size_t N>
bool holds(const std::int32_t (&values)[N], std::int32_t value) {
  return std::find(std::begin(values), std::end(values), value) != std::end(values);
}

std::string tuning_key(const ClDevice& device) {
  return "tuning of linear: lanes, many_rows, columns, products, tile\n" + device.platform_name +
         "\n" + device.name + "\n" + device.driver;
}

/// What is not possible, or "".
std::string refusal(const OpenClTuning& tuning, const ClDevice& device) {
  const auto refuse = [](const char* what, std::int32_t value, const char* possible) {
    return std::to_string(value) + " " + what + " are not possible (" + possible + " are)";
  };
  if (!holds(kLanes, tuning.lanes)) return refuse("lanes", tuning.lanes, "1, 2, 4, 8");
  if (!holds(kManyRows, tuning.many_rows)) return refuse("rows", tuning.many_rows, "8, 16");
  if (!holds(kColumns, tuning.columns)) {
    return refuse("columns", tuning.columns, "1, 2, 4, 8, 16");
  }
  const auto tiles = static_cast<std::int32_t>(std::size(kTiles));
  if (tuning.tile < 1 || tuning.tile > tiles) {
    return "tile " + std::to_string(tuning.tile) + " does not exist (1 to " +
           std::to_string(tiles) + " do)";
  }
  const TileShape& tile = kTiles[tuning.tile - 1];
  if (!fits(tile, device)) {
    return "tile " + std::to_string(tuning.tile) + " takes " + std::to_string(tile.local_bytes()) +
           " bytes of local memory, the device has " + std::to_string(device.local_memory);
  }
  return {};
}

/// `first` where it is set.
OpenClTuning merged(OpenClTuning first, const OpenClTuning& second) {
  if (first.lanes == 0) first.lanes = second.lanes;
  if (first.many_rows == 0) first.many_rows = second.many_rows;
  if (first.columns == 0) first.columns = second.columns;
  if (first.products == CodeProducts::unset) first.products = second.products;
  if (first.tile == 0) first.tile = second.tile;
  return first;
}

/// Nothing set where nothing, or something else, is stored.
OpenClTuning stored_tuning(const ClContext& context) {
  const auto text = context.cache().find(tuning_key(context.device()));
  if (!text) return {};
  std::istringstream in(*text);
  OpenClTuning read;
  std::int32_t products = 0;
  if (!(in >> read.lanes >> read.many_rows >> read.columns >> products >> read.tile)) return {};
  if (products != 1 && products != 2) return {};
  read.products = static_cast<CodeProducts>(products);
  return refusal(read, context.device()).empty() ? read : OpenClTuning{};
}

}  // namespace

std::int32_t TileShape::items_across() const noexcept {
  return panels * kPanelColumns / columns;
}

std::size_t TileShape::local_bytes() const noexcept {
  const std::int32_t rows_floats = height() * (depth + 4);  // PITCH of linear_tile_shape.cl
  return static_cast<std::size_t>(rows_floats + depth * panels * kPanelColumns) * sizeof(float);
}

std::span<const TileShape> tile_shapes() {
  return kTiles;
}

bool fits(const TileShape& shape, const ClDevice& device) {
  return shape.local_bytes() <= device.local_memory;
}

OpenClTuning default_tuning(const ClDevice& device, int dot_path) {
  if (!device.is_cpu) {
    return {.lanes = 8,
            .many_rows = 16,
            .columns = 1,
            .products = dot_path > 0 ? CodeProducts::bytes : CodeProducts::floats,
            .tile = kGpuTile};
  }
  const bool wide = device.float_width >= 16;
  return {.lanes = 1,
          .many_rows = 8,
          .columns = wide ? 16 : 8,
          .products = CodeProducts::floats,
          .tile = kNoTile};
}

OpenClTuning chosen_tuning(const ClContext& context, int dot_path, const OpenClTuning& asked) {
  const OpenClTuning tuning =
      merged(merged(asked, stored_tuning(context)), default_tuning(context.device(), dot_path));
  if (const std::string why = refusal(tuning, context.device()); !why.empty()) {
    throw DeviceError("OpenCL tuning: " + why);
  }
  return tuning;
}

void store_tuning(const ClContext& context, const OpenClTuning& tuning) {
  std::ostringstream out;
  out << tuning.lanes << ' ' << tuning.many_rows << ' ' << tuning.columns << ' '
      << static_cast<int>(tuning.products) << ' ' << tuning.tile;
  context.cache().store(tuning_key(context.device()), out.str());
}

}  // namespace opencl

std::vector<std::string> opencl_tiles() {
  std::vector<std::string> names;
  for (const opencl::TileShape& tile : opencl::tile_shapes()) {
    if (tile.height() == 0) {
      names.emplace_back("none");
      continue;
    }
    names.push_back(std::to_string(tile.height()) + " x " +
                    std::to_string(tile.panels * opencl::kPanelColumns) + " (" +
                    std::to_string(tile.rows) + " x " + std::to_string(tile.columns) + " each)");
  }
  return names;
}

}  // namespace quire::kernels
