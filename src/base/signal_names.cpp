// SPDX-License-Identifier: Apache-2.0
#include "base/signal_names.hpp"

#include <cstring>

namespace rondo::detail {

#if defined(__GLIBC__)
const char* signal_description(int signal) noexcept { return sigdescr_np(signal); }
#else
const char* signal_description(int signal) noexcept { return strsignal(signal); }
#endif

}  // namespace rondo::detail
