// SPDX-License-Identifier: Apache-2.0
/// Answers that still hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "net/dns/message.hpp"
#include "rondo/base/time.hpp"

namespace rondo::net::detail {

/// Answers are shared: whoever waits has one, and the cache another.
using AnswerPtr = std::shared_ptr<const NameAnswer>;

struct QuestionHash {
    std::size_t operator()(const Question& question) const noexcept {
        return std::hash<std::string>()(question.name) * 31 +
               static_cast<std::size_t>(question.type);
    }
};

/// How long answers are kept, how many, and how large.
struct CacheLimits {
    std::size_t entries = 10'000;
    std::size_t bytes_each = 8192;  ///< of records; a larger answer is not kept
    Duration ttl_min{0};
    Duration ttl_max{0};
    Duration negative_ttl_max{0};
};

/// Bounded: the entry that was asked for longest ago makes room. Times are the loop's.
class Cache {
public:
    explicit Cache(CacheLimits limits) noexcept : limits_(limits) {}

    /// Null: it is not known, or no longer.
    AnswerPtr find(const Question& question, TimePoint now);
    /// Keeps `answer` for as long as it says; failures of servers, and what holds for no time, are
    /// not kept.
    void put(const Question& question, const AnswerPtr& answer, TimePoint now) noexcept;
    std::size_t size() const noexcept { return index_.size(); }
    void clear() noexcept;

private:
    struct Entry {
        Question question;
        AnswerPtr answer;
        TimePoint until;
    };
    using Order = std::list<Entry>;

    Duration life_of(const NameAnswer& answer) const noexcept;
    void keep(Entry entry);
    void drop(Order::iterator entry) noexcept;

    CacheLimits limits_;
    Order order_;  ///< last used first
    std::unordered_map<Question, Order::iterator, QuestionHash> index_;
};

}  // namespace rondo::net::detail
