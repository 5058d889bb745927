// SPDX-License-Identifier: Apache-2.0
/// What every fuzz target is made of. A target is a file of this folder that defines try_input(); a
/// wrong answer of the library is found by RONDO_ASSERT, a wrong access by the sanitizers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"

namespace rondo::test {

/// One try. It is the same each time, and leaves nothing behind.
void try_input(std::string_view input);

/// The input as a source of decisions: bytes from its beginning, zeros beyond its end.
class Choices {
public:
    explicit Choices(std::string_view input) noexcept : rest_(input) {}

    bool empty() const noexcept { return rest_.empty(); }
    std::uint8_t byte() noexcept {
        if (rest_.empty()) {
            return 0;
        }
        const auto first = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return first;
    }
    std::uint16_t two() noexcept {
        const unsigned high = byte();
        return static_cast<std::uint16_t>(high << 8 | byte());
    }
    /// At most `count` bytes.
    std::string_view text(std::size_t count) noexcept {
        const std::string_view part = rest_.substr(0, count);
        rest_.remove_prefix(part.size());
        return part;
    }
    /// Up to the next line end, which is taken too.
    std::string_view line() noexcept {
        const std::string_view part = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(std::min(part.size() + 1, rest_.size()));
        return part;
    }
    std::string_view rest() const noexcept { return rest_; }

private:
    std::string_view rest_;
};

/// Whether `f` throws an Error; with another code than `expected` it is a bug.
template <class F>
bool refuses(F&& f, Errc expected = Errc::invalid) {
    try {
        f();
        return false;
    } catch (const Error& error) {
        RONDO_ASSERT(error.code() == expected, error.what());
        return true;
    }
}

}  // namespace rondo::test
