// SPDX-License-Identifier: Apache-2.0
// Answers of name servers, against a reader that takes each message apart from its beginning,
// record by record. The first byte of the input is the type that was asked for, the rest the
// message.
#include <optional>
#include <vector>

#include "fuzz/target.hpp"
#include "net/dns/message.hpp"

namespace rondo::test {
namespace {

using namespace net::detail;

constexpr RecordType types[] = {RecordType::a,   RecordType::aaaa, RecordType::txt,
                                RecordType::mx,  RecordType::srv,  RecordType::ptr,
                                RecordType::soa, RecordType::cname};
constexpr std::string_view asked_name = "host.example";

struct Record {
    std::string owner;
    unsigned type;
    std::uint32_t ttl;
    std::string_view data;
    std::string alias;  ///< what a CNAME leads to
};

/// Requires a message that parse_answer() found good: reading it fails nowhere.
class Reference {
public:
    explicit Reference(std::string_view message) noexcept : message_(message) {
        const std::size_t questions = two(4);
        std::size_t at = 12;
        for (std::size_t i = 0; i < questions; ++i) {
            at = after_name(at) + 4;
        }
        for (std::size_t left = two(6); left > 0; --left) {
            at = add(at);
        }
    }

    /// Where the aliases lead from `name`.
    std::string end_of_aliases(std::string name) const {
        for (std::size_t i = 0; i <= records_.size(); ++i) {
            const auto alias = std::find_if(records_.begin(), records_.end(), [&](const Record& r) {
                return r.type == 5 && r.owner == name;
            });
            if (alias == records_.end()) {
                break;
            }
            name = alias->alias;
        }
        return name;
    }
    std::vector<Record> of(const std::string& name, unsigned type) const {
        std::vector<Record> found;
        std::copy_if(records_.begin(), records_.end(), std::back_inserter(found),
                     [&](const Record& r) { return r.type == type && r.owner == name; });
        return found;
    }

private:
    unsigned byte(std::size_t at) const {
        return at < message_.size() ? static_cast<unsigned char>(message_[at]) : 0;
    }
    unsigned two(std::size_t at) const { return byte(at) << 8 | byte(at + 1); }

    std::size_t after_name(std::size_t at) const {
        while (byte(at) != 0 && byte(at) < 0xc0) {
            at += 1 + byte(at);
        }
        return at + (byte(at) == 0 ? 1 : 2);
    }
    // Letter by letter with their lengths, so that no two names look alike.
    std::string name(std::size_t at) const {
        std::string text;
        for (int jumps = 0; byte(at) != 0 && jumps < 200;) {
            if (byte(at) >= 0xc0) {
                at = two(at) & 0x3fff;
                ++jumps;
                continue;
            }
            text += text.empty() ? "" : ".";
            for (std::size_t i = 1; i <= byte(at); ++i) {
                text += letter(byte(at + i));
            }
            at += 1 + byte(at);
        }
        return text;
    }
    static std::string letter(unsigned byte) {
        if (byte >= 'A' && byte <= 'Z') {
            return std::string(1, static_cast<char>(byte + ('a' - 'A')));
        }
        if (byte > ' ' && byte < 0x7f && byte != '.' && byte != '\\') {
            return std::string(1, static_cast<char>(byte));
        }
        std::string digits = std::to_string(byte);
        return "\\" + std::string(3 - digits.size(), '0') + digits;
    }
    std::size_t add(std::size_t at) {
        const std::size_t fixed = after_name(at);
        const std::size_t data = fixed + 10;
        const std::size_t size = two(fixed + 8);
        const unsigned type = two(fixed + 2) == 1 ? two(fixed) : 0;
        const std::uint32_t ttl = two(fixed + 4) << 16 | two(fixed + 6);
        records_.push_back({name(at), type, ttl > 0x7fffffff ? 0 : ttl, message_.substr(data, size),
                            type == 5 ? name(data) : ""});
        return data + size;
    }

    std::string_view message_;
    std::vector<Record> records_;
};

void expect_found(const NameAnswer& answer, const std::vector<Record>& expected, RecordType type) {
    RONDO_ASSERT(!expected.empty(), "what was found is there");
    RONDO_ASSERT(answer.records.size() == expected.size(), "all records of the name, no others");
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const NameRecord& record = answer.records[i];
        RONDO_ASSERT(record.ttl == expected[i].ttl, "its own time to live");
        RONDO_ASSERT(answer.ttl <= record.ttl, "the least time to live counts");
        if (type == RecordType::a || type == RecordType::aaaa) {
            const std::string_view bytes(reinterpret_cast<const char*>(record.address.data()),
                                         expected[i].data.size());
            RONDO_ASSERT(bytes == expected[i].data, "the address");
        }
        if (type == RecordType::txt) {
            RONDO_ASSERT(record.text.size() < expected[i].data.size() || record.text.empty(),
                         "a text is shorter than what holds it");
        }
    }
}

}  // namespace

void try_input(std::string_view input) {
    Choices choices(input);
    const RecordType type = types[choices.byte() % std::size(types)];
    const std::string_view message = choices.rest();
    const Question question(asked_name, type);
    const NameAnswer answer =
        parse_answer(std::as_bytes(std::span(message.data(), message.size())), question);
    RONDO_ASSERT(answer.status == NameStatus::found || answer.records.empty(), "found, or nothing");
    if (answer.status != NameStatus::found && answer.status != NameStatus::no_data) {
        return;
    }
    const Reference reference(message);
    const auto number = static_cast<unsigned>(type);
    const std::string name = type == RecordType::cname
                                 ? std::string(asked_name)
                                 : reference.end_of_aliases(std::string(asked_name));
    const std::vector<Record> expected = reference.of(name, number);
    if (answer.status == NameStatus::found) {
        expect_found(answer, expected, type);
    } else {
        RONDO_ASSERT(expected.empty(), "what is not found is not there");
    }
}

}  // namespace rondo::test
