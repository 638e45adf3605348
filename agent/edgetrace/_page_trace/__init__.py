# SPDX-License-Identifier: MIT OR Apache-2.0
"""What `edgetrace.pytest_plugin` is made of; a host runs it, no browser loads it.

plugin ---> chrome ---> the page in headless Chromium, its tag pointed at the sink
   |                         | OTLP
   +------> sink <-----------+
              +-------> spans: what the test asserts on
"""
