// SPDX-License-Identifier: Apache-2.0
/// What may go wrong in the simulated network by itself, as a set of classes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace rondo::sim {

/// One class of what a network does to programs. How much of it, where and when, is drawn from the
/// seed; each class draws from a stream of its own, so that leaving one out changes no other.
enum class Fault : std::uint16_t {
    latency = 1 << 0,      ///< each link takes its time: up to 0.2 s, with jitter and a rare tail
    bandwidth = 1 << 1,    ///< each link has a bandwidth between 8 KiB/s and 64 MiB/s
    loss = 1 << 2,         ///< segments are lost; TCP sends them again, later
    buffers = 1 << 3,      ///< the buffers of sockets hold between 1 byte and 64 KiB
    short_io = 1 << 4,     ///< reads and writes move one byte, or all but one, or some
    resets = 1 << 5,       ///< connections are reset
    refusals = 1 << 6,     ///< connects are refused, or find the host unreachable
    black_holes = 1 << 7,  ///< connections fall silent: no end, no error, bytes vanish
    partitions = 1 << 8,   ///< links are cut, one way or both, for up to 16 s
    calls = 1 << 9,        ///< calls fail for want of descriptors, memory, ports or buffers
};

/// A set of classes.
class Faults {
public:
    constexpr Faults() noexcept = default;
    constexpr Faults(std::initializer_list<Fault> faults) noexcept {
        for (const Fault fault : faults) {
            bits_ |= static_cast<std::uint16_t>(fault);
        }
    }

    /// What every program must bear: all that is lost or late arrives in the end.
    static constexpr Faults slow() noexcept {
        return {Fault::latency, Fault::bandwidth, Fault::loss, Fault::buffers, Fault::short_io};
    }
    /// All classes. Programs see errors; without timeouts they wait for ever.
    static constexpr Faults all() noexcept {
        Faults faults;
        faults.bits_ = all_bits;
        return faults;
    }

    constexpr bool has(Fault fault) const noexcept {
        return (bits_ & static_cast<std::uint16_t>(fault)) != 0;
    }
    constexpr bool empty() const noexcept { return bits_ == 0; }
    constexpr Faults with(Fault fault) const noexcept {
        Faults more = *this;
        more.bits_ |= static_cast<std::uint16_t>(fault);
        return more;
    }
    constexpr Faults without(Fault fault) const noexcept {
        Faults less = *this;
        less.bits_ &= static_cast<std::uint16_t>(~static_cast<unsigned>(fault));
        return less;
    }
    friend constexpr bool operator==(Faults, Faults) noexcept = default;

private:
    static constexpr std::uint16_t all_bits = (1 << 10) - 1;
    std::uint16_t bits_ = 0;
};

/// Every class, in the order of the enumeration.
inline constexpr Fault all_faults[] = {
    Fault::latency, Fault::bandwidth, Fault::loss,        Fault::buffers,    Fault::short_io,
    Fault::resets,  Fault::refusals,  Fault::black_holes, Fault::partitions, Fault::calls,
};

/// "latency" for Fault::latency.
std::string_view to_string(Fault fault) noexcept;

/// "latency+resets"; "" for none.
std::string to_string(Faults faults);

}  // namespace rondo::sim
