// SPDX-License-Identifier: Apache-2.0
#include "rondo/os/exit_status.hpp"

#include "base/signal_names.hpp"

namespace rondo::os {

std::string ExitStatus::to_string() const {
    if (signal_ == 0) {
        return "exit code " + std::to_string(code_);
    }
    std::string text = "killed by signal " + std::to_string(signal_);
    if (const char* const name = rondo::detail::signal_description(signal_); name != nullptr) {
        text.append(" (").append(name).append(")");
    }
    return dumped_core_ ? text + ", core dumped" : text;
}

}  // namespace rondo::os
