// SPDX-License-Identifier: MIT OR Apache-2.0
// node serve.mjs < one line of JSON, then stdin stays open: Miniflare's options, and it ends when stdin does.
// Prints {"url"} once it answers, then every line that the Worker logs.
import { createInterface } from "node:readline";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const lines = createInterface({ input: process.stdin });
const first = await new Promise((resolve) => lines.once("line", resolve));
const miniflare = new Miniflare({
  ...convertV4MiniflareOptions(JSON.parse(first)),
  handleUncaughtError: (error) => console.error(error.stack),
});
lines.once("close", async () => {
  await miniflare.dispose();
  process.exit(0);
});
console.log(JSON.stringify({ url: (await miniflare.ready).href }));
