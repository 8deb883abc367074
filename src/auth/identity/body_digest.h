// Whether a body is the one that was signed: its hash, taken as the bytes come in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_md_ctx_st;

namespace wenyuan::auth {

// Move-only; one body each.
class BodyDigest {
 public:
  enum class Kind { sha256, sha512 };
  // `wanted` is the hash as bytes. invalid_argument for one of a wrong size.
  static Result<BodyDigest> expect(Kind kind, std::string wanted);
  // Out of a Content-Digest field (RFC 9530): the strongest that it holds.
  static Result<BodyDigest> expect_field(std::string_view field);

  void update(std::string_view bytes);
  // Once, at the end. unauthenticated when it is another body.
  Status finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  BodyDigest(std::unique_ptr<evp_md_ctx_st, Free> context, std::string wanted)
      : context_(std::move(context)), wanted_(std::move(wanted)) {}
  std::unique_ptr<evp_md_ctx_st, Free> context_;
  std::string wanted_;
};

}  // namespace wenyuan::auth
