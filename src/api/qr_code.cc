#include "api/qr_code.h"

#include <qrencode.h>

#include <memory>

namespace wenyuan::api {
namespace {

constexpr int kQuietZone = 4;  // modules on each side

struct FreeCode {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

}  // namespace

Result<std::string> qr_svg(std::string_view text) {
  const std::string bytes(text);
  const bool whole = !bytes.empty() && bytes.find('\0') == std::string::npos;
  const std::unique_ptr<QRcode, FreeCode> code(
      whole ? QRcode_encodeString8bit(bytes.c_str(), 0, QR_ECLEVEL_M) : nullptr);
  if (!code) return Error{ErrorCode::invalid_argument, "this text fits in no QR code"};
  const std::string side = std::to_string(code->width + 2 * kQuietZone);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ";
  svg.append(side).append(" ").append(side).append("\" shape-rendering=\"crispEdges\">");
  svg.append("<path fill=\"#fff\" d=\"M0 0h")
      .append(side)
      .append("v")
      .append(side)
      .append("H0z\"/>");
  svg.append("<path d=\"");
  for (int y = 0; y < code->width; ++y) {
    for (int x = 0; x < code->width;) {
      const auto dark = [&](int at) { return (code->data[y * code->width + at] & 1U) != 0; };
      int end = x;
      while (end < code->width && dark(end)) ++end;
      if (end == x) {
        ++x;
        continue;
      }
      svg.append("M").append(std::to_string(x + kQuietZone)).append(" ");
      svg.append(std::to_string(y + kQuietZone)).append("h").append(std::to_string(end - x));
      svg.append("v1H").append(std::to_string(x + kQuietZone)).append("z");
      x = end;
    }
  }
  return svg + "\"/></svg>";
}

}  // namespace wenyuan::api
