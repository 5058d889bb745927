# SPDX-License-Identifier: Apache-2.0
"""The rules of STYLE.md that a program can check. tools/tidy runs them."""
