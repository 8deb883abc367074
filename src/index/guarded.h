// Turns what Xapian, FAISS and the file system throw into an Error; it never leaves this folder.
#pragma once

#include <faiss/impl/FaissException.h>
#include <xapian.h>

#include <filesystem>
#include <new>
#include <utility>

#include "base/result.h"

namespace wenyuan::index {

// `work` returns a Result; so does this.
template <class Work>
auto guarded(Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const Xapian::DatabaseCorruptError& error) {
    return Error{ErrorCode::corrupt, error.get_msg()};
  } catch (const Xapian::DatabaseOpeningError& error) {
    return Error{ErrorCode::unavailable, error.get_msg()};
  } catch (const Xapian::Error& error) {
    return Error{ErrorCode::internal, error.get_description()};
  } catch (const faiss::FaissException& error) {
    return Error{ErrorCode::internal, error.what()};
  } catch (const std::filesystem::filesystem_error& error) {
    return Error{error.code() == std::errc::no_space_on_device ? ErrorCode::unavailable
                                                               : ErrorCode::internal,
                 error.what()};
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::unavailable, "out of memory"};
  }
}

}  // namespace wenyuan::index
