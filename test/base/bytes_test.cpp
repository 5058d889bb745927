// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/bytes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace rondo::test {
namespace {

template <class T>
constexpr bool is_bytes = std::is_constructible_v<Bytes, const T&>;
template <class T>
constexpr bool is_memory = std::is_constructible_v<MutableBytes, T&>;

TEST(BytesTest, are_made_of_what_lies_in_memory) {
    static_assert(is_bytes<std::string> && is_bytes<std::string_view> && is_bytes<const char*>);
    static_assert(is_bytes<std::vector<char>> && is_bytes<std::array<int, 3>>);
    static_assert(is_memory<std::string> && is_memory<std::array<char, 3>> && is_memory<char[4]>);
    const std::array<std::uint16_t, 2> numbers{0x4141, 0x4242};
    EXPECT_EQ(Bytes(numbers).text(), "AABB");
    EXPECT_EQ(Bytes("literal").size(), 7U);
}

TEST(BytesTest, are_not_made_of_views_or_of_what_owns_its_memory) {
    static_assert(!is_bytes<std::array<Bytes, 2>> && !is_bytes<std::vector<MutableBytes>>);
    static_assert(!is_bytes<std::array<std::string_view, 2>> &&
                  !is_bytes<std::vector<const char*>>);
    static_assert(!is_bytes<std::vector<std::string>> && !is_bytes<std::vector<std::vector<char>>>);
    static_assert(!is_memory<std::vector<Bytes>> && !is_memory<const std::string>);
    SUCCEED();
}

TEST(BytesTest, parts) {
    const Bytes text("abcdef");
    EXPECT_EQ(text.first(2).text(), "ab");
    EXPECT_EQ(text.from(4).text(), "ef");
    EXPECT_TRUE(text.from(6).empty());
    std::string memory = "uvwxyz";
    const MutableBytes all(memory);
    EXPECT_EQ(all.from(2).size(), 4U);
    EXPECT_EQ(all.first(2).data(), all.data());
}

}  // namespace
}  // namespace rondo::test
