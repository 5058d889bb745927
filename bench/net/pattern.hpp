// SPDX-License-Identifier: Apache-2.0
/// Bytes that tell where in their stream they stand: what is lost, doubled or mixed up is seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace bench {

/// A stream of bytes with a prime period, so that no power of two hides a shift.
class Pattern {
public:
    /// For pieces of at most `longest` bytes.
    explicit Pattern(std::size_t longest) : bytes_(period + longest) {
        for (std::size_t i = 0; i < bytes_.size(); ++i) {
            std::uint64_t z = (i % period + 1) * 0x9e3779b97f4a7c15U;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
            bytes_[i] = static_cast<char>(z >> 56);
        }
    }

    /// The bytes from `position` on.
    const char* at(std::uint64_t position) const { return bytes_.data() + position % period; }

    bool matches(const char* bytes, std::size_t size, std::uint64_t position) const {
        return std::memcmp(bytes, at(position), size) == 0;
    }

private:
    static constexpr std::uint64_t period = 65521;
    std::vector<char> bytes_;
};

}  // namespace bench
