// SPDX-License-Identifier: Apache-2.0
/// A value whose moves throw when a test says so.
#pragma once

#include <cstddef>
#include <exception>
#include <set>
#include <utility>

namespace rondo::test {

class MoveFailed : public std::exception {
public:
    const char* what() const noexcept override { return "a move failed"; }
};

/// It only moves: the n-th move from arm(n) on throws and leaves its source as it was, later ones
/// do not. On one thread.
class Fragile {
public:
    explicit Fragile(int number) : number_(number) { live_.insert(this); }
    Fragile(Fragile&& other) : number_(other.number_) {
        if (moves_left_ > 0 && --moves_left_ == 0) {
            throw MoveFailed();
        }
        other.number_ = moved_from;
        faults_ += live_.count(&other) == 0 ? 1 : 0;
        live_.insert(this);
    }
    Fragile& operator=(Fragile&&) = delete;
    ~Fragile() { faults_ += live_.erase(this) == 0 ? 1 : 0; }

    int number() const noexcept { return number_; }
    bool whole() const noexcept { return number_ != moved_from; }

    static void arm(int moves) noexcept { moves_left_ = moves; }
    /// True if no move threw since arm().
    static bool disarm() noexcept { return std::exchange(moves_left_, 0) > 0; }
    static std::size_t live() noexcept { return live_.size(); }
    /// How many died twice, or were moved from when dead.
    static int faults() noexcept { return faults_; }

private:
    static constexpr int moved_from = -1;
    static inline int moves_left_ = 0;  ///< 0: none throws
    static inline int faults_ = 0;
    static inline std::set<const Fragile*> live_;
    int number_;
};

}  // namespace rondo::test
