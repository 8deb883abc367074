// Decides from a request's head alone whether it may go on, and to which handler.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "api/http_server.h"
#include "api/router.h"

namespace wenyuan::http {

struct AdmittedRoute {
  std::string pattern;
  std::size_t body_bytes_max;
  Handler handler;
};

struct Admitted {
  const AdmittedRoute* route = nullptr;
  bool has_body = false;
};

// Why a request is refused before any handler sees it.
struct Refusal {
  int status = 0;  // 0: it is not refused
  std::string detail;
  std::string allow;  // for 405
};

std::string too_large_text(const AdmittedRoute& route);

class Admission {
 public:
  void add(std::string_view method, std::string_view pattern, std::size_t body_bytes_max,
           Handler handler);

  // Fills in what the target says; `request` holds method and headers already.
  Refusal examine(std::string_view target, Request& request, Admitted& admitted) const;

 private:
  Refusal find_route(const std::vector<std::string>& segments, Request& request,
                     Admitted& admitted) const;
  static Refusal examine_body(Request& request, Admitted& admitted);

  Router router_;
  std::vector<AdmittedRoute> routes_;
};

}  // namespace wenyuan::http
