// English words that are left out of a question, because nearly every text has them.
#pragma once

#include <string_view>

namespace wenyuan::index {

// `word` in lower case, not stemmed.
bool is_stop_word(std::string_view word);

}  // namespace wenyuan::index
