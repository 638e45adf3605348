// SPDX-License-Identifier: MIT OR Apache-2.0
// benchmarks/measure.py for JavaScript: the same sampling, the same lines.
const quick = globalThis.process?.env?.EDGETRACE_BENCH_QUICK;
const SAMPLES = quick ? 3 : 9;
const SAMPLE_MS = 60;

export const quantile = (sorted, share) => {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
};

const sample = (operation, loops) => {
  const started = performance.now();
  for (let n = 0; n < loops; n++) operation();
  return performance.now() - started;
};

/** Time an operation that does `count` of `per`, and print a line; `facts` go with it. */
export const measure = (benchmark, name, operation, count, per, facts = {}) => {
  let loops = 1;
  for (;;) {
    const took = sample(operation, loops); // also warms up
    if (took >= SAMPLE_MS) break;
    loops = Math.max(loops + 1, Math.floor((loops * SAMPLE_MS * 1.2) / Math.max(took, 0.001)));
    loops = Math.min(loops, 1_000_000);
  }
  const taken = [];
  for (let n = 0; n < SAMPLES; n++) taken.push((sample(operation, loops) * 1e6) / (loops * count));
  taken.sort((a, b) => a - b);
  const median = quantile(taken, 0.5);
  const spread = (quantile(taken, 0.75) - quantile(taken, 0.25)) / median;
  print({ benchmark, case: name, unit: `ns/${per}`, median: round(median), fastest: round(taken[0]),
    spread: Math.round(spread * 1000) / 1000, samples: SAMPLES, ...facts });
};

export const print = (line) => console.log(JSON.stringify(line));
export const round = (number) => Math.round(number * 10) / 10;

/** Size of `bytes` as gzip level 6, which is what CompressionStream does. */
export const gzipped = async (bytes) => {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
};
