// SPDX-License-Identifier: Apache-2.0
// Heads of answers, as libcurl hands them to the client: against llhttp, where that takes them, and
// against themselves. The input is what a server says.
#include <llhttp.h>

#include <utility>
#include <vector>

#include "fuzz/target.hpp"
#include "http/answer_head.hpp"
#include "http/fields.hpp"

namespace rondo::test {
namespace {

using http::Header;
using http::Headers;
using http::detail::AnswerHead;
using http::detail::trimmed;
using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return lines;
}

/// What the client reads.
struct Read {
    Headers fields;
    AnswerHead head{fields};

    explicit Read(const Lines& lines) {
        for (const std::string_view line : lines) {
            const AnswerHead::Line kind = head.take(line);
            RONDO_ASSERT((kind == AnswerHead::Line::end) == trimmed(line).empty(), "an end");
        }
    }
    Read(const Read&) = delete;
    Read& operator=(const Read&) = delete;
};

/// What llhttp reads.
struct Known {
    std::vector<std::pair<std::string, std::string>> fields;
    std::string name;
    std::string value;
    int status = 0;
    bool has_length = false;
    std::uint64_t length = 0;
    bool complete = false;  ///< the rest means something then only

    explicit Known(std::string_view text) {
        llhttp_t parser;
        llhttp_init(&parser, HTTP_RESPONSE, &settings());
        parser.data = this;
        llhttp_execute(&parser, text.data(), text.size());
    }
    Known(const Known&) = delete;
    Known& operator=(const Known&) = delete;

private:
    static Known& of(llhttp_t* parser) { return *static_cast<Known*>(parser->data); }
    static int on_name(llhttp_t* parser, const char* text, std::size_t size) {
        of(parser).name.append(text, size);
        return 0;
    }
    static int on_value(llhttp_t* parser, const char* text, std::size_t size) {
        of(parser).value.append(text, size);
        return 0;
    }
    static int on_value_complete(llhttp_t* parser) {
        Known& self = of(parser);
        self.fields.emplace_back(std::exchange(self.name, {}), std::exchange(self.value, {}));
        return 0;
    }
    static int on_head_complete(llhttp_t* parser) {
        Known& self = of(parser);
        self.complete = true;
        self.status = parser->status_code;
        self.has_length = (parser->flags & F_CONTENT_LENGTH) != 0;
        self.length = parser->content_length;
        return 0;
    }
    static const llhttp_settings_t& settings() {
        static const llhttp_settings_t table = [] {
            llhttp_settings_t result;
            llhttp_settings_init(&result);
            result.on_header_field = &Known::on_name;
            result.on_header_value = &Known::on_value;
            result.on_header_value_complete = &Known::on_value_complete;
            result.on_headers_complete = &Known::on_head_complete;
            return result;
        }();
        return table;
    }
};

bool same_fields(const Headers& a, const Headers& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Header& x, const Header& y) {
        return x.name == y.name && x.value == y.value;
    });
}

std::uint64_t number_at(std::string_view text) {
    std::uint64_t number = 0;
    for (const char letter : text) {
        if (letter < '0' || letter > '9') {
            break;
        }
        const auto digit = static_cast<std::uint64_t>(letter - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return UINT64_MAX;
        }
        number = number * 10 + digit;
    }
    return number;
}

void expect_sound(const Read& read, std::size_t lines) {
    RONDO_ASSERT(read.fields.size() <= lines, "a field has a line");
    for (const Header& field : read.fields) {
        RONDO_ASSERT(trimmed(field.name) == field.name, "a name without blanks around it");
        RONDO_ASSERT(field.name.find_first_of(":\n") == field.name.npos, "a name on its line");
        RONDO_ASSERT(field.value.find('\n') == field.value.npos, "a value on its line");
        RONDO_ASSERT(trimmed(field.value) == field.value, "a value without blanks around it");
    }
    const std::uint64_t length = read.fields.contains("transfer-encoding")
                                     ? 0
                                     : number_at(read.fields.get("content-length"));
    RONDO_ASSERT(read.head.announced_bytes() == length, "the length");
    RONDO_ASSERT(read.head.status().size() <= 3, "a status");
}

// What came before the last status line does not matter.
void expect_last_counts(const Read& read, const Lines& lines) {
    const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                   [](std::string_view line) { return line.starts_with("HTTP/"); });
    if (last == lines.rend()) {
        return;
    }
    const Read alone(Lines(last.base() - 1, lines.end()));
    RONDO_ASSERT(same_fields(alone.fields, read.fields), "the fields of the last answer");
    RONDO_ASSERT(alone.head.status() == read.head.status(), "the status of the last answer");
}

/// Lines that end with both bytes, and are not folded: of others llhttp thinks as it likes.
bool is_strict(const Lines& lines) {
    return std::all_of(lines.begin(), lines.end(), [](std::string_view line) {
        return line.ends_with("\r\n") && line.find('\r') == line.size() - 2 && line[0] != ' ' &&
               line[0] != '\t';
    });
}

void expect_as_llhttp(std::string_view text) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == text.npos) {
        return;
    }
    const std::string_view head = text.substr(0, end + 4);
    const Lines lines = lines_of(head);
    const Known known(head);
    if (!known.complete || !is_strict(lines)) {
        return;
    }
    const Read read(lines);
    RONDO_ASSERT(number_at(read.head.status()) == static_cast<std::uint64_t>(known.status),
                 "the same status");
    RONDO_ASSERT(read.fields.size() == known.fields.size(), "the same number of fields");
    auto other = known.fields.begin();
    for (const Header& field : read.fields) {
        RONDO_ASSERT(field.name == other->first, "the same name");
        RONDO_ASSERT(field.value == trimmed(other->second), "the same value");
        ++other;
    }
    if (known.has_length && !read.fields.contains("transfer-encoding")) {
        RONDO_ASSERT(read.head.announced_bytes() == known.length, "the same length");
    }
}

}  // namespace

void try_input(std::string_view input) {
    const Lines lines = lines_of(input);
    const Read read(lines);
    expect_sound(read, lines.size());
    expect_last_counts(read, lines);
    expect_as_llhttp(input);
}

}  // namespace rondo::test
