# SPDX-License-Identifier: Apache-2.0
# Fails unless PROGRAM succeeds, prints exactly what the file EXPECTED holds, and leaves stderr
# alone.
execute_process(
    COMMAND "${PROGRAM}" OUTPUT_VARIABLE output ERROR_VARIABLE complaints RESULT_VARIABLE result
)
file(READ "${EXPECTED}" expected)
if(NOT result STREQUAL "0")
    message(FATAL_ERROR "${PROGRAM} ended with ${result}:\n${output}${complaints}")
endif()
if(NOT output STREQUAL expected)
    message(FATAL_ERROR "expected:\n${expected}\nprinted:\n${output}")
endif()
if(NOT complaints STREQUAL "")
    message(FATAL_ERROR "on stderr:\n${complaints}")
endif()
