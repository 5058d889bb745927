// SPDX-License-Identifier: Apache-2.0
/// A stream whose peer must not be silent for too long.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "rondo/io/stream.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::net {

/// How long one call may take. Members are trivially destructible.
struct StreamLimits {
    Duration read = std::chrono::seconds(60);   ///< until some bytes came, or the end
    Duration write = std::chrono::seconds(60);  ///< until the system took all bytes of the call
};

/// Owns a stream of any type, and bounds each read and each write of it: for connections whose
/// peers may fall asleep. A stream itself.
///
/// Errors: TimeoutError; after one of a write the stream is no longer writable.
template <io::ByteStream S>
class TimedStream {
public:
    explicit TimedStream(S stream, StreamLimits limits = {})
        : stream_(std::move(stream)), limits_(limits) {}

    auto read_some(MutableBytes to) { return timeout(limits_.read, stream_.read_some(to)); }
    auto read_leased()
        requires requires(S& stream) { stream.read_leased(); }
    {
        return timeout(limits_.read, stream_.read_leased());
    }
    auto write_all(Bytes bytes) { return timeout(limits_.write, stream_.write_all(bytes)); }
    auto shutdown_write() { return stream_.shutdown_write(); }
    void close() noexcept { stream_.close(); }
    bool is_open() const noexcept { return stream_.is_open(); }
    std::string name() const { return stream_.name(); }

    /// The stream inside.
    S& stream() noexcept { return stream_; }

private:
    S stream_;
    StreamLimits limits_;
};

}  // namespace rondo::net
