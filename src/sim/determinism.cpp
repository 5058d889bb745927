// SPDX-License-Identifier: Apache-2.0
#include "rondo/sim/determinism.hpp"

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "sim/random.hpp"
#include "sim/trace.hpp"

namespace rondo::sim {
namespace {

using rondo::detail::TraceEvent;
using rondo::detail::TraceStep;

std::string connection(std::uint64_t subject) {
    return static_cast<std::int64_t>(subject) < 0 ? "no descriptor"
                                                  : "descriptor " + std::to_string(subject);
}

std::string describe(const TraceStep& step, std::string_view text) {
    const std::string subject = std::to_string(step.subject);
    const std::string value = std::to_string(step.value);
    std::string what;
    switch (step.event) {
        case TraceEvent::task:
            what = "task " + subject;
            if (!text.empty()) {
                what.append(" \"").append(text).append("\"");
            }
            what.append(step.value != 0 ? " begins, or goes on after a yield" : " goes on");
            break;
        case TraceEvent::call:
            what.append(text).append(" on descriptor " + subject + " gives " + value);
            break;
        case TraceEvent::edge: what = "an event of descriptor " + subject; break;
        case TraceEvent::entropy: what = "a random number is drawn"; break;
        case TraceEvent::note: what.append("note: ").append(text); break;
        case TraceEvent::delivery:
            what = value + " bytes arrive for " + connection(step.subject);
            break;
        case TraceEvent::fault:
            what.append(text).append(", of " + connection(step.subject) + ", with " + value);
            break;
    }
    char time[40];
    std::snprintf(time, sizeof time, "at %.9f s: ", static_cast<double>(step.time) / 1e9);
    return time + what;
}

// Keeps what the first run did.
class Tape : public rondo::detail::TraceListener {
public:
    void on_step(const TraceStep& step, std::string_view text) override {
        if (!text.empty()) {
            texts_.emplace(steps_.size(), text);
        }
        steps_.push_back(step);
    }
    std::size_t size() const noexcept { return steps_.size(); }
    const TraceStep& operator[](std::size_t step) const { return steps_[step]; }
    std::string describe_step(std::size_t step) const {
        if (step >= steps_.size()) {
            return "nothing: it had ended";
        }
        const auto text = texts_.find(step);
        return describe(steps_[step], text != texts_.end() ? text->second : std::string());
    }

private:
    std::vector<TraceStep> steps_;
    std::map<std::size_t, std::string> texts_;
};

// Compares the second run with it.
class Comparison : public rondo::detail::TraceListener {
public:
    explicit Comparison(const Tape& tape) noexcept : tape_(tape) {}

    void on_step(const TraceStep& step, std::string_view text) override {
        if (difference_.empty() && (step_ >= tape_.size() || tape_[step_] != step)) {
            differ(describe(step, text));
        }
        ++step_;
    }
    std::string finish() {
        if (difference_.empty() && step_ < tape_.size()) {
            differ("nothing: it had ended");
        }
        return std::move(difference_);
    }

private:
    void differ(const std::string& second) {
        difference_ = "step " + std::to_string(step_ + 1) +
                      "\n  first run:  " + tape_.describe_step(step_) + "\n  second run: " + second;
    }

    const Tape& tape_;
    std::size_t step_ = 0;
    std::string difference_;
};

// Takes blocks of many sizes and gives every other one back, in a drawn order: who asks for memory
// now gets addresses in that order.
class OtherMemory {
public:
    OtherMemory() {
        rondo::detail::SimRandom dice(7);
        std::vector<std::unique_ptr<char[]>> back;
        for (std::size_t bytes = 16; bytes <= 1024; bytes += 16) {
            for (int i = 0; i < 40; ++i) {
                auto& where = i % 2 == 0 ? kept_ : back;
                where.emplace_back(new char[bytes]);
            }
        }
        while (!back.empty()) {
            std::swap(back[dice.below(back.size())], back.back());
            back.pop_back();
        }
        for (std::size_t bytes = 16; bytes <= 1024; bytes += 16) {
            frames_.push_back({rondo::detail::local.pool.take(bytes), bytes});
        }
    }
    OtherMemory(const OtherMemory&) = delete;
    OtherMemory& operator=(const OtherMemory&) = delete;
    ~OtherMemory() {
        for (const auto& [frame, bytes] : frames_) {
            rondo::detail::local.pool.give(frame, bytes);
        }
    }

private:
    std::vector<std::unique_ptr<char[]>> kept_;
    std::vector<std::pair<void*, std::size_t>> frames_;
};

Report run_once(const Scenario& scenario, const Options& options,
                rondo::detail::TraceListener& listener) {
    Report report;
    std::string ending = "the main task ended";
    try {
        detail::Session session(options, report, &listener);
        detail::run_in(session, std::cref(scenario));
    } catch (const std::exception& error) {
        ending = error.what();
    } catch (...) {
        ending = "an exception that is no std::exception";
    }
    TraceStep last{report.elapsed.count(), 0, 0, TraceEvent::note};
    last.value = static_cast<std::int64_t>(rondo::detail::hash_of(ending));
    listener.on_step(last, ending);
    return report;
}

}  // namespace

Determinism check_determinism(const Scenario& scenario, const Options& options) {
    Determinism result;
    Tape tape;
    result.first = run_once(scenario, options, tape);
    Comparison comparison(tape);
    const OtherMemory other;
    run_once(scenario, options, comparison);
    result.difference = comparison.finish();
    result.same = result.difference.empty();
    return result;
}

}  // namespace rondo::sim
