// SPDX-License-Identifier: Apache-2.0
#include <ares_version.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <llhttp.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <nlohmann/json.hpp>
#include <rondo/rondo.hpp>
#include <string>
#include <string_view>

#include "commands.hpp"
#include "exit_code.hpp"
#include "output.hpp"

namespace rondo::cli {
namespace {

std::string_view name_of(DriverKind kind) {
    switch (kind) {
        case DriverKind::uring: return "uring";
        case DriverKind::epoll: return "epoll";
        case DriverKind::sim: return "sim";
        case DriverKind::automatic: break;
    }
    return "automatic";
}

/// Lines of names and values under headings.
class Report {
public:
    void heading(std::string_view text) {
        text_ += fmt::format("{}{}\n", text_.empty() ? "" : "\n", text);
    }
    void line(std::string_view name, std::string_view value) {
        text_ += fmt::format("  {:<15} {}\n", name, value.empty() ? "unknown" : value);
    }
    const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

/// Runs a loop for a moment: what it says is seen, not guessed.
std::string name_of_running_driver() {
    return run([]() -> Task<std::string> {
        co_await sleep(std::chrono::milliseconds(1));
        co_return current_loop().driver().name();
    });
}

/// What keeps a loop from running, null when nothing does.
std::exception_ptr report_driver(Report& report) {
    const DriverReport found = probe_drivers(DriverOptions{});
    report.heading("driver");
    report.line("chosen", name_of(found.chosen));
    report.line("because", found.reason);
    report.line("io_uring", found.features.empty() ? "nothing usable" : found.features);
    try {
        report.line("a test loop", "ran on " + name_of_running_driver());
        return nullptr;
    } catch (const Error& error) {
        report.line("a test loop", fmt::format("did not run: {}", error.what()));
        return std::current_exception();
    }
}

std::string limit_of(int resource) {
    rlimit limit{};
    if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) {
        return "";
    }
    const auto text = [](rlim_t value) {
        return value == RLIM_INFINITY ? std::string("unlimited") : std::to_string(value);
    };
    return fmt::format("{}, can be raised to {}", text(limit.rlim_cur), text(limit.rlim_max));
}

void report_system(Report& report) {
    utsname system{};
    uname(&system);
    report.heading("system");
    report.line("kernel", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
    report.line("C library", fmt::format("glibc {}", gnu_get_libc_version()));
    report.line("processors", std::to_string(sysconf(_SC_NPROCESSORS_ONLN)));
    report.line("open files", limit_of(RLIMIT_NOFILE));
    report.line("locked memory", limit_of(RLIMIT_MEMLOCK));
}

std::string curl_features(const curl_version_info_data& curl) {
    constexpr std::pair<int, const char*> names[] = {
        {CURL_VERSION_HTTP2, "HTTP/2"}, {CURL_VERSION_HTTP3, "HTTP/3"},
        {CURL_VERSION_LIBZ, "gzip"},    {CURL_VERSION_BROTLI, "brotli"},
        {CURL_VERSION_ZSTD, "zstd"},    {CURL_VERSION_IDN, "IDN"},
        {CURL_VERSION_IPV6, "IPv6"},    {CURL_VERSION_ASYNCHDNS, "asynchronous DNS"},
    };
    std::string text;
    for (const auto& [bit, name] : names) {
        if ((curl.features & bit) != 0) {
            text += (text.empty() ? "" : ", ") + std::string(name);
        }
    }
    return text;
}

void report_libraries(Report& report) {
    const curl_version_info_data& curl = *curl_version_info(CURLVERSION_NOW);
    report.heading("libraries");
    report.line("liburing", RONDO_LIBURING_VERSION);
    report.line("c-ares", ARES_VERSION_STR);
    report.line("libcurl", fmt::format("{} with {}", curl.version, curl_features(curl)));
    report.line("TLS", curl.ssl_version != nullptr ? curl.ssl_version : "none");
    report.line("llhttp", fmt::format("{}.{}.{}", LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR,
                                      LLHTTP_VERSION_PATCH));
    report.line("CLI11", CLI11_VERSION);
    report.line("fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
                                   FMT_VERSION % 100));
    report.line("nlohmann-json",
                fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                            NLOHMANN_JSON_VERSION_PATCH));
}

std::string compiler() {
#if defined(__clang__)
    return fmt::format("clang {}", __clang_version__);
#else
    return fmt::format("g++ {}", __VERSION__);
#endif
}

std::string kind_of_build() {
#if defined(__OPTIMIZE__)
    return "optimised";
#else
    return "not optimised";
#endif
}

int doctor() {
    Report report;
    report.heading("rondo");
    report.line("version", version);
    report.line("compiler", compiler());
    report.line("build", kind_of_build());
    const std::exception_ptr failure = report_driver(report);
    report_system(report);
    report_libraries(report);
    print(report.text());
    if (failure) {
        std::rethrow_exception(failure);
    }
    return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_doctor(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "doctor",
        "Says which driver runs here and why, and what rondo was built from. Exit code: 0, or 1 if "
        "the driver that RONDO_DRIVER asks for cannot be had.");
    command->callback([&action] { action = doctor; });
}

}  // namespace rondo::cli
