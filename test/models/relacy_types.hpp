// SPDX-License-Identifier: Apache-2.0
/// Relacy's atomics and mutexes with the interface of the standard ones, for our templates.
/// Include it last: Relacy defines macros for ordinary words.
#pragma once

#include <atomic>
#include <cstddef>

namespace rondo::model {

// Written down before Relacy makes macros of these names.
inline constexpr std::memory_order relaxed = std::memory_order_relaxed;
inline constexpr std::memory_order seq_cst = std::memory_order_seq_cst;

}  // namespace rondo::model

#include <relacy/relacy.hpp>

namespace rondo::model {

inline rl::memory_order order_of(std::memory_order order) {
    return static_cast<rl::memory_order>(static_cast<int>(order));
}
static_assert(static_cast<int>(seq_cst) == static_cast<int>(rl::mo_seq_cst));
static_assert(static_cast<int>(relaxed) == static_cast<int>(rl::mo_relaxed));

/// `Weaken` says which order an access gets instead of the one it asks for.
template <class T, class Weaken>
class AtomicOf {
public:
    AtomicOf(T value) { value_.store(value, rl::mo_relaxed, $); }
    T load(std::memory_order order) const { return value_.load(order_of(Weaken::load(order)), $); }
    void store(T value, std::memory_order order) {
        value_.store(value, order_of(Weaken::store(order)), $);
    }
    T exchange(T value, std::memory_order order) {
        return value_.rmw(rl::rmw_type_t<rl::rmw_type_swap>(), value, order_of(order), $);
    }
    T fetch_add(T value, std::memory_order order) {
        return value_.rmw(rl::rmw_type_t<rl::rmw_type_add>(), value, order_of(order), $);
    }
    T fetch_sub(T value, std::memory_order order) {
        return value_.rmw(rl::rmw_type_t<rl::rmw_type_sub>(), value, order_of(order), $);
    }

private:
    rl::atomic<T> value_;
};

struct AsWritten {
    static std::memory_order load(std::memory_order order) { return order; }
    static std::memory_order store(std::memory_order order) { return order; }
};
struct WeakLoads : AsWritten {
    static std::memory_order load(std::memory_order) { return relaxed; }
};
struct WeakStores : AsWritten {
    static std::memory_order store(std::memory_order) { return relaxed; }
};

template <class T>
using Atomic = AtomicOf<T, AsWritten>;
template <class T>
using AtomicWithWeakLoads = AtomicOf<T, WeakLoads>;
template <class T>
using AtomicWithWeakStores = AtomicOf<T, WeakStores>;

class Mutex {
public:
    void lock() { mutex_.lock($); }
    void unlock() { mutex_.unlock($); }
    static void let_others_run() { rl::yield(1, $); }

private:
    rl::mutex mutex_;
};

/// The edge that an eventfd raises and a wait collects: writes before the wait are one edge.
class Edge {
public:
    void init() { event_.init(false, false, $); }
    void deinit() { event_.deinit($); }
    void write() { event_.set($); }
    void wait() { event_.wait(false, false, $); }
    /// True: there was an edge.
    bool poll() { return event_.wait(true, false, $) == rl::sema_wakeup_reason_success; }

private:
    rl::generic_event event_;
};

}  // namespace rondo::model
