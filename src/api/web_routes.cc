// The page at / and the one at /docs, from the files packed into the binary.
#include <algorithm>

#include "api/call.h"
#include "api/embedded_files.h"

namespace wenyuan::api {
namespace {

std::string_view media_type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

std::string_view file_name_of(std::string_view path) {
  if (path == "/") return "index.html";
  if (path == "/docs") return "docs.html";
  return path.substr(1);
}

// No script but ours, nothing from elsewhere, and no text that becomes markup by accident.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'";

Result<http::Response> show_file(Call& call) {
  const std::string_view wanted = file_name_of(call.request.route);
  const auto files = embedded_web();
  const auto file = std::ranges::find(files, wanted, &EmbeddedFile::name);
  if (file == files.end()) return Error{ErrorCode::not_found, "There is no such file"};
  http::Response response =
      http::make_response(200, media_type_of(wanted), std::string(file->content));
  const std::string etag = etag_of(file->content);
  response.headers.set("ETag", etag);
  response.headers.set("Cache-Control", "no-cache");
  response.headers.set("Content-Security-Policy", std::string(kContentSecurityPolicy));
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
  const std::string* known = call.request.headers.find("If-None-Match");
  if (known != nullptr && *known == etag) {
    response.status = 304;
    response.body.clear();
  }
  return response;
}

constexpr Route page(std::string_view path) {
  return {.method = "GET", .path = path, .handler = show_file, .access = Access::open};
}

constexpr Route kPages[] = {page("/"), page("/docs")};

}  // namespace

std::vector<Route> web_routes() {
  // Paths need a place to stay; made once, for as long as the process lives.
  static const std::vector<std::string> paths = [] {
    std::vector<std::string> made;
    for (const EmbeddedFile& file : embedded_web()) made.push_back("/" + std::string(file.name));
    return made;
  }();
  std::vector<Route> routes(std::begin(kPages), std::end(kPages));
  for (const std::string& path : paths) {
    if (!path.ends_with(".html")) routes.push_back(page(path));
  }
  return routes;
}

}  // namespace wenyuan::api
