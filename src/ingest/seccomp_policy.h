// The system calls that a process which reads foreign files may make.
#pragma once

#include <string>

#include "base/result.h"

namespace wenyuan::ingest {

// Everything not on the list fails with EPERM: no sockets, no new processes, no writing of files.

// The filter for the whole life of the process, in the kernel's form, for bubblewrap's --seccomp.
// It still lets bubblewrap start the program and the program load its libraries.
Result<std::string> startup_seccomp_filter();

// For the calling process, from now on: nothing can be started any more.
Status enter_strict_seccomp();

}  // namespace wenyuan::ingest
