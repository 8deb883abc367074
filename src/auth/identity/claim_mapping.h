// Turns claims into what a user of ours has.
#pragma once

#include "auth/identity/external_identity.h"
#include "auth/identity/jwt.h"
#include "auth/identity/provider_config.h"

namespace wenyuan::auth {

// Fills in everything but `provider` and `subject`. A claim that has another type than an attribute
// may have is left out, and so is what is too long.
ExternalIdentity mapped_identity(const JwtClaims& claims, const ClaimMapping& mapping);

// Whether an address is one that the provider has verified at one of these domains; with no domains
// there is nothing to ask.
bool is_of_domains(const ExternalIdentity& identity, const std::vector<std::string>& domains);

}  // namespace wenyuan::auth
