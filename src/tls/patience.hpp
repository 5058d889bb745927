// SPDX-License-Identifier: Apache-2.0
// How long a peer may go on without a word of data.
#pragma once

#include <utility>

namespace rondo::tls::detail {

/// Of one connection, from the end of its handshake on. What is over stays over.
class Patience {
public:
    static constexpr int limit = 64;

    /// A record has begun. Until there is data of it, it counts as one without.
    void record() noexcept {
        ++without_data_;
        begun_ = true;
    }
    /// A message of a handshake: the peer's keys or tickets, or a new handshake. A record can hold
    /// thousands, of which the first is counted with it.
    void message() noexcept {
        if (!std::exchange(begun_, false)) {
            ++without_data_;
        }
    }
    void data() noexcept { without_data_ = 0; }

    /// A new handshake was refused, which is kept until it can be sent.
    void refusal() noexcept { ++refusals_; }
    void all_is_sent() noexcept {
        if (!is_over()) {
            refusals_ = 0;
        }
    }

    bool is_over() const noexcept { return without_data_ > limit || refusals_ > limit; }
    /// Requires: is_over().
    const char* why() const noexcept {
        return without_data_ > limit ? "the peer sends record after record without data"
                                     : "the peer asks for new handshakes, and hears no answer";
    }

private:
    int without_data_ = 0;  ///< records, and further messages in them, since the last data
    int refusals_ = 0;      ///< that are not sent
    bool begun_ = false;    ///< nothing of the record was counted but itself
};

}  // namespace rondo::tls::detail
