// What the elements of HTML mean for reading.
#pragma once

#include <gumbo.h>

namespace wenyuan::ingest {

// Not text for the reader: scripts, styles, navigation, controls.
bool is_skipped(GumboTag tag);
// Hidden from the reader by attribute or style.
bool is_hidden(const GumboElement& element);
// Begins and ends a block of text.
bool is_block(GumboTag tag);
// `table` holds data in rows and columns; false for one that arranges the page.
bool is_data_table(const GumboNode& table);

}  // namespace wenyuan::ingest
