// The escapes of string literals in templates, as in Python.
#pragma once

#include <string>
#include <string_view>

namespace wenyuan::llm {

// \n, \t, \x41, \u4e2d and so on; what is no escape stays as it is.
std::string without_escapes(std::string_view literal);

}  // namespace wenyuan::llm
