// SPDX-License-Identifier: Apache-2.0
/// What a simulated run did, as a hash; and step by step for whoever listens.
#pragma once

#include <cstdint>
#include <string_view>

namespace rondo::detail {

enum class TraceEvent : std::uint8_t { task, call, edge, entropy, note, delivery, fault };

/// One thing that happened. Nothing in it depends on addresses.
struct TraceStep {
    std::int64_t time = 0;      ///< virtual, ns since the run began
    std::uint64_t subject = 0;  ///< the number of a task, or a descriptor
    std::int64_t value = 0;     ///< a call's result, a note's hash, how many bytes arrive
    TraceEvent event = TraceEvent::task;

    bool operator==(const TraceStep&) const = default;
};

class TraceListener {
public:
    virtual ~TraceListener() = default;
    /// `text`: the task's name, the call's name, the note, what goes wrong.
    virtual void on_step(const TraceStep& step, std::string_view text) = 0;
};

class Trace {
public:
    explicit Trace(TraceListener* listener) noexcept : listener_(listener) {}

    void record(const TraceStep& step, std::string_view text) {
        ++steps_;
        mix(static_cast<std::uint64_t>(step.time));
        mix(step.subject ^ static_cast<std::uint64_t>(step.event) << 56);
        mix(static_cast<std::uint64_t>(step.value));
        if (listener_ != nullptr) {
            listener_->on_step(step, text);
        }
    }
    bool listened_to() const noexcept { return listener_ != nullptr; }
    std::uint64_t steps() const noexcept { return steps_; }
    std::uint64_t hash() const noexcept { return hash_; }

private:
    void mix(std::uint64_t word) noexcept {
        hash_ = (hash_ ^ word) * 0x9e3779b97f4a7c15;
        hash_ ^= hash_ >> 29;
    }

    TraceListener* listener_;
    std::uint64_t steps_ = 0;
    std::uint64_t hash_ = 0x243f6a8885a308d3;
};

/// The same on every machine, unlike std::hash.
inline std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char letter : text) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    }
    return hash;
}

}  // namespace rondo::detail
