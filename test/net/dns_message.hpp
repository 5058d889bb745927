// SPDX-License-Identifier: Apache-2.0
/// DNS messages for tests: questions as a server reads them, answers good and bad.
#pragma once

#include <arpa/inet.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace rondo::test {

inline void add_two(std::string& to, unsigned value) {
    to.push_back(static_cast<char>(value >> 8 & 0xff));
    to.push_back(static_cast<char>(value & 0xff));
}

inline void add_four(std::string& to, std::uint32_t value) {
    add_two(to, value >> 16);
    add_two(to, value & 0xffff);
}

/// "www.example" as labels.
inline std::string wire_name(std::string_view name) {
    std::string wire;
    while (!name.empty()) {
        const std::size_t end = name.find('.') != name.npos ? name.find('.') : name.size();
        wire.push_back(static_cast<char>(end));
        wire.append(name.substr(0, end));
        name.remove_prefix(end < name.size() ? end + 1 : end);
    }
    wire.push_back('\0');
    return wire;
}

/// Numbers of types and codes.
enum Dns : unsigned {
    type_a = 1,
    type_cname = 5,
    type_soa = 6,
    type_ptr = 12,
    type_mx = 15,
    type_txt = 16,
    type_aaaa = 28,
    type_srv = 33,
    code_format = 1,
    code_failed = 2,
    code_no_name = 3,
    code_not_implemented = 4,
    code_refused = 5,
};

/// A question, as it came.
struct DnsQuery {
    unsigned id = 0;
    unsigned type = 0;
    std::string name;
    std::string question;  ///< its bytes
    bool tcp = false;

    static DnsQuery parse(std::string_view message) {
        DnsQuery query;
        const auto byte = [&](std::size_t at) {
            return static_cast<unsigned char>(message.at(at));
        };
        query.id = byte(0) * 256U + byte(1);
        std::size_t at = 12;
        while (byte(at) != 0) {
            query.name += (query.name.empty() ? "" : ".");
            query.name.append(message.substr(at + 1, byte(at)));
            at += byte(at) + 1U;
        }
        query.type = byte(at + 1) * 256U + byte(at + 2);
        query.question = message.substr(12, at + 5 - 12);
        return query;
    }
};

/// Builds the answer to a question. Its own name is a pointer to the question.
class DnsReply {
public:
    explicit DnsReply(const DnsQuery& query, unsigned code = 0)
        : id_(query.id), code_(code), question_(query.question) {}

    DnsReply& id(unsigned other) {
        id_ = other;
        return *this;
    }
    DnsReply& question(std::string_view name, unsigned type) {
        question_ = wire_name(name);
        add_two(question_, type);
        add_two(question_, 1);
        return *this;
    }
    DnsReply& truncated() {
        flags_ |= 0x0200;
        return *this;
    }
    /// Of the name that was asked for, unless `owner` says another one.
    DnsReply& record(unsigned type, std::uint32_t ttl, std::string_view data,
                     std::string_view owner = {}) {
        ++answers_;
        add(type, ttl, data, owner);
        return *this;
    }
    DnsReply& a(std::string_view address, std::uint32_t ttl = 60, std::string_view owner = {}) {
        char bytes[4];
        inet_pton(AF_INET, std::string(address).c_str(), bytes);
        return record(type_a, ttl, std::string_view(bytes, 4), owner);
    }
    DnsReply& aaaa(std::string_view address, std::uint32_t ttl = 60, std::string_view owner = {}) {
        char bytes[16];
        inet_pton(AF_INET6, std::string(address).c_str(), bytes);
        return record(type_aaaa, ttl, std::string_view(bytes, 16), owner);
    }
    DnsReply& cname(std::string_view target, std::string_view owner = {}, std::uint32_t ttl = 60) {
        return record(type_cname, ttl, wire_name(target), owner);
    }
    /// Says how long "there is none" holds. After the answers.
    DnsReply& soa(std::uint32_t ttl) {
        std::string data = wire_name("ns.example") + wire_name("root.example");
        for (int i = 0; i < 4; ++i) {
            add_four(data, 1);
        }
        add_four(data, ttl);
        ++authorities_;
        add(type_soa, ttl, data, "example");
        return *this;
    }
    /// Bytes that count as `count` answers.
    DnsReply& raw(std::string_view bytes, unsigned count = 1) {
        answers_ += count;
        records_ += bytes;
        return *this;
    }

    std::string message() const {
        std::string text;
        add_two(text, id_);
        add_two(text, flags_ | code_);
        add_two(text, 1);
        add_two(text, answers_);
        add_two(text, authorities_);
        add_two(text, 0);
        return text + question_ + records_;
    }

private:
    void add(unsigned type, std::uint32_t ttl, std::string_view data, std::string_view owner) {
        records_ += owner.empty() ? std::string("\xc0\x0c") : wire_name(owner);
        add_two(records_, type);
        add_two(records_, 1);
        add_four(records_, ttl);
        add_two(records_, static_cast<unsigned>(data.size()));
        records_ += data;
    }

    unsigned id_;
    unsigned flags_ = 0x8180;
    unsigned code_;
    std::string question_;
    std::string records_;
    unsigned answers_ = 0;
    unsigned authorities_ = 0;
};

}  // namespace rondo::test
