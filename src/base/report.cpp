// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/report.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace rondo {
namespace {

std::atomic<ReportHandler> chosen{nullptr};

}  // namespace

ReportHandler set_report_handler(ReportHandler handler) noexcept {
    return chosen.exchange(handler);
}

void detail::report(std::string_view text) noexcept {
    if (const ReportHandler handler = chosen.load()) {
        handler(text);
    } else {
        std::fprintf(stderr, "rondo: %.*s\n", static_cast<int>(text.size()), text.data());
    }
}

bool detail::debug_wanted() noexcept {
    static const bool wanted = [] {
        const char* const value = std::getenv("RONDO_DEBUG");
        return value != nullptr && *value != '\0' && std::string_view(value) != "0";
    }();
    return wanted;
}

}  // namespace rondo
