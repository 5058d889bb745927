// SPDX-License-Identifier: Apache-2.0
/// The script of names of one simulated run, and its answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "rondo/sim/names.hpp"
#include "sim/random.hpp"

namespace rondo::detail {

class SimNames final : public NameScript, public sim::Names {
public:
    /// Who is told of each question, with what is drawn for it.
    struct Witness {
        void* who = nullptr;
        void (*saw)(void* who, std::string_view name, RecordType type,
                    std::int64_t after) = nullptr;
    };

    /// `clock` shows the run's time, ns.
    SimNames(std::uint64_t seed, const std::int64_t& clock, Witness witness) noexcept
        : dice_(seed), clock_(clock), witness_(witness) {}

    Reply ask(std::string_view name, RecordType type) override;

    void set(std::string_view host, sim::Name name) override;
    void set_after(Duration after, std::string_view host, sim::Name name) override;
    void remove(std::string_view host) override;
    std::size_t questions(std::string_view host) const override;
    std::size_t questions() const override { return asked_; }

private:
    /// What a name is from some time on.
    using History = std::map<std::int64_t, sim::Name>;

    const sim::Name* find(std::string_view name) const noexcept;

    SimRandom dice_;
    const std::int64_t& clock_;
    Witness witness_;
    std::map<std::string, History, std::less<>> names_;
    std::map<std::string, std::size_t, std::less<>> counts_;
    std::size_t asked_ = 0;
};

}  // namespace rondo::detail
