// The files of cl/, embedded at build time.
#pragma once

#include <span>
#include <string_view>

namespace quire::kernels::opencl {

struct ClSource {
  std::string_view name;  // "rms_norm"
  std::string_view text;
};

std::span<const ClSource> cl_sources();

}  // namespace quire::kernels::opencl
