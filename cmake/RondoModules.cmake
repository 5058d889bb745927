# SPDX-License-Identifier: Apache-2.0
# Libraries and the modules they consist of.
include(GNUInstallDirs)

# rondo_library(<target>): an empty library with its alias; the modules fill it.
function(rondo_library target)
    add_library(${target})
    string(REPLACE "rondo_" "" name ${target})
    add_library(rondo::${name} ALIAS ${target})
    rondo_target(${target})
    rondo_unity(${target})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src")
    set_target_properties(${target} PROPERTIES
        EXPORT_NAME ${name}
        POSITION_INDEPENDENT_CODE ON
        DEFINE_SYMBOL ""  # shared and static ones are compiled alike
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    )
    # The headers that stand above the modules belong to the core library.
    if(target STREQUAL "rondo")
        rondo_headers(rondo version.hpp)
        if(EXISTS "${PROJECT_SOURCE_DIR}/include/rondo/rondo.hpp")
            rondo_headers(rondo rondo.hpp)
        endif()
    endif()
endfunction()

# rondo_headers(<target> <header>…): public headers, relative to include/rondo. They are installed,
# and each is compiled alone by the target all_verify_interface_header_sets.
function(rondo_headers target)
    list(TRANSFORM ARGN PREPEND "${PROJECT_SOURCE_DIR}/include/rondo/")
    target_sources(${target} PUBLIC
        FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${ARGN}
    )
endfunction()

# rondo_module(<target> [HEADERS <public header>…] [SOURCES <file>…]): adds a module to a library.
# Headers are relative to include/rondo/<module>, sources to src/<module>, and <module> is the
# folder of the calling CMakeLists.txt.
function(rondo_module target)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "HEADERS;SOURCES")
    if(ARG_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "rondo_module(${target}): ${ARG_UNPARSED_ARGUMENTS}?")
    endif()
    get_filename_component(module "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
    if(ARG_HEADERS)
        list(TRANSFORM ARG_HEADERS PREPEND "${module}/")
        rondo_headers(${target} ${ARG_HEADERS})
    endif()
    target_sources(${target} PRIVATE ${ARG_SOURCES})
endfunction()

# Adds src/<module>, when it is there.
macro(rondo_add_module module)
    if(EXISTS "${PROJECT_SOURCE_DIR}/src/${module}/CMakeLists.txt")
        add_subdirectory("${PROJECT_SOURCE_DIR}/src/${module}")
    endif()
endmacro()

# rondo_optional(<variable> <part> <setting> <missing>…): whether a part is built. An AUTO part with
# missing libraries is left out with a message; with ON that is an error.
function(rondo_optional variable part setting)
    set(${variable} OFF PARENT_SCOPE)
    if(NOT setting)
        return()
    endif()
    if(ARGN)
        list(JOIN ARGN ", " missing)
        if(setting STREQUAL "AUTO")
            message(STATUS "rondo: no ${part}: ${missing} not found")
            return()
        endif()
        message(FATAL_ERROR "rondo: ${part} needs ${missing}")
    endif()
    set(${variable} ON PARENT_SCOPE)
endfunction()
