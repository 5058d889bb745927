// SPDX-License-Identifier: Apache-2.0
/// Many calls at once: what `rondo fetch` does once its options are understood.
#pragma once

#include <cstddef>
#include <optional>
#include <rondo/http/client.hpp>
#include <rondo/rondo.hpp>
#include <string>
#include <utility>
#include <vector>

#include "output.hpp"
#include "progress.hpp"
#include "result_line.hpp"
#include "status_set.hpp"
#include "url_source.hpp"

namespace rondo::cli {

struct FetchOptions {
    std::vector<std::string> urls;  ///< "-": read from stdin
    std::size_t concurrency = 64;
    std::string method;  ///< empty: GET, or POST with a body
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<std::string> body;
    Duration timeout{0};
    Duration connect_timeout{0};
    std::size_t max_body = 0;
    std::optional<int> max_redirects;  ///< none: redirects are not followed
    StatusSet ok;
    LineOptions line;
    bool insecure_tls = false;
    bool quiet = false;

    FetchOptions() = default;
};

/// Fetches all URLs of its options; prints a line for each as it ends.
///
/// Lifetime: it must outlive the loop that runs it, and the options must outlive it.
class FetchJob {
public:
    explicit FetchJob(const FetchOptions& options);

    /// Errors: OutputError; Error when stdin cannot be read.
    Task<> run();

    const Tally& tally() const noexcept { return tally_; }
    Progress& progress() noexcept { return progress_; }

private:
    Task<> fetch_while_watched(http::Client& client, TaskGroup& group);
    Task<> start_all(http::Client& client, TaskGroup& calls);
    Task<> fetch(http::Client& client, Target target, Semaphore::Permit permit);
    http::Request request_for(const std::string& url) const;
    void count_failure(std::string why);

    const FetchOptions& options_;
    Tally tally_;
    UrlSource source_;
    Semaphore permits_;
    Progress progress_;
    SharedOutput output_;
};

}  // namespace rondo::cli
