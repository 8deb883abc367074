// Which instructions this processor has, and the operating system lets us use.
#pragma once

#if defined(__x86_64__)

namespace wenyuan::compute {

bool has_avx2();    // with FMA and half-precision conversions
bool has_avx512();  // F, BW, VL, DQ and VNNI, and all of has_avx2()
// Tiles of int8, and all of has_avx512(). The first call asks the kernel for the use of their
// registers, for all threads of the process; a kernel that refuses is a processor without.
bool has_amx();

}  // namespace wenyuan::compute

#endif
