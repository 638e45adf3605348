# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the edge gateway decides: values in, values out.

Knows no JavaScript, no clock and no network, so every module runs and is tested on any Python. Of
the standard library it imports what a bare `loadPyodide()` has loaded; header names are lower case
everywhere, values of repeated headers joined by ", ", as a fetch `Headers` object gives them.
"""
