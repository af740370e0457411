// The one place where a cl_int becomes an exception.
#pragma once

#include <CL/cl.h>

#include <string>

namespace quire::kernels::opencl {

/// "CL_OUT_OF_RESOURCES (-5)"
std::string error_text(cl_int status);

/// While a backend is being made or loaded. Throws DeviceError "OpenCL: <what>: <error>".
void check_start(cl_int status, const char* what);

/// While steps run: whatever failed, the state of queue and memory is unknown. Throws DeviceLost.
void check_run(cl_int status, const char* what);

}  // namespace quire::kernels::opencl
