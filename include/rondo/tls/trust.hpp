// SPDX-License-Identifier: Apache-2.0
/// Whom to believe, and who one is: certificates and keys as they are given.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rondo::tls {

/// The certificates that others must be signed by. Any certificate may be trusted, also one that is
/// no root.
///
///     Trust ours = Trust::file("company.pem");
///     Trust all = Trust::system().add(Trust::file("company.pem"));
class Trust {
public:
    /// What the system trusts: OpenSSL's default file and directory, or what the variables
    /// SSL_CERT_FILE and SSL_CERT_DIR name.
    static Trust system();
    /// The certificates of a PEM file.
    static Trust file(std::string path);
    /// A directory in which OpenSSL finds certificates by hash (see openssl-rehash).
    static Trust directory(std::string path);
    /// The certificates of a PEM text.
    static Trust pem(std::string text);

    /// Nobody.
    Trust() = default;
    /// ... and those of `other`.
    Trust& add(Trust other) &;
    Trust add(Trust other) &&;

    bool empty() const noexcept { return sources_.empty(); }

    enum class Kind : std::uint8_t { system, file, directory, pem };
    /// One place that certificates come from.
    struct Source {
        Kind kind;
        std::string value;
        Source(Kind what, std::string where) : kind(what), value(std::move(where)) {}
    };
    const std::vector<Source>& sources() const noexcept { return sources_; }

private:
    static Trust of(Kind kind, std::string value);

    std::vector<Source> sources_;
};

/// A certificate with its private key: who this side is. The chain holds its own certificate first,
/// then those that lead to a root, without it.
class Identity {
public:
    /// PEM files; both may be the same. The password is needed for an encrypted key.
    static Identity files(std::string chain, std::string key, std::string password = {});
    /// PEM texts.
    static Identity pem(std::string chain, std::string key, std::string password = {});

    const std::string& chain() const noexcept { return chain_; }
    const std::string& key() const noexcept { return key_; }
    const std::string& password() const noexcept { return password_; }
    bool in_files() const noexcept { return in_files_; }

private:
    Identity(std::string chain, std::string key, std::string password, bool in_files);

    std::string chain_;
    std::string key_;
    std::string password_;
    bool in_files_;
};

}  // namespace rondo::tls
