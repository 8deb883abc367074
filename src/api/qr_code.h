// A QR code as a picture that scales.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::api {

// An SVG document: black on white whatever the page looks like, with the quiet zone that ISO/IEC
// 18004 asks for. invalid_argument for a text that holds a zero byte or does not fit (some 2,300
// bytes).
Result<std::string> qr_svg(std::string_view text);

}  // namespace wenyuan::api
