// SPDX-License-Identifier: Apache-2.0
#include "tls/wire.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "rondo/base/error.hpp"

namespace rondo::tls::detail {

BIO_METHOD* Wire::make_method() {
    BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "rondo");
    check(method != nullptr, "tls");
    BIO_meth_set_read(method, &on_read);
    BIO_meth_set_write(method, &on_write);
    BIO_meth_set_ctrl(method, &on_control);
    return method;
}

Bio Wire::make_bio() {
    static BIO_METHOD* const method = make_method();
    Bio bio(BIO_new(method));
    check(bio != nullptr, "tls");
    BIO_set_data(bio.get(), this);
    BIO_set_init(bio.get(), 1);
    return bio;
}

io::Lease Wire::take_output() {
    io::Lease first = std::move(out_.front());
    out_.erase(out_.begin());
    return first;
}

int Wire::on_read(BIO* bio, char* to, int size) {
    BIO_clear_retry_flags(bio);
    const int got = static_cast<Wire*>(BIO_get_data(bio))->read(to, static_cast<std::size_t>(size));
    if (got < 0) {
        BIO_set_retry_read(bio);
    }
    return got;
}

int Wire::read(char* to, std::size_t size) noexcept {
    const std::size_t count = std::min(size, in_.size() - at_);
    if (count == 0 || held_) {
        return -1;
    }
    std::memcpy(to, in_.bytes().data() + at_, count);
    at_ += count;
    if (at_ == in_.size()) {
        in_.give_back();
        at_ = 0;
    }
    return static_cast<int>(count);
}

// OpenSSL is C: an error of the loop's memory becomes one of its own.
int Wire::on_write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    try {
        static_cast<Wire*>(BIO_get_data(bio))->write(from, static_cast<std::size_t>(size));
    } catch (const std::exception&) {
        ERR_raise(ERR_LIB_BIO, ERR_R_MALLOC_FAILURE);
        return -1;
    }
    return size;
}

// Without memory for it, it stays where it is. What was kept before is in front of it already.
void Wire::defer_output() noexcept {
    if (out_.empty()) {
        return;
    }
    try {
        std::string kept;
        for (const io::Lease& lease : out_) {
            kept += lease.bytes().text();
        }
        deferred_ = std::move(kept);
        out_.clear();
    } catch (const std::bad_alloc&) {
        return;
    }
}

void Wire::write(const char* from, std::size_t size) {
    if (!deferred_.empty()) {
        const std::string first = std::exchange(deferred_, {});
        write(first.data(), first.size());
    }
    while (size > 0) {
        if (out_.empty() || room() == 0) {
            out_.push_back(io::Lease::take());
        }
        io::Lease& last = out_.back();
        const std::size_t count = std::min(size, room());
        std::memcpy(last.space().data() + last.size(), from, count);
        last.resize(last.size() + count);
        from += count;
        size -= count;
    }
}

long Wire::on_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace rondo::tls::detail
