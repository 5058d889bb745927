// SPDX-License-Identifier: Apache-2.0
//
// Three tasks feed and read the child while the fourth, the group's body, waits for its end. Then
// the others are cancelled rather than waited for: a process that the child left behind may hold
// the pipes open for ever. As a cancelled read has read nothing, no byte is lost by it; and what
// the child itself had written lies in the pipe, whose size tells how much may be read without
// waiting.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/child_process.hpp"
#include "os/child.hpp"
#include "rondo/base/error.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/os/process.hpp"

namespace rondo::os {
namespace {

constexpr std::size_t first_space = 4096;
constexpr std::size_t largest_step = 1024 * 1024;

/// A text that grows at its end.
class Collected {
public:
    Collected(PipeStream& from, std::size_t limit) noexcept
        : from_(&from), limit_(std::min(limit, SIZE_MAX - 1)) {}

    /// To the end of the stream.
    Task<> read_all() {
        while (from_->is_open()) {
            co_await read(largest_step);
        }
    }

    /// At most what lies in the pipe now.
    Task<> read_rest() {
        if (!from_->is_open()) {
            co_return;
        }
        const int there = rondo::detail::bytes_in_pipe(from_->descriptor());
        if (there < 0) {
            throw Error("read", from_->name(), -there);
        }
        auto left = static_cast<std::size_t>(there);
        while (left > 0 && from_->is_open()) {
            const std::size_t before = size_;
            co_await read(left);
            left -= std::min(left, size_ - before);
        }
    }

    std::string take() {
        text_.resize(size_);
        return std::move(text_);
    }

private:
    // Up to one byte more than the limit, so that exactly as much is no error.
    Task<> read(std::size_t most) {
        if (text_.size() - size_ < std::min(first_space, most)) {
            const std::size_t step = std::clamp(text_.size(), first_space, largest_step);
            text_.resize(std::min(text_.size() + step, limit_ + 1));
        }
        const std::size_t space = std::min(text_.size() - size_, most);
        auto* const at = reinterpret_cast<std::byte*>(text_.data()) + size_;
        const std::size_t got = co_await from_->read_some(MutableBytes(at, space));
        size_ += got;
        if (got == 0) {
            from_->close();
        }
        if (size_ > limit_) {
            throw Error(Errc::exhausted, "read", from_->name(),
                        "more than the limit of " + std::to_string(limit_) + " bytes");
        }
    }

    PipeStream* from_;
    std::size_t limit_;
    std::string text_;  ///< of which the first size_ bytes are used
    std::size_t size_ = 0;
};

Task<> feed(PipeStream& to, Bytes input) {
    try {
        co_await to.write_all(input);
    } catch (const Error& error) {
        if (error.code() != Errc::closed) {
            throw;
        }
    }
    to.close();
}

Task<> exchange(Process& process, const CommunicateOptions& options, Collected& out,
                Collected& err) {
    // NOLINTBEGIN(cppcoreguidelines-avoid-capturing-lambda-coroutines): they outlive their
    // coroutines
    co_await task_group([&](TaskGroup& group) -> Task<> {
        if (process.in.is_open()) {
            group.spawn(feed(process.in, options.input));
        }
        auto read_both = [&]() -> Task<> { co_await gather(out.read_all(), err.read_all()); };
        auto reading = group.spawn(read_both);
        co_await process.wait();
        if (options.linger > Duration::zero()) {
            co_await move_on_after(options.linger, std::move(reading));
        }
        group.cancel();
    });
    // NOLINTEND(cppcoreguidelines-avoid-capturing-lambda-coroutines)
    process.in.close();
    co_await out.read_rest();
    co_await err.read_rest();
}

}  // namespace

Task<Output> Process::communicate(CommunicateOptions options) {
    Collected from_out(out, options.output_max);
    Collected from_err(err, options.output_max);
    // NOLINTBEGIN(cppcoreguidelines-avoid-capturing-lambda-coroutines): they outlive their
    // coroutines
    auto body = [&]() -> Task<> { co_await exchange(*this, options, from_out, from_err); };
    auto cleanup = [&]() -> Task<> {
        if (child_->ended()) {
            co_return;
        }
        co_await stop(options.grace);
    };
    // NOLINTEND(cppcoreguidelines-avoid-capturing-lambda-coroutines)
    const Duration bound = detail::stop_bound(options.grace);
    co_await finally(body, cleanup, bound);
    Output output;
    output.status = co_await wait();
    output.out = from_out.take();
    output.err = from_err.take();
    co_return output;
}

}  // namespace rondo::os
