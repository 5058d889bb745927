// SPDX-License-Identifier: Apache-2.0
/// What a thread pool runs.
#pragma once

namespace rondo::detail {

/// Intrusive. The owner keeps it alive until run() was entered or the pool gave it back; run() may
/// end its life, unless `ended` is set.
struct Job {
    Job* next = nullptr;
    Job** link = nullptr;  ///< what points to it; null: it is in no queue
    void (*run)(Job&) noexcept = nullptr;
    /// Unless null: called on the same thread after run(); says whether the job was abandoned
    /// meanwhile, so that nobody else knows it any more.
    void (*ended)(Job&, bool abandoned) noexcept = nullptr;
};

}  // namespace rondo::detail
