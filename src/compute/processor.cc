#include "compute/processor.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace wenyuan::compute {
namespace {

// Of leaf 1, register C. Clang 14 does not know it by name.
bool has_leaf_1_bit(unsigned bit) {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && ((c >> bit) & 1U) != 0;
}

bool has_tile_instructions() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  constexpr unsigned kTile = 1U << 24;
  constexpr unsigned kInt8 = 1U << 25;
  return (d & kTile) != 0 && (d & kInt8) != 0;
}

// Whether the kernel saves the tile registers when threads take turns.
bool saves_tile_registers() {
  constexpr unsigned kHasExtendedControl = 27;
  if (!has_leaf_1_bit(kHasExtendedControl)) return false;
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr std::uint32_t kTileState = (1U << 17) | (1U << 18);
  return (low & kTileState) == kTileState;
}

bool asks_for_tile_registers() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace

bool has_avx2() {
  constexpr unsigned kHalfConversions = 29;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         has_leaf_1_bit(kHalfConversions);
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni");
}

bool has_amx() {
  static const bool kHas = has_avx512() && has_tile_instructions() && saves_tile_registers() &&
                           asks_for_tile_registers();
  return kHas;
}

}  // namespace wenyuan::compute

#endif
