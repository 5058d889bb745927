// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/errors.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/base/report.hpp"

namespace rondo {
namespace {

struct HeldBack {
    std::exception_ptr first;
    detail::SuppressedErrors others;
    std::size_t read = 0;  ///< how many of them somebody asked for
};

std::string demangled(const char* name) {
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> text(
        abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
    return status == 0 ? std::string(text.get()) : std::string(name);
}

void report_unread(const HeldBack& entry) noexcept {
    for (std::size_t index = entry.read; index < entry.others.size(); ++index) {
        detail::report_error("an error nobody looked at, held back by another one",
                             entry.others[index]);
    }
}

void report_unread(const std::vector<HeldBack>& list) noexcept {
    for (const HeldBack& entry : list) {
        report_unread(entry);
    }
}

// Errors thrown on this thread whose companions may still be asked for. An exception object cannot
// tell when it dies, so the oldest entries are dropped at a bound; what is unread is reported then,
// or when a loop or the thread ends.
constexpr std::size_t held_back_max = 64;

std::vector<HeldBack>& held_back() {
    struct List {
        std::vector<HeldBack> entries;

        List() = default;
        List(const List&) = delete;
        List& operator=(const List&) = delete;
        ~List() { report_unread(entries); }
    };
    thread_local List list;
    return list.entries;
}

// Where the exception object lies, as a number to sort by.
std::uintptr_t address_of(const std::exception_ptr& error) noexcept {
    static_assert(std::is_standard_layout_v<std::exception_ptr>);
    static_assert(sizeof(std::exception_ptr) == sizeof(void*));
    return reinterpret_cast<std::uintptr_t>(*reinterpret_cast<void* const*>(&error));
}

// Keeps the first of each object. A race may have very many, so they are not compared pairwise.
void drop_repeated(detail::SuppressedErrors& errors) {
    std::vector<std::pair<std::uintptr_t, std::size_t>> sorted;
    sorted.reserve(errors.size());
    for (const std::exception_ptr& error : errors) {
        sorted.emplace_back(address_of(error), sorted.size());
    }
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t at = 1; at < sorted.size(); ++at) {
        if (sorted[at].first == sorted[at - 1].first) {
            errors[sorted[at].second] = nullptr;
        }
    }
    std::erase(errors, nullptr);
}

// An error that passes several combinators collects companions at each of them.
void hold_back(const std::exception_ptr& first, detail::SuppressedErrors&& others) {
    drop_repeated(others);
    std::vector<HeldBack>& list = held_back();
    const auto known = std::find_if(list.begin(), list.end(),
                                    [&](const HeldBack& entry) { return entry.first == first; });
    if (known != list.end()) {
        for (std::exception_ptr& error : others) {
            detail::SuppressedErrors& had = known->others;
            if (std::find(had.begin(), had.end(), error) == had.end()) {
                had.push_back(std::move(error));
            }
        }
        return;
    }
    std::erase_if(list, [](const HeldBack& entry) { return entry.read == entry.others.size(); });
    if (list.size() == held_back_max) {
        report_unread(list.front());
        list.erase(list.begin());
    }
    list.push_back(HeldBack{first, std::move(others)});
}

}  // namespace

std::vector<std::exception_ptr> suppressed_errors() {
    const std::exception_ptr current = std::current_exception();
    if (current != nullptr) {
        for (HeldBack& entry : held_back()) {
            if (entry.first == current) {
                entry.read = entry.others.size();
                return entry.others;
            }
        }
    }
    return {};
}

std::string describe(const std::exception_ptr& error) {
    if (error == nullptr) {
        return "no error";
    }
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& thrown) {
        return demangled(typeid(thrown).name()) + ": " + thrown.what();
    } catch (...) {
        const std::type_info* type = abi::__cxa_current_exception_type();
        return type != nullptr ? demangled(type->name()) : std::string("unknown exception");
    }
}

namespace detail {

void throw_with_suppressed(std::exception_ptr first, SuppressedErrors others) {
    if (!others.empty()) {
        try {
            hold_back(first, std::move(others));
        } catch (const std::bad_alloc&) {
            report("errors beside the one that is thrown were lost: out of memory");
        }
    }
    std::rethrow_exception(std::move(first));
}

void report_error(std::string_view where, const std::exception_ptr& error) noexcept {
    try {
        report(std::string(where) + ": " + describe(error));
    } catch (...) {
        report("an error could not be described: out of memory");
    }
}

void report_unread_errors() noexcept { report_unread(std::exchange(held_back(), {})); }

}  // namespace detail
}  // namespace rondo
