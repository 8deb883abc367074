// Who a provider says somebody is.
#pragma once

#include <string>
#include <vector>

#include "base/attributes.h"

namespace wenyuan::auth {

struct ExternalIdentity {
  std::string provider;  // "oidc:corp", "wecom:corp", "gateway:kong": kind and id
  std::string subject;   // theirs for this person; never given to another
  std::string session;   // theirs for this sign-in, when they name it
  std::string username;
  std::string display_name;
  std::string email;
  bool email_verified = false;
  Attributes attributes;
  std::vector<std::string> groups;         // names of our groups
  std::vector<std::string> mapped_groups;  // all that this provider decides about
  bool second_factor = false;              // shown at the provider
};

}  // namespace wenyuan::auth
