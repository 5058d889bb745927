// SPDX-License-Identifier: Apache-2.0
// Sizes and times are drawn by their order of magnitude: the small ones are as likely as the large.
#include "sim/sim_weather.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <span>

namespace rondo::detail {

using sim::Fault;

namespace {

std::uint64_t stream_of(std::uint64_t seed, Fault fault) noexcept {
    SimRandom mixer(seed ^ (0x77656174686572ULL * (1 + static_cast<std::uint64_t>(fault))));
    return mixer.next();
}

std::span<const int> errors_of(sim::Call call) noexcept {
    static constexpr int none_left[] = {EMFILE, ENFILE, ENOMEM};
    static constexpr int taken[] = {EADDRINUSE, EMFILE};
    static constexpr int no_way[] = {EADDRNOTAVAIL, ENETUNREACH, ENOBUFS};
    static constexpr int not_now[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
    static constexpr int no_memory[] = {ENOMEM};
    static constexpr int no_buffers[] = {ENOBUFS, ENOMEM};
    switch (call) {
        case sim::Call::socket:
        case sim::Call::socket_pair:
        case sim::Call::make_pipe: return none_left;
        case sim::Call::listen: return taken;
        case sim::Call::connect: return no_way;
        case sim::Call::accept: return not_now;
        case sim::Call::receive:
        case sim::Call::read: return no_memory;
        case sim::Call::send:
        case sim::Call::write: return no_buffers;
        default: return {};
    }
}

}  // namespace

SimWeather::SimWeather(sim::Faults faults, std::uint64_t seed) noexcept
    : faults_(faults),
      rough_(has(Fault::resets) || has(Fault::black_holes) || has(Fault::partitions)),
      dice_{
          SimRandom(stream_of(seed, Fault::latency)),
          SimRandom(stream_of(seed, Fault::bandwidth)),
          SimRandom(stream_of(seed, Fault::loss)),
          SimRandom(stream_of(seed, Fault::buffers)),
          SimRandom(stream_of(seed, Fault::short_io)),
          SimRandom(stream_of(seed, Fault::resets)),
          SimRandom(stream_of(seed, Fault::refusals)),
          SimRandom(stream_of(seed, Fault::black_holes)),
          SimRandom(stream_of(seed, Fault::partitions)),
          SimRandom(stream_of(seed, Fault::calls)),
      },
      resets_in_(std::size_t{8} << dice(Fault::resets).below(8)),
      silences_in_(std::size_t{16} << dice(Fault::black_holes).below(8)),
      partitions_in_(std::size_t{8} << dice(Fault::partitions).below(8)) {}

SimRandom& SimWeather::dice(Fault fault) noexcept {
    return dice_[std::countr_zero(static_cast<unsigned>(fault))];
}

// Of 2^0 … 2^(powers-1) one, and up to as much again.
std::uint64_t SimWeather::below_power(Fault fault, unsigned powers) noexcept {
    const std::uint64_t size = std::uint64_t{1} << dice(fault).below(powers);
    return size + dice(fault).below(size);
}

sim::Link SimWeather::draw_link(const sim::Link& usual) noexcept {
    sim::Link link = usual;
    if (has(Fault::latency)) {
        const std::uint64_t base = 50'000 * below_power(Fault::latency, 12);
        link.latency = Duration(base);
        link.jitter = Duration(dice(Fault::latency).below(base + 1));
        link.tail = Duration(base * dice(Fault::latency).below(20));
    }
    if (has(Fault::bandwidth)) {
        link.bandwidth = 8192 * below_power(Fault::bandwidth, 13);
    }
    if (has(Fault::loss)) {
        link.loss = static_cast<std::uint32_t>(1000 * below_power(Fault::loss, 7));
    }
    return link;
}

std::size_t SimWeather::draw_buffer(std::size_t usual) noexcept {
    return has(Fault::buffers) ? below_power(Fault::buffers, 16) : usual;
}

SimWeather::Portion SimWeather::draw_portion(sim::ShortIo usual) noexcept {
    if (has(Fault::short_io)) {
        return static_cast<Portion>(dice(Fault::short_io).below(4));
    }
    switch (usual) {
        case sim::ShortIo::one_byte: return Portion::one_byte;
        case sim::ShortIo::all_but_one: return Portion::all_but_one;
        default: return Portion::all;
    }
}

std::size_t SimWeather::shorten(Portion portion, std::size_t most) noexcept {
    switch (portion) {
        case Portion::one_byte: return 1;
        case Portion::all_but_one: return most - 1;
        case Portion::some: return 1 + dice(Fault::short_io).below(most);
        default: return most;
    }
}

int SimWeather::refuses() noexcept {
    if (!has(Fault::refusals) || !dice(Fault::refusals).one_in(6)) {
        return 0;
    }
    return dice(Fault::refusals).one_in(3) ? EHOSTUNREACH : ECONNREFUSED;
}

SimWeather::Stroke SimWeather::strike() noexcept {
    if (has(Fault::resets) && dice(Fault::resets).one_in(resets_in_)) {
        return Stroke::reset;
    }
    if (has(Fault::black_holes) && dice(Fault::black_holes).one_in(silences_in_)) {
        return Stroke::silence;
    }
    if (has(Fault::partitions) && dice(Fault::partitions).one_in(partitions_in_)) {
        return Stroke::partition;
    }
    return Stroke::none;
}

SimWeather::Partition SimWeather::draw_partition() noexcept {
    const Time lasts = 1'000'000 * static_cast<Time>(below_power(Fault::partitions, 14));
    const std::size_t which = dice(Fault::partitions).below(3);
    return {lasts, which != 1, which != 2};
}

std::uint64_t SimWeather::next_failure(sim::Call call) noexcept {
    if (!has(Fault::calls) || errors_of(call).empty()) {
        return 0;
    }
    return 1 + dice(Fault::calls).below(128);
}

int SimWeather::draw_error(sim::Call call) noexcept {
    const std::span<const int> errors = errors_of(call);
    return errors[dice(Fault::calls).below(errors.size())];
}

}  // namespace rondo::detail
