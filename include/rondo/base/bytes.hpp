// SPDX-License-Identifier: Apache-2.0
/// Views of memory that is read or written.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

namespace rondo {

class Bytes;
class MutableBytes;

namespace detail {

/// What can be sent as it lies in memory: no views of bytes, no texts, nothing that owns.
template <class T>
concept ByteElement =
    !std::is_same_v<std::remove_cv_t<T>, Bytes> &&
    !std::is_same_v<std::remove_cv_t<T>, MutableBytes> && std::is_trivially_copyable_v<T> &&
    !std::is_convertible_v<const T&, std::string_view>;

template <class Range>
concept ByteRange = requires(Range& range) {
    std::as_bytes(std::span(range));
    requires ByteElement<typename decltype(std::span(range))::element_type>;
};

}  // namespace detail

/// Bytes to read from: made of a string, a string_view, a literal, or anything else that
/// std::as_bytes takes.
class Bytes {
public:
    constexpr Bytes() noexcept = default;
    constexpr Bytes(const std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}
    // NOLINTBEGIN(google-explicit-constructor): a view, as std::span
    Bytes(std::string_view text) noexcept
        : data_(reinterpret_cast<const std::byte*>(text.data())), size_(text.size()) {}
    Bytes(const char* text) noexcept : Bytes(std::string_view(text)) {}
    template <class Range>
        requires detail::ByteRange<const Range> &&
                     (!std::is_convertible_v<const Range&, std::string_view>)
    Bytes(const Range& range) noexcept
        : data_(std::as_bytes(std::span(range)).data()),
          size_(std::as_bytes(std::span(range)).size()) {}
    template <class Text>
        requires(std::is_convertible_v<const Text&, std::string_view>)
    Bytes(const Text& text) noexcept : Bytes(std::string_view(text)) {}
    // NOLINTEND(google-explicit-constructor)

    constexpr const std::byte* data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr const std::byte* begin() const noexcept { return data_; }
    constexpr const std::byte* end() const noexcept { return data_ + size_; }

    /// The bytes from `at` on. Requires: at <= size().
    constexpr Bytes from(std::size_t at) const noexcept { return {data_ + at, size_ - at}; }
    /// The first `count` bytes. Requires: count <= size().
    constexpr Bytes first(std::size_t count) const noexcept { return {data_, count}; }
    std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }

private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Memory to write into: made of a std::array, std::vector, std::string or C array of bytes or
/// chars.
class MutableBytes {
public:
    constexpr MutableBytes() noexcept = default;
    constexpr MutableBytes(std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <class Range>
        requires detail::ByteRange<Range> &&
                     requires(Range& range) { std::as_writable_bytes(std::span(range)); }
    MutableBytes(Range& range) noexcept  // NOLINT(google-explicit-constructor): a view
        : data_(std::as_writable_bytes(std::span(range)).data()),
          size_(std::as_writable_bytes(std::span(range)).size()) {}
    MutableBytes(std::span<std::byte> bytes) noexcept  // NOLINT(google-explicit-constructor)
        : data_(bytes.data()), size_(bytes.size()) {}

    constexpr std::byte* data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }

    /// The bytes from `at` on. Requires: at <= size().
    constexpr MutableBytes from(std::size_t at) const noexcept { return {data_ + at, size_ - at}; }
    /// The first `count` bytes. Requires: count <= size().
    constexpr MutableBytes first(std::size_t count) const noexcept { return {data_, count}; }

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace rondo
