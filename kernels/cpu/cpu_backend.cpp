#include "kernels/cpu/cpu_backend.h"

#include <algorithm>

#include "kernels/cpu/cpu_buffer.h"
#include "kernels/devices.h"

namespace quire::kernels {
namespace cpu {
namespace {

constexpr std::int32_t kMaxThreads = 1024;  // far beyond any machine: catches mistakes

std::int32_t thread_count(std::int32_t requested) {
  if (requested < 0 || requested > kMaxThreads) {
    throw DeviceError("CPU threads " + std::to_string(requested) + " is out of range 0 to " +
                      std::to_string(kMaxThreads));
  }
  return requested == 0 ? usable_cores() : requested;
}

}  // namespace

CpuBackend::CpuBackend(const IsaLevel& level, std::int32_t threads)
    : level_(level), kernels_(*level.kernels), workers_(threads) {}

CpuBackend::~CpuBackend() = default;

std::string CpuBackend::describe() const {
  const std::int32_t threads = workers_.most_threads();
  return std::string("cpu ") + kernels_.isa + " (" + level_.description + "), " +
         std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

std::unique_ptr<Buffer> CpuBackend::allocate(std::size_t floats) {
  return std::make_unique<CpuBuffer>(floats);
}

void CpuBackend::upload(Buffer& to, std::size_t offset, std::span<const float> from) {
  INVARIANT(offset + from.size() <= to.floats(), "an upload lies inside its buffer");
  std::copy(from.begin(), from.end(), static_cast<CpuBuffer&>(to).begin() + offset);
}

void CpuBackend::download(const Matrix& from, std::span<float> to) {
  const ConstRows rows = const_rows_of(from);
  const auto cols = static_cast<std::size_t>(from.cols);
  INVARIANT(to.size() == static_cast<std::size_t>(from.rows) * cols, "a download fits its target");
  for (std::size_t r = 0; r < static_cast<std::size_t>(from.rows); ++r) {
    std::copy_n(rows.first + r * rows.stride, cols, to.data() + r * cols);
  }
}

}  // namespace cpu

std::unique_ptr<Backend> make_cpu_backend(const CpuOptions& options) {
  return std::make_unique<cpu::CpuBackend>(cpu::choose_isa(options.isa),
                                           cpu::thread_count(options.threads));
}

}  // namespace quire::kernels
