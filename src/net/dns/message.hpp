// SPDX-License-Identifier: Apache-2.0
/// What an answer of a name server says. Everything in it may be wrong or hostile: this is a pure
/// function of its bytes, made to be fuzzed.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "rondo/loop/name_script.hpp"

namespace rondo::net::detail {

using rondo::detail::NameAnswer;
using rondo::detail::NameRecord;
using rondo::detail::NameStatus;
using rondo::detail::RecordType;

/// A question of one type about one name, in lower case and without a dot at its end.
struct Question {
    std::string name;
    RecordType type = RecordType::a;

    Question(std::string_view host, RecordType kind) : name(host), type(kind) {}
    bool operator==(const Question&) const = default;
};

/// Reads `message` as the answer to `question`: follows its aliases, and takes the records of the
/// name at their end. The least of the times to live counts; those of a negative answer come from
/// its SOA record.
NameAnswer parse_answer(std::span<const std::byte> message, const Question& question);

}  // namespace rondo::net::detail
