// SPDX-License-Identifier: Apache-2.0
// Lines of `rondo fetch -`: the same URLs however the bytes are cut, and those that a reader of the
// whole text finds. The first two bytes of the input are the size of a piece, the next two how
// often what follows them is repeated, for lines that are too long.
#include "../../cli/url_lines.hpp"

#include <vector>

#include "fuzz/target.hpp"

namespace rondo::test {
namespace {

using cli::UrlLines;
using Urls = std::vector<std::string>;

Urls in_pieces(std::string_view text, std::size_t piece) {
    Urls urls;
    UrlLines lines;
    const auto take_all = [&] {
        while (auto url = lines.next()) {
            urls.push_back(*std::move(url));
        }
    };
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        lines.add(text.substr(0, piece));
        RONDO_ASSERT(lines.size() <= UrlLines::line_max + 1 + piece, "no more than a line is held");
        take_all();
    }
    lines.end();
    take_all();
    RONDO_ASSERT(!lines.next().has_value(), "the end stays one");
    return urls;
}

std::string_view without_blanks(std::string_view line) {
    const auto is_blank = [](char letter) {
        return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\f' ||
               letter == '\v';
    };
    while (!line.empty() && is_blank(line.front())) {
        line.remove_prefix(1);
    }
    while (!line.empty() && is_blank(line.back())) {
        line.remove_suffix(1);
    }
    return line;
}

Urls in_one_piece(std::string_view text) {
    Urls urls;
    for (bool first = true; !text.empty(); first = false) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, std::min(end, UrlLines::line_max + 1));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (first && line.substr(0, 3) == "\xef\xbb\xbf") {
            line.remove_prefix(3);
        }
        line = without_blanks(line);
        if (!line.empty() && line.front() != '#') {
            urls.emplace_back(line);
        }
    }
    return urls;
}

}  // namespace

void try_input(std::string_view input) {
    Choices choices(input);
    const std::size_t least = choices.two() + std::size_t{1};
    const std::size_t repeated = choices.two() % 2048 + std::size_t{1};
    std::string text;
    for (std::size_t i = 0; i < repeated && text.size() < 4 * UrlLines::line_max; ++i) {
        text += choices.rest();
    }
    const std::size_t piece = std::max(least, text.size() / 4096);
    RONDO_ASSERT(in_pieces(text, piece) == in_one_piece(text), "the same URLs");
}

}  // namespace rondo::test
