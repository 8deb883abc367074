// What an Identities holds; included by the files that implement it.
#pragma once

#include "auth/identities.h"
#include "auth/key_secret.h"
#include "auth/password.h"

namespace wenyuan::auth {

struct Identities::Impl {
  explicit Impl(KeySecret opened) : secret(std::move(opened)) {}

  // What costs as much to verify as a real hash would, for a name without one. The same name always
  // costs the same, and one in eight as much as an administrator's, so that the time of a failed
  // sign-in does not show who is one.
  Result<HashedPassword> decoy(std::string_view username) const;

  KeySecret secret;
  PasswordHasher hasher;
};

}  // namespace wenyuan::auth
