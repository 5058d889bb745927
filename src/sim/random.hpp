// SPDX-License-Identifier: Apache-2.0
/// The simulation's dice: the same seed throws the same numbers on every machine (SplitMix64).
#pragma once

#include <cstddef>
#include <cstdint>

namespace rondo::detail {

class SimRandom {
public:
    explicit SimRandom(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }

    /// A number below `count`, which is > 0.
    std::size_t below(std::size_t count) noexcept {
        return static_cast<std::size_t>(next() % count);
    }

    /// True once in `n` times.
    bool one_in(std::size_t n) noexcept { return below(n) == 0; }

private:
    std::uint64_t state_;
};

}  // namespace rondo::detail
