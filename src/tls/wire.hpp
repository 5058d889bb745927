// SPDX-License-Identifier: Apache-2.0
// What lies between OpenSSL and the stream below: records in the loop's buffers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rondo/io/bytes.hpp"
#include "rondo/io/lease.hpp"
#include "tls/openssl.hpp"

namespace rondo::tls::detail {

/// A BIO over leases. OpenSSL reads what was fed and writes into buffers that are sent later, so it
/// never waits; while nothing is on its way there is no buffer.
class Wire {
public:
    Wire() = default;
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    /// The BIO for both directions. This must outlive it.
    Bio make_bio();

    // In.

    /// Requires: all was read.
    void feed(io::Lease records) noexcept {
        in_ = std::move(records);
        at_ = 0;
    }
    bool has_input() const noexcept { return !in_.empty(); }
    /// OpenSSL is told to wait for more, although there may be some.
    void hold(bool on) noexcept { held_ = on; }

    // Out.

    bool has_output() const noexcept { return !out_.empty(); }
    /// How much is sent at once, and so how much of a buffer is filled.
    static constexpr std::size_t output_max = std::size_t{64} * 1024;

    /// How much goes into the buffer that is being filled; into a new one if there is none.
    std::size_t room() const noexcept {
        return output_max - (out_.empty() ? 0 : out_.back().size());
    }
    /// The buffer that is sent next. Requires: has_output().
    io::Lease take_output();

    /// Keeps what has been written, in little memory, until more is.
    void defer_output() noexcept;

    void clear() noexcept {
        in_.give_back();
        out_.clear();
        deferred_.clear();
    }

private:
    static int on_read(BIO* bio, char* to, int size);
    static int on_write(BIO* bio, const char* from, int size);
    static long on_control(BIO* bio, int command, long number, void* pointer);
    static BIO_METHOD* make_method();

    int read(char* to, std::size_t size) noexcept;
    void write(const char* from, std::size_t size);

    io::Lease in_;
    std::size_t at_ = 0;  ///< read of it
    bool held_ = false;
    std::vector<io::Lease> out_;
    std::string deferred_;
};

}  // namespace rondo::tls::detail
