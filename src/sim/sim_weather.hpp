// SPDX-License-Identifier: Apache-2.0
/// What goes wrong in the simulated network by itself: sim::Faults, drawn from the seed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rondo/sim/faults.hpp"
#include "rondo/sim/network_options.hpp"
#include "sim/random.hpp"

namespace rondo::detail {

class SimWeather {
public:
    using Time = std::int64_t;

    /// What reads and writes of one socket move of what they could.
    enum class Portion : std::uint8_t { all, one_byte, all_but_one, some };

    /// What happens to a connection.
    enum class Stroke : std::uint8_t { none, reset, silence, partition };

    struct Partition {
        Time lasts;
        bool there;  ///< from the sender to the receiver; else back
        bool back;
    };

    SimWeather(sim::Faults faults, std::uint64_t seed) noexcept;

    bool has(sim::Fault fault) const noexcept { return faults_.has(fault); }
    /// False: strike() is none for ever.
    bool is_rough() const noexcept { return rough_; }

    sim::Link draw_link(const sim::Link& usual) noexcept;
    std::size_t draw_buffer(std::size_t usual) noexcept;
    Portion draw_portion(sim::ShortIo usual) noexcept;
    /// `most` > 1 bytes could be moved: how many are.
    std::size_t shorten(Portion portion, std::size_t most) noexcept;

    /// 0, or the errno with which a connect ends.
    int refuses() noexcept;
    /// Asked for each segment sent.
    Stroke strike() noexcept;
    Partition draw_partition() noexcept;

    /// After how many calls of a kind the next one fails, and with which errno. 0: never.
    std::uint64_t next_failure(sim::Call call) noexcept;
    int draw_error(sim::Call call) noexcept;

private:
    SimRandom& dice(sim::Fault fault) noexcept;
    std::uint64_t below_power(sim::Fault fault, unsigned powers) noexcept;

    static constexpr std::size_t classes = std::size(sim::all_faults);

    sim::Faults faults_;
    bool rough_;
    SimRandom dice_[classes];
    std::size_t resets_in_;  ///< one segment in so many
    std::size_t silences_in_;
    std::size_t partitions_in_;
};

}  // namespace rondo::detail
