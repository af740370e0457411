#include "kernels/opencl/cl_kernels.h"

#include "kernels/opencl/cl_tuning.h"
#include "kernels/opencl/packed_words.h"

namespace quire::kernels::opencl {
namespace {

constexpr std::size_t kDenseFormats = 9;  // linear_: from here on

std::string define(const char* name, std::int64_t value) {
  return std::string(" -D") + name + "=" + std::to_string(value);
}

std::string codes_option(const OpenClTuning& tuning) {
  return define("FLOATS", tuning.products == CodeProducts::floats ? 1 : 0);
}

}  // namespace

LazyKernel::LazyKernel(std::vector<const char*> files, const char* function, std::string options)
    : files_(std::move(files)), function_(function), options_(std::move(options)) {
  files_.insert(files_.begin(), "common");
}

ClKernel& LazyKernel::get(ClContext& context) {
  if (!kernel_) kernel_ = context.make_kernel(files_, function_, options_);
  return *kernel_;
}

ClKernels::ClKernels(int dot_path, const OpenClTuning& tuning)
    : embed({"embed"}, "embed", ""),
      gate({"math", "gate"}, "gate", ""),
      gate_quantize({"math", "gate", "quantize", "gate_quantize"}, "gate_quantize",
                    codes_option(tuning)),
      gather_rows({"gather_rows"}, "gather_rows", ""),
      quantize({"quantize", "quantize_rows"}, "quantize", codes_option(tuning)),
      rms_norm({"rms_norm"}, "rms_norm", ""),
      rms_norm_quantize({"quantize", "rms_norm"}, "rms_norm_quantize",
                        codes_option(tuning) + " -DQUANTIZE"),
      rope_angles({"rope"}, "rope_angles", ""),
      rope_store({"rope"}, "rope_store", ""),
      attention_merge({"math", "attention", "attention_merge"}, "attention_merge", ""),
      tuning_(tuning) {
  for (std::size_t format = 0; format < linear_.size(); ++format) define_linear(format, dot_path);
  for (const DType type : {DType::f32, DType::bf16, DType::int8}) {
    attention_[type_code(type)] =
        LazyKernel({"math", "attention", "attention_partition"}, "attention",
                   define("KV", type_code(type)));
  }
}

void ClKernels::define_linear(std::size_t format, int dot_path) {
  const bool dense = format >= kDenseFormats;
  const bool floats = dense || float_codes();
  const auto index = static_cast<std::int64_t>(format);
  const std::string options =
      (dense ? define("TYPE", index - static_cast<std::int64_t>(kDenseFormats))
             : define("BITS", index)) +
      define("FLOATS", floats ? 1 : 0) + (floats ? "" : define("DOT_PATH", dot_path));
  const char* weights = dense ? "linear_dense" : "linear_affine";
  const std::array<std::int32_t, kFewTiles> row_tiles = {1, 4, tuning_.many_rows};
  for (std::size_t t = 0; t < kFewTiles; ++t) {
    linear_[format][t] = {
        LazyKernel({"linear_shape", weights, dense ? "linear_few_dense" : "linear_few_affine",
                    "linear"},
                   "linear",
                   options + define("COLUMNS", tuning_.columns) + define("ROWS", row_tiles[t]) +
                       define("LANES", tuning_.lanes)),
        {static_cast<std::size_t>(kPanelColumns / tuning_.columns),
         static_cast<std::size_t>(tuning_.lanes), 1},
        row_tiles[t],
        1};
  }
  const TileShape& tile = tile_shapes()[static_cast<std::size_t>(tuning_.tile - 1)];
  if (tile.height() == 0) return;
  linear_[format].back() = {
      LazyKernel({"linear_shape", weights, "linear_tile_shape",
                  dense ? "linear_tile_dense" : "linear_tile_affine", "linear_tile"},
                 "linear_tile",
                 options + define("COLUMNS", tile.columns) + define("ROWS", tile.rows) +
                     define("ITEM_ROWS", tile.item_rows) + define("PANELS", tile.panels) +
                     define("DEPTH", tile.depth)),
      {static_cast<std::size_t>(tile.items_across()), static_cast<std::size_t>(tile.item_rows), 1},
      tile.height(),
      tile.panels};
}

std::span<ClKernels::Linear> ClKernels::linear(const PackedFormat& format) {
  const std::span<Linear> all = linear_[format.bits == 0 ? kDenseFormats + type_code(format.type)
                                                         : static_cast<std::size_t>(format.bits)];
  return all.first(all.back().rows == 0 ? kFewTiles : all.size());
}

ClKernels::Linear& ClKernels::linear(const PackedFormat& format, std::int32_t rows) {
  const std::span<Linear> choices = linear(format);
  for (Linear& choice : choices.first(kFewTiles)) {
    if (rows <= choice.rows) return choice;
  }
  // A tile that is not half full costs more than it shares.
  Linear& largest = choices.back();
  return 2 * rows >= largest.rows ? largest : choices[kFewTiles - 1];
}

LazyKernel& ClKernels::attention(DType cache) {
  return attention_[type_code(cache)];
}

}  // namespace quire::kernels::opencl
