// SPDX-License-Identifier: Apache-2.0
/// What the awaitables of datagrams are made of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rondo/io/bytes.hpp"
#include "rondo/loop/await_operation.hpp"

struct sockaddr;

namespace rondo::net::detail {

/// A message of one part, with room for one address; it points into itself, so it is put together
/// when it is awaited.
class MessageOperation : protected AwaitOperation {
public:
    bool await_ready() noexcept {
        prepare();
        return AwaitOperation::await_ready();
    }
    using AwaitOperation::await_suspend;

protected:
    /// A message to be received: into `to`, or into a lease when it has no data.
    MessageOperation(int descriptor, MutableBytes to, std::uint32_t how) noexcept;
    /// A message to be sent to `name`, or to the peer when there is none.
    MessageOperation(int descriptor, Bytes from, const sockaddr* name, std::uint32_t length,
                     std::uint32_t how) noexcept;

    /// Ends at once; gives the result. Requires: message_try.
    int try_now() noexcept {
        prepare();
        return end_now();
    }

    // Once it has ended.
    bool truncated() const noexcept;
    void* received() const noexcept { return part_.base; }
    const sockaddr* name() const noexcept { return reinterpret_cast<const sockaddr*>(name_); }
    std::uint32_t name_length() const noexcept;

private:
    void prepare() noexcept;

    struct Part {
        void* base;
        std::size_t size;
    };
    static constexpr std::size_t header_size = 56;
    static constexpr std::size_t name_capacity = 112;

    alignas(8) std::byte header_[header_size];
    Part part_;
    std::uint32_t flags_;
    std::uint32_t name_size_;  ///< to be sent; or the room for one
    alignas(8) std::byte name_[name_capacity];
};

/// Throws the Error of a datagram operation that ended with `result` < 0.
[[noreturn]] void throw_datagram_error(const char* operation, int descriptor, int result);

}  // namespace rondo::net::detail
