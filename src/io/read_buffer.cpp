// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/read_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace rondo::io::detail {

void ReadBuffer::swap(ReadBuffer& other) noexcept {
    std::swap(kept_, other.kept_);
    std::swap(kept_at_, other.kept_at_);
    std::swap(lease_, other.lease_);
    std::swap(lease_at_, other.lease_at_);
}

char ReadBuffer::at(std::size_t place) const noexcept {
    const std::string_view front = kept();
    return place < front.size() ? front[place] : leased()[place - front.size()];
}

std::size_t ReadBuffer::find(std::string_view delimiter, std::size_t from) const {
    const std::string_view front = kept();
    const std::string_view back = leased();
    if (from < front.size()) {
        if (const std::size_t found = front.find(delimiter, from); found != npos) {
            return found;
        }
        // One that begins in the first run and ends in the second.
        const std::size_t overlap = delimiter.size() - 1;
        const std::size_t begin = std::max(from, front.size() - std::min(front.size(), overlap));
        if (begin < front.size() && !back.empty()) {
            std::string seam(front.substr(begin));
            seam += back.substr(0, overlap);
            if (const std::size_t found = seam.find(delimiter); found != npos) {
                return begin + found;
            }
        }
        from = front.size();
    }
    const std::size_t found = back.find(delimiter, from - front.size());
    return found == npos ? npos : front.size() + found;
}

// Appends to the first run, of which the bytes already read make room.
void ReadBuffer::keep_from_lease(std::size_t count) {
    kept_.erase(0, std::exchange(kept_at_, 0));
    kept_.append(leased().substr(0, count));
    lease_at_ += count;
    if (lease_at_ == lease_.size()) {
        lease_.give_back();
        lease_at_ = 0;
    }
}

std::string_view ReadBuffer::front(std::size_t count) {
    const std::size_t have = kept().size();
    if (have == 0) {
        return leased();
    }
    if (have < count) {
        keep_from_lease(count - have);
    }
    return kept();
}

void ReadBuffer::consume(std::size_t count) noexcept {
    const std::size_t of_kept = std::min(count, kept().size());
    kept_at_ += of_kept;
    lease_at_ += count - of_kept;
}

void ReadBuffer::take(std::size_t count, std::string& to) {
    const std::string_view front = kept().substr(0, count);
    to.append(front);
    to.append(leased().substr(0, count - front.size()));
    consume(count);
}

std::size_t ReadBuffer::take(MutableBytes to) noexcept {
    const std::size_t count = std::min(to.size(), size());
    const std::string_view front = kept().substr(0, count);
    if (!front.empty()) {
        std::memcpy(to.data(), front.data(), front.size());
    }
    if (count > front.size()) {
        std::memcpy(to.data() + front.size(), leased().data(), count - front.size());
    }
    consume(count);
    return count;
}

Lease ReadBuffer::take_lease() noexcept {
    return kept().empty() && lease_at_ == 0 ? std::move(lease_) : Lease();
}

void ReadBuffer::keep() {
    if (empty()) {
        clear();
    } else if (lease_.size() > 0) {
        keep_from_lease(leased().size());
    }
}

void ReadBuffer::keep_if_small() {
    if (lease_.size() > 0 && leased().size() <= small) {
        keep();
    }
}

void ReadBuffer::add(Lease lease) noexcept {
    lease_ = std::move(lease);
    lease_at_ = 0;
}

void ReadBuffer::put_back(Bytes bytes) {
    if (!bytes.empty()) {
        kept_.replace(0, kept_at_, bytes.text());
        kept_at_ = 0;
    }
}

void ReadBuffer::clear() noexcept {
    kept_ = std::string();
    kept_at_ = 0;
    lease_.give_back();
    lease_at_ = 0;
}

}  // namespace rondo::io::detail
