#include "compute/kernels.h"

#include <initializer_list>

#include "compute/processor.h"

namespace wenyuan::compute {

#if defined(__x86_64__)

namespace {

TileKernels with_dense(TileKernels tiles, const TileKernels& dense) {
  tiles.dense_f32 = dense.dense_f32;
  tiles.dense_f16 = dense.dense_f16;
  tiles.dense_bf16 = dense.dense_bf16;
  return tiles;
}

}  // namespace

bool is_supported(InstructionSet set) {
  switch (set) {
    case InstructionSet::plain: return true;
    case InstructionSet::avx2: return has_avx2();
    case InstructionSet::avx512: return has_avx512();
    case InstructionSet::amx: return has_amx();
  }
  return false;
}

const Kernels& kernels(InstructionSet set) {
  static const Kernels kPlain = {"plain", plain_tiles(), plain_rows(), plain_dots(), plain_fixed()};
  static const Kernels kAvx2 = {"avx2", avx2_tiles(), avx2_rows(), avx2_dots(), avx2_fixed()};
  static const Kernels kAvx512 = {"avx512", avx512_tiles(), avx2_rows(), avx512_dots(),
                                  avx512_fixed()};
  static const Kernels kAmx = {"amx", with_dense(amx_tiles(), avx512_tiles()), avx2_rows(),
                               avx512_dots(), avx512_fixed()};
  switch (set) {
    case InstructionSet::plain: return kPlain;
    case InstructionSet::avx2: return kAvx2;
    case InstructionSet::avx512: return kAvx512;
    case InstructionSet::amx: return kAmx;
  }
  return kPlain;
}

#else

bool is_supported(InstructionSet set) { return set == InstructionSet::plain; }
const Kernels& kernels(InstructionSet) {
  static const Kernels kPlain = {"plain", plain_tiles(), plain_rows(), plain_dots(), plain_fixed()};
  return kPlain;
}

#endif

const Kernels& best_kernels() {
  for (const InstructionSet set :
       {InstructionSet::amx, InstructionSet::avx512, InstructionSet::avx2}) {
    if (is_supported(set)) return kernels(set);
  }
  return kernels(InstructionSet::plain);
}

}  // namespace wenyuan::compute
