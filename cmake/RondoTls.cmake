# SPDX-License-Identifier: Apache-2.0
# The library rondo_tls: TLS over any stream, by OpenSSL 3.
set(RONDO_WITH_TLS OFF)
if(RONDO_TLS AND EXISTS "${PROJECT_SOURCE_DIR}/src/tls/CMakeLists.txt")
    find_package(OpenSSL 3.0 QUIET)
    set(missing "")
    if(NOT OPENSSL_FOUND)
        list(APPEND missing "OpenSSL 3 (libssl-dev)")
    endif()
    rondo_optional(RONDO_WITH_TLS "rondo::tls" "${RONDO_TLS}" ${missing})
endif()

if(RONDO_WITH_TLS)
    rondo_library(rondo_tls)
    target_link_libraries(rondo_tls PUBLIC rondo PRIVATE OpenSSL::SSL OpenSSL::Crypto)
    rondo_add_module(tls)
endif()
