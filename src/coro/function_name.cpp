// SPDX-License-Identifier: Apache-2.0
// Forms that are met, g++ first:
//
//     rondo::Task<> app::Box<T>::get(T) const [with T = int]
//     app::outer(int)::<lambda(int, std::string)> mutable
//     app::outer(int)::<lambda(int)>::operator()(outer(int)::Frame*) const
//     rondo::Task<> app::{anonymous}::helper()
//     static Task<T> app::Box<int>::make(T) [T = int]
//     auto app::outer(int)::(anonymous class)::operator()(int) const
//     Task<> app::(anonymous namespace)::helper()
#include "coro/function_name.hpp"

#include <algorithm>
#include <utility>

namespace rondo::detail {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
}

// Removes what stands between `open` and its `close`, both included.
void remove_enclosed(std::string& text, char open, char close) {
    std::string kept;
    int depth = 0;
    for (const char letter : text) {
        if (letter == open) {
            ++depth;
        } else if (letter == close && depth > 0) {
            --depth;
        } else if (depth == 0) {
            kept.push_back(letter);
        }
    }
    text = std::move(kept);
}

// g++ writes a lambda as <lambda(parameters)>.
void rename_lambdas(std::string& text) {
    constexpr std::string_view opening = "<lambda";
    for (std::size_t at = 0; (at = text.find(opening, at)) != std::string::npos;) {
        int depth = 0;
        std::size_t end = at;
        for (; end < text.size(); ++end) {
            depth += text[end] == '<' ? 1 : text[end] == '>' ? -1 : 0;
            if (depth == 0) {
                break;
            }
        }
        text.replace(at, std::min(end + 1, text.size()) - at, "{lambda}");
    }
}

// Where the return type ends: the last space that is not inside template arguments.
std::size_t last_space(std::string_view text) noexcept {
    int depth = 0;
    for (std::size_t at = text.size(); at-- > 0;) {
        depth += text[at] == '>' ? 1 : text[at] == '<' ? -1 : 0;
        if (text[at] == ' ' && depth == 0) {
            return at;
        }
    }
    return std::string_view::npos;
}

}  // namespace

std::string short_function_name(std::string_view pretty) {
    std::string name(pretty);
    if (name.ends_with(']')) {
        name.resize(std::min(name.size(), std::min(name.find(" [with "), name.rfind(" ["))));
    }
    replace_all(name, "(anonymous namespace)", "{anonymous}");
    replace_all(name, "(anonymous class)::operator()", "{lambda}");
    replace_all(name, "operator()", "operator{}");
    rename_lambdas(name);
    remove_enclosed(name, '(', ')');
    for (const std::string_view ending : {" const", " mutable", " noexcept"}) {
        if (name.ends_with(ending)) {
            name.resize(name.size() - ending.size());
        }
    }
    if (const std::size_t space = last_space(name); space != std::string::npos) {
        name.erase(0, space + 1);
    }
    replace_all(name, "operator{}", "operator()");
    replace_all(name, "{anonymous}::", "");
    replace_all(name, "{lambda}::operator()", "{lambda}");
    return name;
}

std::string describe_place(const std::source_location& place) {
    std::string text = short_function_name(place.function_name());
    text.append(" (").append(place.file_name()).append(":");
    return text.append(std::to_string(place.line())).append(")");
}

bool is_internal(const std::source_location& place) noexcept {
    return std::string_view(place.function_name()).find("rondo::detail::") !=
               std::string_view::npos &&
           short_function_name(place.function_name()).starts_with("rondo::detail::");
}

}  // namespace rondo::detail
