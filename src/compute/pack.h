// Rearranges weights as stored in a file into interleaved tiles for the
// kernels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "compute/activations.h"
#include "compute/kernels.h"
#include "compute/weight_type.h"

namespace wenyuan::compute {

// How large a format's tiles are, and who multiplies them.
struct TileFormat {
  ActivationForm form = ActivationForm::floats;
  std::size_t step = 1;        // a tile's inputs are a multiple of it
  std::size_t step_bytes = 0;  // bytes of a tile for each of them
  void (*TileKernels::*quant)(const QuantTile&) = nullptr;
  void (*TileKernels::*dense)(const DenseTiles&) = nullptr;
};
TileFormat tile_format(WeightType type);

// Writes one tile: `rows` (at most kTileRows) consecutive rows of `inputs`
// weights each; the lanes behind them stay zero. `out` is zeroed memory.
void pack_tile(WeightType type, const std::uint8_t* weights, std::size_t rows, std::size_t inputs,
               std::uint8_t* out);

}  // namespace wenyuan::compute
