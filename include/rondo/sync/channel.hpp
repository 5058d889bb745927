// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "rondo/sync/queue.hpp"

namespace rondo {

/// Carries values from any number of senders to any number of receivers on one loop, until it is
/// closed: the end of the stream is a value, not an error. With capacity 0 each send waits for its
/// receive.
template <class T>
class Channel : detail::BasicQueue<T, detail::Ring<T>> {
    using Base = detail::BasicQueue<T, detail::Ring<T>>;

    class [[nodiscard]] Receive : public Base::GetBase {
    public:
        using Base::GetBase::GetBase;
        std::optional<T> await_resume() { return std::move(this->item_); }
    };

public:
    /// At most `capacity` values are under way.
    explicit Channel(std::size_t capacity = 0, const char* name = nullptr) noexcept
        : Base(capacity, name) {}

    /// Waits for room. Errors: QueueClosed when the channel is, or becomes, closed.
    auto send(T value) { return this->put(std::move(value)); }
    /// False when a send would wait. Errors: QueueClosed.
    bool try_send(T value) { return this->try_put(std::move(value)); }

    /// The next value, or nothing when the channel is closed and all was received.
    auto receive() noexcept { return Receive(*this); }
    /// The next value, if one is there.
    std::optional<T> try_receive() {
        if (this->closed() && this->empty()) {
            return std::nullopt;
        }
        return this->try_get();
    }

    /// Ends the stream. Senders that wait get QueueClosed; what was sent can still be received.
    void close() { Base::close(); }
    using Base::closed;
    const char* name() const noexcept { return Base::name(); }
    using Base::size;
};

}  // namespace rondo
