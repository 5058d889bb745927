// SPDX-License-Identifier: Apache-2.0
#include "rondo/tls/trust.hpp"

#include <iterator>
#include <utility>

namespace rondo::tls {

Trust Trust::of(Kind kind, std::string value) {
    Trust trust;
    trust.sources_.emplace_back(kind, std::move(value));
    return trust;
}

Trust Trust::system() { return of(Kind::system, {}); }

Trust Trust::file(std::string path) { return of(Kind::file, std::move(path)); }

Trust Trust::directory(std::string path) { return of(Kind::directory, std::move(path)); }

Trust Trust::pem(std::string text) { return of(Kind::pem, std::move(text)); }

Trust& Trust::add(Trust other) & {
    sources_.insert(sources_.end(), std::make_move_iterator(other.sources_.begin()),
                    std::make_move_iterator(other.sources_.end()));
    return *this;
}

Trust Trust::add(Trust other) && { return std::move(add(std::move(other))); }

Identity::Identity(std::string chain, std::string key, std::string password, bool in_files)
    : chain_(std::move(chain)),
      key_(std::move(key)),
      password_(std::move(password)),
      in_files_(in_files) {}

Identity Identity::files(std::string chain, std::string key, std::string password) {
    return {std::move(chain), std::move(key), std::move(password), true};
}

Identity Identity::pem(std::string chain, std::string key, std::string password) {
    return {std::move(chain), std::move(key), std::move(password), false};
}

}  // namespace rondo::tls
