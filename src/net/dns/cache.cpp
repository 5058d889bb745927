// SPDX-License-Identifier: Apache-2.0
#include "net/dns/cache.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace rondo::net::detail {
namespace {

std::size_t size_of(const NameAnswer& answer) noexcept {
    std::size_t bytes = answer.records.size() * sizeof(NameRecord);
    for (const NameRecord& record : answer.records) {
        bytes += record.text.size();
    }
    return bytes;
}

}  // namespace

AnswerPtr Cache::find(const Question& question, TimePoint now) {
    const auto found = index_.find(question);
    if (found == index_.end()) {
        return nullptr;
    }
    const Order::iterator entry = found->second;
    if (entry->until <= now) {
        drop(entry);
        return nullptr;
    }
    order_.splice(order_.begin(), order_, entry);
    return entry->answer;
}

Duration Cache::life_of(const NameAnswer& answer) const noexcept {
    const Duration given = std::chrono::seconds(answer.ttl);
    switch (answer.status) {
        case NameStatus::found:
            return std::clamp(given, limits_.ttl_min, std::max(limits_.ttl_min, limits_.ttl_max));
        case NameStatus::no_such_name:
        case NameStatus::no_data: return std::min(given, limits_.negative_ttl_max);
        default: return Duration::zero();
    }
}

void Cache::put(const Question& question, const AnswerPtr& answer, TimePoint now) noexcept {
    const Duration life = life_of(*answer);
    const auto known = index_.find(question);
    if (known != index_.end()) {
        drop(known->second);
    }
    if (life <= Duration::zero() || limits_.entries == 0 || size_of(*answer) > limits_.bytes_each) {
        return;
    }
    if (index_.size() >= limits_.entries) {
        drop(std::prev(order_.end()));
    }
    try {
        keep(Entry{question, answer, now + life});
    } catch (const std::bad_alloc&) {
        return;  // it is asked for again
    }
}

void Cache::keep(Entry entry) {
    Order one;
    one.push_front(std::move(entry));
    index_.emplace(one.front().question, one.begin());
    order_.splice(order_.begin(), one);
}

void Cache::drop(Order::iterator entry) noexcept {
    index_.erase(entry->question);
    order_.erase(entry);
}

void Cache::clear() noexcept {
    index_.clear();
    order_.clear();
}

}  // namespace rondo::net::detail
