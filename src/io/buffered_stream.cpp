// SPDX-License-Identifier: Apache-2.0
//
// Whatever is read lies in buffer_ until the call that reads it cannot be stopped any more. Two
// calls assemble their result elsewhere, because it may be large; a PartialRead puts back what they
// have when they are stopped or fail.
#include "rondo/io/buffered_stream.hpp"

#include <algorithm>
#include <cerrno>

#include "rondo/base/assert.hpp"

namespace rondo::io {
namespace {

// From this size on a read goes straight to the caller's memory: nothing is read ahead.
constexpr std::size_t large_read = std::size_t{16} * 1024;

// The object is in the way, or memory was: the stream itself is as before.
bool is_passing(Errc code) noexcept { return code == Errc::busy || code == Errc::exhausted; }

}  // namespace

/// One reader at a time: a second one would take what the first waits to complete.
class BufferedStream::Reading {
public:
    explicit Reading(BufferedStream& stream) : stream_(stream) {
        if (std::exchange(stream.reading_, true)) {
            throw Error("read", stream.name(), EBUSY);
        }
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() { stream_.reading_ = false; }

private:
    BufferedStream& stream_;
};

/// The bytes that a call has taken so far. Unless it completes they go back.
class BufferedStream::PartialRead {
public:
    PartialRead(BufferedStream& stream, Bytes& taken) noexcept : stream_(stream), taken_(taken) {}
    PartialRead(const PartialRead&) = delete;
    PartialRead& operator=(const PartialRead&) = delete;
    ~PartialRead() {
        if (!complete_) {
            stream_.buffer_.put_back(taken_);
        }
    }
    void complete() noexcept { complete_ = true; }

private:
    BufferedStream& stream_;
    Bytes& taken_;
    bool complete_ = false;
};

// ---------------------------------------------------------------------------- receiving

// Receives into `to`, or into the buffer when that is empty; gives the number of bytes.
Task<std::size_t> BufferedStream::receive_into(MutableBytes to) {
    if (failure_ != nullptr) {
        std::rethrow_exception(failure_);
    }
    std::size_t received = 0;
    if (ended_) {
        co_return received;
    }
    buffer_.keep();
    try {
        if (to.empty()) {
            Lease lease = co_await stream_.read_leased();
            received = lease.size();
            buffer_.add(std::move(lease));
        } else {
            received = co_await stream_.read_some(to);
        }
    } catch (const TimeoutError&) {
        throw;  // of a deadline below: the bytes may yet come
    } catch (const Error& error) {
        if (is_open() && !is_passing(error.code())) {
            failure_ = std::current_exception();
        }
        throw;
    }
    ended_ = received == 0;
    co_return received;
}

void BufferedStream::fail_limit(std::size_t limit, std::size_t consumed) const {
    throw LimitOverrunError(name(), limit, consumed);
}

void BufferedStream::fail_incomplete(std::string partial, std::optional<std::size_t> expected) {
    buffer_.clear();
    throw IncompleteReadError(name(), std::move(partial), expected);
}

// -------------------------------------------------------------------------------- lines

// The CR before a LF does not count; a CR at the end may have its LF yet to come.
std::optional<BufferedStream::Line> BufferedStream::find_line(std::size_t& searched,
                                                              std::size_t limit) const {
    const std::size_t found = buffer_.find("\n", searched);
    const bool is_found = found != detail::ReadBuffer::npos;
    const std::size_t before = is_found ? found : buffer_.size();
    const bool has_return = before > 0 && buffer_.at(before - 1) == '\r';
    const std::size_t length = before - (has_return ? 1 : 0);
    if (length > limit) {
        fail_limit(limit, before);
    }
    searched = before;
    return is_found ? std::optional(Line{length, has_return ? std::size_t{2} : std::size_t{1}})
                    : std::nullopt;
}

std::optional<BufferedStream::Line> BufferedStream::last_line(std::size_t limit) const {
    if (buffer_.empty()) {
        return std::nullopt;
    }
    if (buffer_.size() > limit) {
        fail_limit(limit, buffer_.size());
    }
    return Line{buffer_.size(), 0};
}

Task<std::optional<std::string>> BufferedStream::read_line(std::size_t limit) {
    const Reading reading(*this);
    std::size_t searched = 0;
    std::optional<Line> line = find_line(searched, limit);
    while (!line) {
        const std::size_t more = co_await receive_into();
        line = more > 0 ? find_line(searched, limit) : last_line(limit);
        if (more == 0 && !line) {
            co_return std::nullopt;
        }
    }
    std::string text;
    buffer_.take(line->length, text);
    buffer_.consume(line->end);
    buffer_.keep_if_small();
    co_return text;
}

// keep_if_small() would move the line that is given: it comes before.
Task<std::optional<std::string_view>> BufferedStream::view_line(std::size_t limit) {
    const Reading reading(*this);
    buffer_.keep_if_small();
    std::size_t searched = 0;
    std::optional<Line> line = find_line(searched, limit);
    while (!line) {
        const std::size_t more = co_await receive_into();
        buffer_.keep_if_small();
        line = more > 0 ? find_line(searched, limit) : last_line(limit);
        if (more == 0 && !line) {
            co_return std::nullopt;
        }
    }
    const std::string_view text = buffer_.front(line->length + line->end).substr(0, line->length);
    buffer_.consume(line->length + line->end);
    co_return text;
}

// ------------------------------------------------------------- delimiters, lengths, the end

Task<std::string> BufferedStream::read_until(std::string_view delimiter, std::size_t limit) {
    RONDO_REQUIRE(!delimiter.empty(), "read_until of an empty delimiter");
    const Reading reading(*this);
    std::size_t searched = 0;
    for (;;) {
        const std::size_t found = buffer_.find(delimiter, searched);
        const bool is_found = found != detail::ReadBuffer::npos;
        const std::size_t free_of_it =
            buffer_.size() - std::min(buffer_.size(), delimiter.size() - 1);
        const std::size_t before = is_found ? found : free_of_it;
        if (before > limit) {
            fail_limit(limit, before);
        }
        if (is_found) {
            std::string text;
            buffer_.take(found + delimiter.size(), text);
            buffer_.keep_if_small();
            co_return text;
        }
        searched = before;
        const std::size_t more = co_await receive_into();
        if (more == 0) {
            std::string partial;
            buffer_.take(buffer_.size(), partial);
            fail_incomplete(std::move(partial), std::nullopt);
        }
    }
}

Task<std::string> BufferedStream::read_exactly(std::size_t count) {
    const Reading reading(*this);
    std::string text;
    Bytes taken;
    PartialRead partial(*this, taken);
    for (;;) {
        buffer_.take(std::min(count - text.size(), buffer_.size()), text);
        taken = Bytes(text);
        if (text.size() == count) {
            break;
        }
        const std::size_t more = co_await receive_into();
        if (more == 0) {
            partial.complete();
            fail_incomplete(std::move(text), count);
        }
    }
    partial.complete();
    buffer_.keep_if_small();
    co_return text;
}

Task<> BufferedStream::read_exactly(MutableBytes to) {
    const Reading reading(*this);
    Bytes taken;
    PartialRead partial(*this, taken);
    for (std::size_t got = buffer_.take(to); got < to.size();) {
        taken = Bytes(to.data(), got);
        const MutableBytes rest = to.from(got);
        const bool large = rest.size() >= large_read;
        const std::size_t received = co_await receive_into(large ? rest : MutableBytes());
        got += large ? received : buffer_.take(rest);
        if (received == 0) {
            partial.complete();
            fail_incomplete(std::string(taken.text()), to.size());
        }
    }
    partial.complete();
    buffer_.keep_if_small();
}

Task<std::string> BufferedStream::read_all(std::size_t limit) {
    const Reading reading(*this);
    std::string text;
    Bytes taken;
    PartialRead partial(*this, taken);
    for (;;) {
        if (buffer_.size() > limit - text.size()) {
            fail_limit(limit, text.size() + buffer_.size());
        }
        buffer_.take(buffer_.size(), text);
        taken = Bytes(text);
        const std::size_t more = co_await receive_into();
        if (more == 0) {
            break;
        }
    }
    partial.complete();
    co_return text;
}

// ------------------------------------------------------------------------- what is there

Task<std::size_t> BufferedStream::read_some(MutableBytes to) {
    RONDO_REQUIRE(!to.empty(), "read_some into an empty buffer: its 0 would mean end of stream");
    const Reading reading(*this);
    if (buffer_.empty()) {
        const bool large = to.size() >= large_read;
        const std::size_t received = co_await receive_into(large ? to : MutableBytes());
        if (large) {
            co_return received;
        }
    }
    const std::size_t got = buffer_.take(to);
    buffer_.keep_if_small();
    co_return got;
}

Task<Lease> BufferedStream::read_leased() {
    const Reading reading(*this);
    if (buffer_.empty()) {
        co_await receive_into();
    }
    Lease lease = buffer_.take_lease();
    if (lease.empty() && !buffer_.empty()) {
        lease = Lease::take();
        lease.resize(buffer_.take(lease.space()));
    }
    buffer_.keep_if_small();
    co_return lease;
}

Task<std::string_view> BufferedStream::peek(std::size_t at_least) {
    const Reading reading(*this);
    while (buffer_.size() < at_least) {
        const std::size_t more = co_await receive_into();
        if (more == 0) {
            break;
        }
    }
    buffer_.keep_if_small();
    co_return buffer_.front(std::min(at_least, buffer_.size()));
}

void BufferedStream::consume(std::size_t count) {
    RONDO_REQUIRE(count <= buffered(), "consume of more than is buffered");
    buffer_.consume(count);
}

void BufferedStream::close() noexcept {
    stream_.close();
    buffer_.clear();
    failure_ = nullptr;
    ended_ = false;
}

}  // namespace rondo::io
