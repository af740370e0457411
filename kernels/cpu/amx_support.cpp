#include "kernels/cpu/amx_support.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace quire::kernels::cpu {

#if defined(__x86_64__) && defined(__linux__)

namespace {

const char* find_missing() {
  constexpr unsigned kAmxBf16 = 1U << 22;      // of EDX
  constexpr unsigned kAmxTile = 1U << 24;      // of EDX
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned features = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &features) == 0 || (features & kAmxTile) == 0 ||
      (features & kAmxBf16) == 0) {
    return "the CPU has no AMX tiles of bf16";
  }
  if (syscall(SYS_arch_prctl, kRequestPermission, kTileData) != 0) {
    return "the operating system grants no AMX tile data (Linux 5.16 does)";
  }
  return nullptr;
}

}  // namespace

const char* missing_for_amx() {
  static const char* const missing = find_missing();
  return missing;
}

#else

const char* missing_for_amx() {
  return "AMX is used on x86-64 Linux only";
}

#endif

}  // namespace quire::kernels::cpu
