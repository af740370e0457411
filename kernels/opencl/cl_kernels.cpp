#include "kernels/opencl/cl_kernels.h"

#include <sstream>

#include "kernels/devices.h"

namespace quire::kernels::opencl {
namespace {

std::string tuning_key(const ClDevice& device) {
  return "tuning of linear\n" + device.platform_name + "\n" + device.name + "\n" + device.driver;
}

std::string define(const char* name, std::int64_t value) {
  return std::string(" -D") + name + "=" + std::to_string(value);
}

bool is_possible(const ClTuning& tuning) {
  const bool lanes = tuning.lanes == 2 || tuning.lanes == 4 || tuning.lanes == 8;
  return lanes && (tuning.many_rows == 8 || tuning.many_rows == 16);
}

}  // namespace

ClTuning stored_tuning(const ClContext& context) {
  ClTuning tuning;
  const auto text = context.cache().find(tuning_key(context.device()));
  if (!text) return tuning;
  std::istringstream in(*text);
  ClTuning read;
  if (in >> read.lanes >> read.many_rows && is_possible(read)) tuning = read;
  return tuning;
}

void store_tuning(const ClContext& context, const ClTuning& tuning) {
  context.cache().store(tuning_key(context.device()), std::to_string(tuning.lanes) + " " +
                                                          std::to_string(tuning.many_rows));
}

void check_tuning(const ClTuning& tuning) {
  if (is_possible(tuning)) return;
  throw DeviceError("OpenCL tuning: " + std::to_string(tuning.lanes) + " lanes and " +
                    std::to_string(tuning.many_rows) +
                    " rows are not possible (2, 4, 8 lanes and 8, 16 rows are)");
}

LazyKernel::LazyKernel(std::vector<const char*> files, const char* function, std::string options)
    : files_(std::move(files)), function_(function), options_(std::move(options)) {
  files_.insert(files_.begin(), "common");
}

ClKernel& LazyKernel::get(ClContext& context) {
  if (!kernel_) kernel_ = context.make_kernel(files_, function_, options_);
  return *kernel_;
}

ClKernels::ClKernels(int dot_path, const ClTuning& tuning)
    : embed({"embed"}, "embed", ""),
      gate({"math", "gate"}, "gate", ""),
      gather_rows({"gather_rows"}, "gather_rows", ""),
      quantize({"quantize"}, "quantize", ""),
      rms_norm({"rms_norm"}, "rms_norm", ""),
      rope_angles({"rope"}, "rope_angles", ""),
      rope_store({"rope"}, "rope_store", ""),
      attention_merge({"math", "attention", "attention_merge"}, "attention_merge", ""),
      tuning_(tuning) {
  const std::array<std::int32_t, kRowTiles> row_tiles = {1, 4, tuning.many_rows};
  for (std::size_t f = 0; f < linear_.size(); ++f) {
    for (std::size_t t = 0; t < kRowTiles; ++t) {
      std::string options = define("ROWS", row_tiles[t]) + define("LANES", tuning.lanes);
      const bool dense = f >= 9;
      options += dense ? define("TYPE", static_cast<std::int64_t>(f) - 9)
                       : define("BITS", static_cast<std::int64_t>(f)) +
                             define("DOT_PATH", dot_path);
      const char* slices = dense ? "linear_dense" : "linear_affine";
      linear_[f][t] = {LazyKernel({"linear_shape", slices, "linear"}, "linear", options),
                       row_tiles[t]};
    }
  }
  for (const DType type : {DType::f32, DType::bf16, DType::int8}) {
    attention_[type_code(type)] =
        LazyKernel({"math", "attention", "attention_partition"}, "attention",
                   define("KV", type_code(type)));
  }
}

ClKernels::Linear& ClKernels::linear(const PackedFormat& format, std::int32_t rows) {
  const std::size_t index =
      format.bits == 0 ? 9 + type_code(format.type) : static_cast<std::size_t>(format.bits);
  auto& tiles = linear_[index];
  for (Linear& tile : tiles) {
    if (rows <= tile.rows) return tile;
  }
  return tiles.back();
}

LazyKernel& ClKernels::attention(DType cache) {
  return attention_[type_code(cache)];
}

}  // namespace quire::kernels::opencl
