// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads the shop's JSON; an answer that is not 2xx is an error the caller must show.
export async function read(path) {
  const response = await fetch(`/api/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}
