// SPDX-License-Identifier: MIT OR Apache-2.0
// node brotli.mjs FILE OUT [FILE OUT]...
// Brotli at its best, in the threads of Node's pool; the same bytes from the same contents.
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";

const words = process.argv.slice(2);
const jobs = words.filter((_, n) => n % 2 == 0).map(async (file, n) => {
  const contents = await readFile(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS, // browsers take 16 MiB, no more
    [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
  };
  await writeFile(words[2 * n + 1], await promisify(brotliCompress)(contents, { params }));
});
await Promise.all(jobs);
