// SPDX-License-Identifier: Apache-2.0
#include "tls/credentials.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

#include "rondo/tls/error.hpp"

namespace rondo::tls::detail {

namespace {

/// A password for OpenSSL; it never asks at the terminal.
struct Password {
    const std::string& text;
    bool asked = false;

    static int give(char* to, int size, int, void* self) {
        auto& password = *static_cast<Password*>(self);
        password.asked = true;
        const std::string& text = password.text;
        if (text.empty() || text.size() > static_cast<std::size_t>(size)) {
            return -1;
        }
        std::copy(text.begin(), text.end(), to);
        return static_cast<int>(text.size());
    }
};

Bio open_text(const std::string& text, const char* operation, const std::string& object) {
    if (text.size() > INT_MAX) {
        throw TlsError(Errc::invalid, operation, object, "the text is too long");
    }
    Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    check(bio != nullptr, operation);
    return bio;
}

Bio open_file(const std::string& path, const char* operation) {
    ERR_clear_error();
    errno = 0;
    Bio bio(BIO_new_file(path.c_str(), "r"));
    if (bio == nullptr) {
        const int reason = errno != 0 ? errno : ENOENT;
        ERR_clear_error();
        throw Error(operation, path, reason);
    }
    return bio;
}

bool holds_no_key() noexcept {
    const unsigned long code = ERR_peek_last_error();
    return (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE) ||
           (ERR_GET_LIB(code) == ERR_LIB_OSSL_DECODER && ERR_GET_REASON(code) == ERR_R_UNSUPPORTED);
}

bool at_end_of_pem() noexcept {
    const unsigned long code = ERR_peek_last_error();
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

/// All certificates of a PEM text, at least one.
std::vector<X509Owned> certificates(BIO* bio, const char* operation, const std::string& object) {
    std::vector<X509Owned> found;
    const std::string none;
    ERR_clear_error();
    for (;;) {
        Password password{none};
        X509Owned one(PEM_read_bio_X509_AUX(bio, nullptr, &Password::give, &password));
        if (one == nullptr) {
            break;
        }
        found.push_back(std::move(one));
    }
    if (!at_end_of_pem()) {
        throw_invalid(operation, object);
    }
    ERR_clear_error();
    if (found.empty()) {
        throw TlsError(Errc::invalid, operation, object, "there is no certificate in it");
    }
    return found;
}

void add(X509_STORE* store, STACK_OF(X509_NAME) * names, const std::vector<X509Owned>& found) {
    for (const X509Owned& one : found) {
        check(X509_STORE_add_cert(store, one.get()) == 1, "trust");
        if (names != nullptr) {
            X509_NAME* const name = X509_NAME_dup(X509_get_subject_name(one.get()));
            check(name != nullptr && sk_X509_NAME_push(names, name) > 0, "trust");
        }
    }
}

void add(X509_STORE* store, STACK_OF(X509_NAME) * names, const Trust::Source& source) {
    constexpr const char* operation = "trust";
    switch (source.kind) {
        case Trust::Kind::system:
            check(X509_STORE_set_default_paths(store) == 1, operation);
            return;
        case Trust::Kind::directory:
            check(X509_STORE_load_path(store, source.value.c_str()) == 1, operation);
            return;
        case Trust::Kind::file: {
            const Bio bio = open_file(source.value, operation);
            return add(store, names, certificates(bio.get(), operation, source.value));
        }
        case Trust::Kind::pem: {
            const Bio bio = open_text(source.value, operation, "a PEM text");
            return add(store, names, certificates(bio.get(), operation, "a PEM text"));
        }
    }
}

Key read_key(BIO* bio, const Identity& identity, const std::string& object) {
    Password password{identity.password()};
    ERR_clear_error();
    Key key(PEM_read_bio_PrivateKey(bio, nullptr, &Password::give, &password));
    if (key != nullptr) {
        return key;
    }
    if (password.asked) {
        ERR_clear_error();
        throw TlsError(Errc::invalid, "load key", object,
                       identity.password().empty() ? "it is encrypted, and there is no password"
                                                   : "the password does not open it");
    }
    if (holds_no_key()) {
        ERR_clear_error();
        throw TlsError(Errc::invalid, "load key", object, "there is no private key in it");
    }
    throw_invalid("load key", object);
}

}  // namespace

void load_trust(SSL_CTX* context, const Trust& trust, bool announce) {
    X509Store store(X509_STORE_new());
    check(store != nullptr, "trust");
    STACK_OF(X509_NAME)* names = nullptr;
    if (announce) {
        names = sk_X509_NAME_new_null();
        check(names != nullptr, "trust");
        SSL_CTX_set_client_CA_list(context, names);
    }
    for (const Trust::Source& source : trust.sources()) {
        add(store.get(), names, source);
    }
    SSL_CTX_set_cert_store(context, store.release());
}

void load_identity(SSL_CTX* context, const Identity& identity) {
    constexpr const char* operation = "load certificate";
    const std::string chain_name = identity.in_files() ? identity.chain() : "a PEM text";
    const std::string key_name = identity.in_files() ? identity.key() : "a PEM text";
    const Bio chain_bio = identity.in_files() ? open_file(identity.chain(), operation)
                                              : open_text(identity.chain(), operation, chain_name);
    const std::vector<X509Owned> chain = certificates(chain_bio.get(), operation, chain_name);
    const Bio key_bio = identity.in_files() ? open_file(identity.key(), "load key")
                                            : open_text(identity.key(), "load key", key_name);
    const Key key = read_key(key_bio.get(), identity, key_name);

    ERR_clear_error();
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
        throw_invalid(operation, chain_name);
    }
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        throw_invalid("load key", key_name);
    }
    SSL_CTX_clear_chain_certs(context);
    for (std::size_t i = 1; i < chain.size(); ++i) {
        if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) {
            throw_invalid(operation, chain_name);
        }
    }
}

}  // namespace rondo::tls::detail
