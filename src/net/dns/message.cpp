// SPDX-License-Identifier: Apache-2.0
#include "net/dns/message.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace rondo::net::detail {
namespace {

constexpr std::size_t aliases_max = 16;
constexpr std::uint16_t class_internet = 1;

struct Malformed {};

/// Reads from left to right; throws Malformed at the end of the message.
class Reader {
public:
    Reader(std::span<const std::byte> message, std::size_t at) : message_(message), at_(at) {}

    std::size_t position() const noexcept { return at_; }

    std::uint8_t byte() {
        need(1);
        return std::to_integer<std::uint8_t>(message_[at_++]);
    }
    std::uint16_t two() {
        const unsigned high = byte();
        return static_cast<std::uint16_t>(high << 8 | byte());
    }
    std::uint32_t four() {
        const std::uint32_t high = two();
        return high << 16 | two();
    }
    void skip(std::size_t count) {
        need(count);
        at_ += count;
    }
    void copy(void* to, std::size_t count) {
        need(count);
        std::memcpy(to, message_.data() + at_, count);
        at_ += count;
    }

    /// A name as text in lower case; bytes that are no part of host names as \DDD.
    std::string name();
    /// Steps over a name.
    void skip_name();

private:
    void need(std::size_t count) const {
        if (message_.size() - at_ < count) {
            throw Malformed();
        }
    }
    static void add_label_byte(std::string& text, std::uint8_t byte);

    std::span<const std::byte> message_;
    std::size_t at_;
};

void Reader::add_label_byte(std::string& text, std::uint8_t byte) {
    const char letter = static_cast<char>(byte);
    if (letter >= 'A' && letter <= 'Z') {
        text.push_back(static_cast<char>(letter - 'A' + 'a'));
    } else if (byte > ' ' && byte < 0x7f && letter != '.' && letter != '\\') {
        text.push_back(letter);
    } else {
        text.push_back('\\');
        text.push_back(static_cast<char>('0' + byte / 100));
        text.push_back(static_cast<char>('0' + byte / 10 % 10));
        text.push_back(static_cast<char>('0' + byte % 10));
    }
}

// A pointer leads backwards only, so there is no way round in a circle.
std::string Reader::name() {
    constexpr std::size_t bytes_max = 255;
    std::string text;
    std::size_t bytes = 0;
    std::optional<std::size_t> end;
    std::size_t floor = at_;
    for (;;) {
        const std::uint8_t length = byte();
        if (length == 0) {
            break;
        }
        if ((length & 0xc0) == 0xc0) {
            const std::size_t target = std::size_t{length & 0x3fU} << 8 | byte();
            end = end.value_or(at_);
            if (target >= floor) {
                throw Malformed();
            }
            floor = target;
            at_ = target;
            continue;
        }
        bytes += std::size_t{length} + 1;
        if (length > 63 || bytes > bytes_max) {
            throw Malformed();
        }
        if (!text.empty()) {
            text.push_back('.');
        }
        for (std::uint8_t i = 0; i < length; ++i) {
            add_label_byte(text, byte());
        }
    }
    at_ = end.value_or(at_);
    return text;
}

void Reader::skip_name() {
    for (;;) {
        const std::uint8_t length = byte();
        if ((length & 0xc0) == 0xc0) {
            skip(1);
            return;
        }
        if (length > 63) {
            throw Malformed();
        }
        if (length == 0) {
            return;
        }
        skip(length);
    }
}

/// A resource record; its data is read later.
struct Entry {
    std::size_t owner;  ///< where its name begins
    std::uint32_t ttl;
    std::size_t data;
    std::uint16_t size;
};

struct Alias {
    std::string owner;
    std::string target;
    std::uint32_t ttl;
};

class Parser {
public:
    Parser(std::span<const std::byte> message, const Question& question)
        : message_(message), question_(question) {}

    NameAnswer parse();

private:
    NameStatus read_header();
    void read_answers();
    void read_authority();
    bool follow_aliases();
    void take_records();
    NameRecord read_record(const Entry& entry);
    std::string name_at(std::size_t at) const { return Reader(message_, at).name(); }
    void limit_ttl(std::uint32_t ttl) { ttl_ = std::min(ttl_, ttl); }

    std::span<const std::byte> message_;
    const Question& question_;
    Reader reader_{message_, 0};
    std::uint16_t answers_ = 0;
    std::uint16_t authorities_ = 0;
    std::vector<Entry> entries_;
    std::vector<Alias> aliases_;
    bool too_many_aliases_ = false;
    std::string name_;  ///< at the end of the aliases
    std::uint32_t ttl_ = UINT32_MAX;
    std::uint32_t negative_ttl_ = 0;
    NameAnswer answer_;
};

NameStatus status_of_code(unsigned code) noexcept {
    switch (code) {
        case 0: return NameStatus::found;
        case 1: return NameStatus::not_understood;
        case 3: return NameStatus::no_such_name;
        case 4: return NameStatus::not_implemented;
        case 5: return NameStatus::refused;
        default: return NameStatus::server_failed;
    }
}

NameStatus Parser::read_header() {
    reader_.skip(2);
    const std::uint16_t flags = reader_.two();
    const std::uint16_t questions = reader_.two();
    answers_ = reader_.two();
    authorities_ = reader_.two();
    reader_.skip(2);
    if ((flags & 0x8000) == 0) {
        throw Malformed();
    }
    for (std::uint16_t i = 0; i < questions; ++i) {
        reader_.skip_name();
        reader_.skip(4);
    }
    return status_of_code(flags & 0xf);
}

/// The fixed part of a record, and whether it is of the internet. Steps over its data.
std::pair<Entry, std::uint16_t> read_entry(Reader& reader) {
    Entry entry{};
    entry.owner = reader.position();
    reader.skip_name();
    const std::uint16_t type = reader.two();
    const std::uint16_t kind = reader.two();
    const std::uint32_t ttl = reader.four();
    entry.ttl = ttl > 0x7fffffff ? 0 : ttl;
    entry.size = reader.two();
    entry.data = reader.position();
    reader.skip(entry.size);
    return {entry, kind == class_internet ? type : std::uint16_t{0}};
}

void Parser::read_answers() {
    for (std::uint16_t i = 0; i < answers_; ++i) {
        const auto [entry, type] = read_entry(reader_);
        if (type == static_cast<std::uint16_t>(question_.type)) {
            entries_.push_back(entry);
        } else if (type == static_cast<std::uint16_t>(RecordType::cname)) {
            too_many_aliases_ = aliases_.size() == aliases_max;
            if (too_many_aliases_) {
                return;
            }
            aliases_.push_back({name_at(entry.owner), name_at(entry.data), entry.ttl});
        }
    }
}

void Parser::read_authority() {
    for (std::uint16_t i = 0; i < authorities_; ++i) {
        const auto [entry, type] = read_entry(reader_);
        if (type == static_cast<std::uint16_t>(RecordType::soa)) {
            Reader data(message_, entry.data);
            data.skip_name();
            data.skip_name();
            data.skip(16);
            const std::uint32_t least = data.four();
            negative_ttl_ = std::min(entry.ttl, least > 0x7fffffff ? 0 : least);
        }
    }
}

// False: they lead in a circle.
bool Parser::follow_aliases() {
    name_ = question_.name;
    for (std::size_t hops = 0;; ++hops) {
        const auto alias = std::find_if(aliases_.begin(), aliases_.end(),
                                        [&](const Alias& each) { return each.owner == name_; });
        if (alias == aliases_.end()) {
            return true;
        }
        if (hops == aliases_max) {
            return false;
        }
        limit_ttl(alias->ttl);
        name_ = alias->target;
    }
}

std::string read_text(Reader& reader, std::uint16_t size) {
    std::string text;
    for (std::size_t left = size; left > 0;) {
        const std::size_t length = reader.byte();
        if (length >= left) {
            throw Malformed();
        }
        const std::size_t before = text.size();
        text.resize(before + length);
        reader.copy(text.data() + before, length);
        left -= length + 1;
    }
    return text;
}

NameRecord Parser::read_record(const Entry& entry) {
    NameRecord record;
    record.ttl = entry.ttl;
    Reader data(message_, entry.data);
    switch (question_.type) {
        case RecordType::a:
        case RecordType::aaaa: {
            const std::size_t size = question_.type == RecordType::a ? 4 : 16;
            if (entry.size != size) {
                throw Malformed();
            }
            data.copy(record.address.data(), size);
            return record;
        }
        case RecordType::txt: record.text = read_text(data, entry.size); return record;
        case RecordType::srv:
            record.priority = data.two();
            record.weight = data.two();
            record.port = data.two();
            break;
        case RecordType::mx: record.priority = data.two(); break;
        case RecordType::ptr:
        case RecordType::cname:
        case RecordType::soa: break;
    }
    record.text = data.name();
    if (question_.type != RecordType::soa && data.position() != entry.data + entry.size) {
        throw Malformed();
    }
    return record;
}

void Parser::take_records() {
    std::optional<std::size_t> known_owner;  // records of one name mostly point at one place
    bool known_is_ours = false;
    for (const Entry& entry : entries_) {
        const std::size_t begin = entry.owner;
        Reader owner(message_, begin);
        const std::uint16_t start = owner.two();
        const bool points = (start & 0xc000) == 0xc000;
        const std::size_t place = points ? std::size_t{start & 0x3fffU} : begin;
        if (!points || place != known_owner) {
            known_is_ours = name_at(begin) == name_;
            known_owner = points ? std::optional(place) : std::nullopt;
        }
        if (known_is_ours) {
            limit_ttl(entry.ttl);
            answer_.records.push_back(read_record(entry));
        }
    }
}

NameAnswer Parser::parse() {
    answer_.status = read_header();
    if (answer_.status != NameStatus::found && answer_.status != NameStatus::no_such_name) {
        return answer_;
    }
    read_answers();
    if (too_many_aliases_) {
        answer_.status = NameStatus::alias_loop;
        return answer_;
    }
    read_authority();
    if (!follow_aliases()) {
        answer_.status = NameStatus::alias_loop;
        return answer_;
    }
    if (answer_.status == NameStatus::found) {
        take_records();
        if (!answer_.records.empty()) {
            answer_.ttl = ttl_;
            return answer_;
        }
        answer_.status = NameStatus::no_data;
    }
    answer_.ttl = std::min(negative_ttl_, ttl_);
    return answer_;
}

}  // namespace

NameAnswer parse_answer(std::span<const std::byte> message, const Question& question) {
    try {
        return Parser(message, question).parse();
    } catch (const Malformed&) {
        NameAnswer answer;
        answer.status = NameStatus::bad_answer;
        return answer;
    }
}

}  // namespace rondo::net::detail
