// SPDX-License-Identifier: Apache-2.0
// What holds while a coroutine of a connection runs, also when it is stopped.
#pragma once

#include <string>

#include "rondo/sync/event.hpp"
#include "rondo/tls/error.hpp"

namespace rondo::tls::detail {

/// The one who reads, or writes.
class Turn {
public:
    Turn(bool& taken, const char* operation, const std::string& name) : taken_(taken) {
        if (taken_) {
            throw TlsError(Errc::busy, operation, name, "another one waits on this stream");
        }
        taken_ = true;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { taken_ = false; }

private:
    bool& taken_;
};

/// The one who waits for the stream below. At the end the others look again.
class Receiving {
public:
    Receiving(bool& taken, Event& done) noexcept : taken_(taken), done_(done) { taken_ = true; }
    Receiving(const Receiving&) = delete;
    Receiving& operator=(const Receiving&) = delete;
    ~Receiving() {
        taken_ = false;
        done_.set();
        done_.clear();
    }

private:
    bool& taken_;
    Event& done_;
};

/// Unless it is told that all is sent, nothing can be sent any more.
class Halfway {
public:
    explicit Halfway(bool& broken) noexcept : broken_(broken) {}
    Halfway(const Halfway&) = delete;
    Halfway& operator=(const Halfway&) = delete;
    ~Halfway() { broken_ = broken_ || !sent_; }
    void sent() noexcept { sent_ = true; }

private:
    bool& broken_;
    bool sent_ = false;
};

}  // namespace rondo::tls::detail
