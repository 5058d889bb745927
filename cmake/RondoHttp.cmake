# SPDX-License-Identifier: Apache-2.0
# The library rondo_http: libcurl carries the client, llhttp parses for the server. Debian ships
# llhttp as C sources; they are compiled into rondo_http, so that only building it needs them.
set(RONDO_WITH_HTTP OFF)
if(RONDO_HTTP AND EXISTS "${PROJECT_SOURCE_DIR}/src/http/CMakeLists.txt")
    find_package(CURL QUIET)
    find_path(RONDO_LLHTTP_INCLUDE_DIR llhttp.h PATH_SUFFIXES llhttp PATHS /usr/share/include)
    find_path(RONDO_LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp)
    mark_as_advanced(RONDO_LLHTTP_INCLUDE_DIR RONDO_LLHTTP_SOURCE_DIR)

    set(missing "")
    if(NOT CURL_FOUND)
        list(APPEND missing "libcurl (libcurl4-openssl-dev)")
    endif()
    if(NOT RONDO_LLHTTP_INCLUDE_DIR OR NOT RONDO_LLHTTP_SOURCE_DIR)
        list(APPEND missing "llhttp (node-llhttp)")
    endif()
    rondo_optional(RONDO_WITH_HTTP "rondo::http" "${RONDO_HTTP}" ${missing})
endif()

if(RONDO_WITH_HTTP)
    rondo_library(rondo_http)
    target_link_libraries(rondo_http PUBLIC rondo PRIVATE CURL::libcurl)

    add_library(rondo_llhttp OBJECT
        "${RONDO_LLHTTP_SOURCE_DIR}/api.c"
        "${RONDO_LLHTTP_SOURCE_DIR}/http.c"
        "${RONDO_LLHTTP_SOURCE_DIR}/llhttp.c"
    )
    target_include_directories(rondo_llhttp SYSTEM PUBLIC "${RONDO_LLHTTP_INCLUDE_DIR}")
    target_compile_options(rondo_llhttp PRIVATE -w)
    # Else llhttp 8 takes any byte for a line end, and requests can be smuggled. Its header is the
    # same for both, and version 9 is always strict.
    target_compile_definitions(rondo_llhttp PRIVATE LLHTTP_STRICT_MODE=1)
    set_target_properties(rondo_llhttp PROPERTIES
        POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden
    )
    target_sources(rondo_http PRIVATE $<TARGET_OBJECTS:rondo_llhttp>)
    target_include_directories(rondo_http SYSTEM PRIVATE "${RONDO_LLHTTP_INCLUDE_DIR}")
    rondo_add_module(http)
endif()
