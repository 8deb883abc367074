// Chunks of now and chunks of versions that newer ones have superseded lie apart.
#pragma once

namespace wenyuan {

enum class Era { present, past };

}  // namespace wenyuan
