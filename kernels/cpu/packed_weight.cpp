#include "kernels/cpu/cpu_backend.h"
#include "kernels/devices.h"

namespace quire::kernels::cpu {

std::unique_ptr<Weight> CpuBackend::prepare_weight(const WeightSource&) {
  throw DeviceError("prepare_weight is not part of this build");
}

void CpuBackend::embed(const Weight&, std::span<const std::int32_t>, Matrix) {
  throw DeviceError("embed is not part of this build");
}

void CpuBackend::linear(Matrix, std::span<const LinearTerm>) {
  throw DeviceError("linear is not part of this build");
}

}  // namespace quire::kernels::cpu
