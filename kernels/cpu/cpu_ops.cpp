#include "kernels/cpu/cpu_backend.h"
#include "kernels/devices.h"

namespace quire::kernels::cpu {

std::unique_ptr<KvCache> CpuBackend::make_kv_cache(const KvCacheShape&) {
  throw DeviceError("the KV cache is not part of this build");
}
void CpuBackend::begin_step(const BatchView&) {}
void CpuBackend::rms_norm(const RmsNormArgs&) {
  throw DeviceError("rms_norm is not part of this build");
}
void CpuBackend::rope_angles(const RopeFrequencies&, Matrix) {
  throw DeviceError("rope_angles is not part of this build");
}
void CpuBackend::rope_store(const RopeStoreArgs&) {
  throw DeviceError("rope_store is not part of this build");
}
void CpuBackend::attention(const AttentionArgs&) {
  throw DeviceError("attention is not part of this build");
}
void CpuBackend::gated_activation(const GatedActivationArgs&) {
  throw DeviceError("gated_activation is not part of this build");
}
void CpuBackend::gather_rows(Matrix, std::span<const std::int32_t>, Matrix) {
  throw DeviceError("gather_rows is not part of this build");
}

}  // namespace quire::kernels::cpu
