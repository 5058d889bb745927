// SPDX-License-Identifier: Apache-2.0
/// HTTP header fields.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::http {

namespace detail {
class AnswerHead;
}

/// One field as it was given or received; names are compared without regard to case.
struct Header {
    std::string name;
    std::string value;

    Header(std::string field, std::string content)
        : name(std::move(field)), value(std::move(content)) {}
};

/// Fields in their order, the same name any number of times.
class Headers {
public:
    Headers() = default;

    /// Appends a field. What may not stand in one is found when it is sent: Error (invalid).
    void add(std::string name, std::string value) {
        fields_.emplace_back(std::move(name), std::move(value));
    }
    /// Replaces all fields of that name.
    void set(std::string_view name, std::string value);
    /// Removes all fields of that name; says how many there were.
    std::size_t remove(std::string_view name);
    void clear() noexcept { fields_.clear(); }

    /// The first value of that name, or null.
    const std::string* find(std::string_view name) const noexcept;
    /// ... or `otherwise`.
    std::string_view get(std::string_view name, std::string_view otherwise = {}) const noexcept;
    bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
    /// All values of that name, in order.
    std::vector<std::string_view> all(std::string_view name) const;

    std::size_t size() const noexcept { return fields_.size(); }
    bool empty() const noexcept { return fields_.empty(); }
    auto begin() const noexcept { return fields_.begin(); }
    auto end() const noexcept { return fields_.end(); }

private:
    friend class detail::AnswerHead;
    void append_to_last(std::string_view more);

    std::vector<Header> fields_;
};

/// True when a and b differ at most in the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace rondo::http
