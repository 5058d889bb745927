// SPDX-License-Identifier: Apache-2.0
/// libcurl's multi handle on the event loop.
///
/// libcurl is called from one place, Engine::turn(), which the loop runs soon after there is
/// something to tell: a request to start or to break off, an event on a socket, the timer. So it is
/// never called from one of its own callbacks, below the driver, or inside a walk that cancels
/// scopes. Its callbacks only note what it wants.
#pragma once

#include <memory>

#include "http/queue.hpp"
#include "http/transfer.hpp"
#include "loop/foreign_sockets.hpp"
#include "rondo/coro/awaiter.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::http::detail {

class Engine;

/// `co_await Exchange(engine, transfer)` carries the transfer out. A stopped one is broken off, and
/// its chain unwound when the driver holds none of its polls any more.
class [[nodiscard]] Exchange : rondo::detail::Leaf, Place {
public:
    Exchange(Engine& engine, Transfer& transfer) noexcept : engine_(engine), transfer_(transfer) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(rondo::detail::Awaiting frame);
    void await_resume() const noexcept {}

private:
    friend class Engine;
    enum class Stage : unsigned char { waiting, running, starved, stopping };

    static void poke(rondo::detail::Leaf& at, rondo::detail::Scope& scope) noexcept;
    static const rondo::detail::LeafKind leaf;

    Engine& engine_;
    Transfer& transfer_;
    rondo::detail::Scope* scope_ = nullptr;
    Exchange* next_stopping_ = nullptr;  ///< or starved
    TimePoint since_;
    Stage stage_ = Stage::waiting;
};

class Engine final : rondo::detail::Callback, rondo::detail::ForeignSockets {
public:
    static std::shared_ptr<Engine> make(const ClientOptions& options);

    const ClientOptions& options() const noexcept { return options_; }
    std::size_t active() const noexcept { return queue_.active(); }
    std::size_t waiting() const noexcept { return queue_.waiting(); }
    /// True on the thread and in the run() that made it.
    bool is_on_this_loop() const noexcept { return rondo::detail::local.loop == &loop_; }

private:
    friend class Exchange;
    struct CurlTimer : rondo::detail::Timer {
        Engine* engine = nullptr;
        bool armed = false;
    };
    struct MultiDeleter {
        void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
    };

    explicit Engine(const ClientOptions& options);
    ~Engine();
    static void release(Engine* engine) noexcept;

    void enter(Exchange& exchange);
    void give_up(Exchange& exchange) noexcept;

    void announce() noexcept override;
    void turn();
    void break_off_stopping();
    void start_waiting();
    void start(Exchange& exchange);
    void finish_done();
    void finish(Exchange& exchange, CURLcode result);
    void stop_broken_off() noexcept;
    void starve(CURL* easy) noexcept;
    void finish_starved();
    void end_orphan() noexcept;
    void disarm() noexcept;

    static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
    static int on_timer(CURLM* multi, long milliseconds, void* self);

    EventLoop& loop_;
    ClientOptions options_;
    Queue queue_;
    CurlTimer timer_;
    bool announced_ = false;  ///< turn() stands in the loop's queue
    bool timer_is_due_ = false;
    bool orphaned_ = false;           ///< the Client and all requests are gone
    Exchange* stopping_ = nullptr;    ///< to be broken off
    Exchange* broken_off_ = nullptr;  ///< to be unwound
    Exchange* starved_ = nullptr;     ///< to be failed, for want of memory
    std::unique_ptr<CURLM, MultiDeleter> multi_;
};

}  // namespace rondo::http::detail
