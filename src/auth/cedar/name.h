// Names of Cedar: identifiers, and paths of them such as Company::Photos::Album.
//
// A path is kept as one string with "::" between its parts and no white space.
#pragma once

#include <string_view>

namespace wenyuan::auth::cedar {

// A letter or underscore, then letters, digits and underscores; ASCII only. Reserved words count.
bool is_identifier(std::string_view text);

// true, false, if, then, else, in, is, like, has, __cedar: never an identifier in a policy.
bool is_reserved(std::string_view identifier);

// One or more identifiers with "::" between them and no white space, none of them reserved.
bool is_path(std::string_view text);

// "A::B::C" is in "A::B"; "C" is in "".
std::string_view namespace_of(std::string_view path);
// "A::B::C" ends in "C".
std::string_view base_name(std::string_view path);

}  // namespace wenyuan::auth::cedar
