// Rotary angles, and the rotation with the store of K and V.
#include "kernels/invariant.h"
#include "kernels/opencl/cl_backend.h"
#include "kernels/opencl/cl_kv_cache.h"

namespace quire::kernels::opencl {
namespace {

constexpr std::size_t kAngles = 32;  // work-items of a group of angles
constexpr std::size_t kLanes = 64;   // LANES of cl/rope.cl

/// RopeShape of cl/rope.cl.
struct RopeShape {
  cl_ulong block_words;
  cl_uint heads, kv_heads, head_dim, rotary_dim, type;
  float norm_epsilon;
};
static_assert(sizeof(RopeShape) == 32, "a shape has the layout of rope.cl");

}  // namespace

void ClBackend::rope_angles(const RopeFrequencies& frequencies, Matrix out) {
  prepared_.reset();
  const std::size_t pairs = frequencies.inverse.size();
  INVARIANT(out.rows == batch_.rows() && static_cast<std::size_t>(out.cols) == 2 * pairs,
            "rope_angles shapes agree");
  const std::size_t bytes = pairs * sizeof(float);
  const cl_mem inverse = inverse_memory_.reserve(context_, bytes);
  if (inverse_ != frequencies.inverse) {  // once per model
    context_.write(inverse, 0, bytes, frequencies.inverse.data());
    inverse_ = frequencies.inverse;
  }
  context_.run(kernels_.rope_angles.get(context_),
               {.global = {whole_groups(pairs, kAngles), static_cast<std::size_t>(out.rows), 1},
                .local = {kAngles, 1, 1}},
               batch_.ints(), inverse, frequencies.magnitude, memory_of(out), view_of(out));
}

void ClBackend::rope_store(const RopeStoreArgs& args) {
  prepared_.reset();
  const auto& cache = static_cast<const ClKvCache&>(*args.cache);
  const KvCacheShape& shape = cache.shape();
  check_rope_store(args, shape, batch_.shape());
  const RopeShape rope{.block_words = cache.block_words(),
                       .heads = static_cast<cl_uint>(args.q.cols / shape.head_dim),
                       .kv_heads = static_cast<cl_uint>(shape.kv_heads),
                       .head_dim = static_cast<cl_uint>(shape.head_dim),
                       .rotary_dim = static_cast<cl_uint>(args.angles.cols),
                       .type = type_code(shape.dtype),
                       .norm_epsilon = args.norm_epsilon};
  const auto rows = static_cast<std::size_t>(args.q.rows);
  const std::size_t heads = rope.heads + 2 * std::size_t{rope.kv_heads};
  context_.run(kernels_.rope_store.get(context_),
               {.global = {rows * kLanes, heads, 1}, .local = {kLanes, 1, 1}}, memory_of(args.q),
               view_of(args.q), memory_of(args.k), view_of(args.k), memory_of(args.v),
               view_of(args.v), memory_of(args.angles), view_of(args.angles),
               vector_of(args.q_gain, shape.head_dim), vector_of(args.k_gain, shape.head_dim),
               batch_.ints(), batch_.tables_at(), cache.layer(args.layer),
               LocalBytes{static_cast<std::size_t>(shape.head_dim) * sizeof(float)}, rope);
}

}  // namespace quire::kernels::opencl
