// SPDX-License-Identifier: Apache-2.0
#include "http/engine.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "rondo/base/assert.hpp"

namespace rondo::http::detail {

using rondo::detail::local;
using rondo::detail::Scope;

// --------------------------------------------------------------------------- the awaiter

const rondo::detail::LeafKind Exchange::leaf{&Exchange::poke, "an http exchange"};

void Exchange::await_suspend(rondo::detail::Awaiting frame) {
    scope_ = local.current;
    if (!scope_->has(Scope::cancelled)) {
        engine_.enter(*this);
    }
    rondo::detail::park(*this, frame, leaf);
}

void Exchange::poke(rondo::detail::Leaf& at, Scope&) noexcept {
    auto& self = static_cast<Exchange&>(at);
    self.engine_.give_up(self);
}

// -------------------------------------------------------------------------- life and end

namespace {

void initialize_curl() {
    static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (result != CURLE_OK) {
        throw HttpError(Errc::not_supported, "libcurl", {}, curl_easy_strerror(result));
    }
}

}  // namespace

std::shared_ptr<Engine> Engine::make(const ClientOptions& options) {
    initialize_curl();
    return {new Engine(options), &Engine::release};
}

Engine::Engine(const ClientOptions& options)
    : ForeignSockets(current_loop().driver()),
      loop_(current_loop()),
      options_(options),
      queue_(options.max_connections, options.max_connections_per_host),
      multi_(curl_multi_init()) {
    if (multi_ == nullptr) {
        throw std::bad_alloc();
    }
    run = [](Callback& callback) noexcept { static_cast<Engine&>(callback).turn(); };
    timer_.engine = this;
    timer_.fire = [](rondo::detail::Timer& timer) noexcept {
        auto& self = static_cast<CurlTimer&>(timer);
        self.armed = false;
        self.engine->timer_is_due_ = true;
        self.engine->announce();
    };
    CURLM* const multi = multi_.get();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Engine::on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Engine::on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    const std::size_t kept = std::min<std::size_t>(options.max_connections, 100'000);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(kept));
}

Engine::~Engine() = default;

// The last owner is gone, so no exchange is left. Polls may be: then the loop is kept from ending
// until the driver has reported them.
void Engine::release(Engine* engine) noexcept {
    RONDO_REQUIRE(engine->is_on_this_loop(), "an http::Client was destroyed outside its loop");
    engine->multi_.reset();
    engine->disarm();
    engine->remove_all();
    if (!engine->announced_ && engine->leaving() == 0) {
        delete engine;
        return;
    }
    engine->orphaned_ = true;
    engine->announce_when_left(true);
    ++engine->loop_.root().left;
}

void Engine::end_orphan() noexcept {
    if (leaving() != 0) {
        return;
    }
    rondo::detail::Group& root = loop_.root();
    delete this;
    if (--root.left == 0) {
        root.kind->on(root, rondo::detail::ScopeEvent::children_done);
    }
}

// ------------------------------------------------------------------------------ one turn

void Engine::announce() noexcept {
    if (!announced_) {
        announced_ = true;
        loop_.call_soon(*this);
    }
}

namespace {

int select_bits(unsigned events) noexcept {
    using Sockets = rondo::detail::ForeignSockets;
    return ((events & Sockets::readable) != 0 ? CURL_CSELECT_IN : 0) |
           ((events & Sockets::writable) != 0 ? CURL_CSELECT_OUT : 0) |
           ((events & Sockets::failed) != 0 ? CURL_CSELECT_ERR : 0);
}

}  // namespace

void Engine::turn() {
    announced_ = false;
    if (orphaned_) {
        end_orphan();
        return;
    }
    CURLM* const multi = multi_.get();
    int running = 0;
    stop_broken_off();  // first: the polls of this turn's are under way again at its end
    break_off_stopping();
    start_waiting();
    tell_events([&](int fd, unsigned events, void*) {
        curl_multi_socket_action(multi, fd, select_bits(events), &running);
    });
    if (std::exchange(timer_is_due_, false)) {
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    finish_done();
    finish_starved();
    start_waiting();
    settle();
    stop_broken_off();
}

// ------------------------------------------------------------------------- the exchanges

void Engine::enter(Exchange& exchange) {
    exchange.since_ = now();
    queue_.enter(exchange, exchange.transfer_.origin());
    announce();
}

void Engine::give_up(Exchange& exchange) noexcept {
    if (exchange.stage_ == Exchange::Stage::waiting) {
        queue_.leave(exchange);
        local.push_stop(*exchange.scope_);
        return;
    }
    exchange.stage_ = Exchange::Stage::stopping;
    exchange.next_stopping_ = std::exchange(stopping_, &exchange);
    announce();
}

void Engine::start_waiting() {
    while (Place* const place = queue_.next()) {
        start(static_cast<Exchange&>(*place));
    }
}

void Engine::start(Exchange& exchange) {
    exchange.stage_ = Exchange::Stage::running;
    exchange.transfer_.set_queued(now() - exchange.since_);
    CURL* const easy = exchange.transfer_.handle();
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &exchange);
    if (curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
        finish(exchange, CURLE_OUT_OF_MEMORY);
    }
}

void Engine::finish_done() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        CURL* const easy = message->easy_handle;
        const CURLcode result = message->data.result;
        Exchange* exchange = nullptr;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
        if (exchange->stage_ == Exchange::Stage::starved) {
            continue;
        }
        curl_multi_remove_handle(multi_.get(), easy);
        finish(*exchange, result);
    }
}

void Engine::finish(Exchange& exchange, CURLcode result) {
    queue_.done(exchange);
    exchange.transfer_.set_result(result);
    rondo::detail::wake(*exchange.scope_);
}

// There is no memory to poll its socket, and it would wait for ever. libcurl could be told, but
// then fails all that it has, and Debian's crashes over it.
void Engine::starve(CURL* easy) noexcept {
    Exchange* exchange = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
    if (exchange != nullptr && exchange->stage_ == Exchange::Stage::running) {
        exchange->stage_ = Exchange::Stage::starved;
        exchange->next_stopping_ = std::exchange(starved_, exchange);
    }
}

void Engine::finish_starved() {
    while (Exchange* const exchange = starved_) {
        starved_ = exchange->next_stopping_;
        curl_multi_remove_handle(multi_.get(), exchange->transfer_.handle());
        finish(*exchange, CURLE_OUT_OF_MEMORY);
    }
}

void Engine::break_off_stopping() {
    while (Exchange* const exchange = stopping_) {
        stopping_ = exchange->next_stopping_;
        curl_multi_remove_handle(multi_.get(), exchange->transfer_.handle());
        queue_.done(*exchange);
        exchange->next_stopping_ = std::exchange(broken_off_, exchange);
    }
}

void Engine::stop_broken_off() noexcept {
    announce_when_left(broken_off_ != nullptr);
    if (leaving() != 0) {
        return;
    }
    while (Exchange* const exchange = broken_off_) {
        broken_off_ = exchange->next_stopping_;
        local.push_stop(*exchange->scope_);
    }
}

// ------------------------------------------------------------------ what libcurl reports

int Engine::on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket) {
    auto& engine = *static_cast<Engine*>(self);
    auto* const known = static_cast<rondo::detail::ForeignSocket*>(socket);
    if (what == CURL_POLL_REMOVE) {
        if (known != nullptr) {
            engine.remove(*known);
        }
        return 0;
    }
    const bool in = (what & CURL_POLL_IN) != 0;
    const bool out = (what & CURL_POLL_OUT) != 0;
    auto* const now_known = engine.want(known, fd, in, out);
    if (now_known == nullptr) {
        engine.starve(easy);
    }
    if (now_known != known) {
        curl_multi_assign(engine.multi_.get(), fd, now_known);
    }
    return 0;
}

int Engine::on_timer(CURLM*, long milliseconds, void* self) {
    auto& engine = *static_cast<Engine*>(self);
    engine.disarm();
    engine.timer_is_due_ = false;
    if (milliseconds > 0) {
        engine.timer_.armed = true;
        engine.loop_.arm_after(engine.timer_, std::int64_t{milliseconds} * 1'000'000);
    } else if (milliseconds == 0) {
        engine.timer_is_due_ = true;
        engine.announce();
    }
    return 0;
}

void Engine::disarm() noexcept {
    if (std::exchange(timer_.armed, false)) {
        loop_.disarm(timer_);
    }
}

}  // namespace rondo::http::detail
