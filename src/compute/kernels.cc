#include "compute/kernels.h"

#include <initializer_list>

namespace wenyuan::compute {

#if defined(__x86_64__)

bool is_supported(InstructionSet set) {
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("f16c");
  switch (set) {
    case InstructionSet::plain: return true;
    case InstructionSet::avx2: return avx2;
    case InstructionSet::avx512:
      return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vnni");
  }
  return false;
}

const Kernels& kernels(InstructionSet set) {
  static const Kernels kPlain = {"plain", plain_tiles(), plain_rows(), plain_dots()};
  static const Kernels kAvx2 = {"avx2", avx2_tiles(), avx2_rows(), avx2_dots()};
  static const Kernels kAvx512 = {"avx512", avx512_tiles(), avx2_rows(), avx512_dots()};
  switch (set) {
    case InstructionSet::plain: return kPlain;
    case InstructionSet::avx2: return kAvx2;
    case InstructionSet::avx512: return kAvx512;
  }
  return kPlain;
}

#else

bool is_supported(InstructionSet set) { return set == InstructionSet::plain; }
const Kernels& kernels(InstructionSet) {
  static const Kernels kPlain = {"plain", plain_tiles(), plain_rows(), plain_dots()};
  return kPlain;
}

#endif

const Kernels& best_kernels() {
  for (const InstructionSet set : {InstructionSet::avx512, InstructionSet::avx2}) {
    if (is_supported(set)) return kernels(set);
  }
  return kernels(InstructionSet::plain);
}

}  // namespace wenyuan::compute
