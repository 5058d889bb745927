// SPDX-License-Identifier: Apache-2.0
/// What happened, in order; and objects that tell when they die.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace rondo::test {

/// Words in the order in which they were said.
class Log {
public:
    void say(std::string_view word) {
        if (!text_.empty()) {
            text_ += ' ';
        }
        text_ += word;
    }
    const std::string& text() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }
    void clear() { text_.clear(); }

private:
    std::string text_;
};

/// Says its word when it is destroyed.
class AtEnd {
public:
    AtEnd(Log& log, std::string word) : log_(&log), word_(std::move(word)) {}
    AtEnd(AtEnd&& other) noexcept : log_(std::exchange(other.log_, nullptr)), word_(other.word_) {}
    AtEnd& operator=(AtEnd&&) = delete;
    ~AtEnd() {
        if (log_ != nullptr) {
            log_->say(word_);
        }
    }

private:
    Log* log_;
    std::string word_;
};

/// A value that owns heap memory and counts how many of its kind live.
class Tracked {
public:
    explicit Tracked(int number = 0) : number_(number) { ++live_; }
    Tracked(const Tracked& other) : number_(other.number_), text_(other.text_) { ++live_; }
    Tracked(Tracked&& other) noexcept
        : number_(std::exchange(other.number_, moved_from)), text_(std::move(other.text_)) {
        ++live_;
    }
    Tracked& operator=(const Tracked&) = default;
    Tracked& operator=(Tracked&&) noexcept = default;
    ~Tracked() { --live_; }

    int number() const noexcept { return number_; }
    /// False once it was moved from, or when its memory was spoilt.
    bool whole() const noexcept { return number_ != moved_from && text_.size() == sample.size(); }
    static long live() noexcept { return live_; }

private:
    static constexpr int moved_from = -999;
    static constexpr std::string_view sample =
        "long enough to live on the heap, as data often does";

    static inline std::atomic<long> live_{0};
    int number_;
    std::string text_{sample};
};

}  // namespace rondo::test
