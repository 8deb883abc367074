#include "compute/kernels.h"

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
  switch (set) {
    case InstructionSet::plain: return plain_kernels();
    case InstructionSet::avx2: return avx2_kernels();
    case InstructionSet::avx512: return avx512_kernels();
  }
  return plain_kernels();
}

#else

bool is_supported(InstructionSet set) { return set == InstructionSet::plain; }
const Kernels& kernels(InstructionSet) { return plain_kernels(); }

#endif

const Kernels& best_kernels() {
  for (const InstructionSet set : {InstructionSet::avx512, InstructionSet::avx2}) {
    if (is_supported(set)) return kernels(set);
  }
  return plain_kernels();
}

}  // namespace wenyuan::compute
