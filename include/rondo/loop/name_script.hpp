// SPDX-License-Identifier: Apache-2.0
/// What asking for a name can give, and who answers in a simulation instead of the network.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::detail {

/// Kinds of DNS records, by their numbers in the protocol.
enum class RecordType : std::uint16_t {
    a = 1,
    cname = 5,
    soa = 6,
    ptr = 12,
    mx = 15,
    txt = 16,
    aaaa = 28,
    srv = 33
};

/// How a question ended.
enum class NameStatus : std::uint8_t {
    found,
    no_such_name,     ///< NXDOMAIN
    no_data,          ///< the name exists, with no record of this type
    server_failed,    ///< SERVFAIL
    refused,          ///< REFUSED
    not_implemented,  ///< NOTIMP
    not_understood,   ///< FORMERR
    bad_answer,       ///< the answer is no DNS message
    alias_loop,       ///< its CNAMEs lead in a circle, or are too many
    timed_out,
    no_server,     ///< none could be reached
    invalid_name,  ///< nothing that can be asked for
    no_memory,
};

/// One record. Which members mean something depends on the type of the question.
struct NameRecord {
    std::uint32_t ttl = 0;  ///< seconds
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::uint16_t port = 0;
    std::array<std::byte, 16> address{};  ///< a: the first four
    std::string text;                     ///< a name, or the text of a TXT
};

/// The answer to one question.
struct NameAnswer {
    NameStatus status = NameStatus::found;
    std::uint32_t ttl = 0;  ///< seconds for which it holds; 0: it must be asked for again
    std::vector<NameRecord> records;
};

/// Names of a simulation.
class NameScript {
public:
    struct Reply {
        NameAnswer answer;
        std::int64_t after = 0;  ///< ns until it arrives; INT64_MAX: never
    };

    virtual ~NameScript() = default;

    /// Asked when the question leaves. `name` is in lower case, without a dot at its end.
    virtual Reply ask(std::string_view name, RecordType type) = 0;
};

}  // namespace rondo::detail
