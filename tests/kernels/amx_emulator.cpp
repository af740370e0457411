#include "tests/kernels/amx_emulator.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace quire::kernels::emulation {
namespace {

thread_local Tiles tiles;

struct sigaction previous_action;  // written while no thread uses tiles

constexpr int kRegisters[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                REG_R12, REG_R13, REG_R14, REG_R15};

/// The operand of an instruction whose successor is at registers[REG_RIP].
Memory memory_of(const Instruction& instruction, const greg_t* registers) {
  const Address& address = instruction.address;
  const auto value = [registers](int number) {
    if (number == Address::kNone) return greg_t{0};
    return registers[number == Address::kNextInstruction ? int{REG_RIP} : kRegisters[number]];
  };
  const greg_t first = value(address.base) + address.displacement;
  const greg_t index = value(address.index) * address.scale;
  switch (instruction.operation) {
    case Operation::tileload:
    case Operation::tilestored:
      return {reinterpret_cast<std::byte*>(first), index};
    default:
      return {reinterpret_cast<std::byte*>(first + index), 0};
  }
}

void abort_because(const char* broken) {
  constexpr char kPrefix[] = "AMX emulator: ";
  (void)!write(STDERR_FILENO, kPrefix, sizeof kPrefix - 1);
  (void)!write(STDERR_FILENO, broken, std::strlen(broken));
  (void)!write(STDERR_FILENO, "\n", 1);
  std::abort();
}

/// Executes the refused instruction, and the AMX instructions right behind it, which saves signals.
void on_illegal_instruction(int, siginfo_t*, void* context) {
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  bool executed = false;
  for (;;) {
    const auto instruction =
        decode(reinterpret_cast<const std::uint8_t*>(registers[REG_RIP]));
    if (!instruction) break;
    registers[REG_RIP] += instruction->length;
    const char* broken = execute(*instruction, memory_of(*instruction, registers), tiles);
    if (broken != nullptr) abort_because(broken);
    executed = true;
  }
  // Not ours: run it again with whatever happened before this handler.
  if (!executed) sigaction(SIGILL, &previous_action, nullptr);
}

/// On top of whatever is there: an OpenCL driver's compiler may have put a handler above this one,
/// which takes itself away at the first signal, while other threads get theirs.
bool install() {
  struct sigaction action = {};
  if (sigaction(SIGILL, nullptr, &action) != 0) return false;
  if (action.sa_sigaction == on_illegal_instruction) return true;
  action = {};
  action.sa_sigaction = on_illegal_instruction;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  return sigaction(SIGILL, &action, &previous_action) == 0;
}

}  // namespace

bool hardware_has_amx() {
  constexpr unsigned kBf16 = 1U << 22;
  constexpr unsigned kTile = 1U << 24;
  constexpr unsigned kInt8 = 1U << 25;
  constexpr unsigned kAll = kBf16 | kTile | kInt8;
  constexpr long kRequestPermission = 0x1023;
  constexpr long kTileData = 18;
  static const bool has = [] {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kAll) == kAll &&
           syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return has;
}

std::string provide_amx() {
  if (hardware_has_amx()) return "";
  if (!can_execute()) return "emulating AMX takes AVX-512";
  return install() ? "" : "SIGILL cannot be handled";
}

bool tiles_are_configured() {
  return tiles.config.palette != 0;
}

}  // namespace quire::kernels::emulation
