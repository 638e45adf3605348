// SPDX-License-Identifier: MIT OR Apache-2.0
// The one classic, render-blocking script: marks that scripts run, before anything is painted.
document.documentElement.dataset.scripts = "on";
