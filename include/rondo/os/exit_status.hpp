// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace rondo::os {

/// How a process ended: by itself, with a code, or by a signal.
class ExitStatus {
public:
    static ExitStatus exited(int code) noexcept { return {code, 0, false}; }
    static ExitStatus killed(int signal, bool dumped_core) noexcept {
        return {0, signal, dumped_core};
    }

    /// Exit code 0.
    bool ok() const noexcept { return code_ == 0 && signal_ == 0; }
    /// 0 to 255; as the shell has it, 128 + signal() when a signal ended it.
    int code() const noexcept { return signal_ == 0 ? code_ : 128 + signal_; }
    /// The signal that ended it, or 0.
    int signal() const noexcept { return signal_; }
    bool dumped_core() const noexcept { return dumped_core_; }
    /// subprocess.returncode: the code, or the negative signal.
    int returncode() const noexcept { return signal_ == 0 ? code_ : -signal_; }

    /// "exit code 1", "killed by signal 11 (Segmentation fault), core dumped".
    std::string to_string() const;

    friend bool operator==(const ExitStatus&, const ExitStatus&) = default;

private:
    ExitStatus(int code, int signal, bool dumped_core) noexcept
        : code_(code), signal_(signal), dumped_core_(dumped_core) {}

    int code_;
    int signal_;
    bool dumped_core_;
};

}  // namespace rondo::os
