// SPDX-License-Identifier: MIT OR Apache-2.0
// The page's own code must never see a failure of ours: every callback and API function passes through here.

/** The last failure that was swallowed, for `edgetrace.counters()`. */
export let failure = "";

/** Runs `work`; a failure is noted and becomes `undefined`. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    failure = `${error}`;
  }
  return undefined;
}

/** Hears an event of the page before the page can stop it; those of the document bubble up to the window. */
export const on = (type: string, listener: (event: PageTransitionEvent) => unknown): void =>
  addEventListener(type, (event) => attempt(() => listener(event as PageTransitionEvent)), true);

/** In a task of its own when the main thread is free; Safari has no requestIdleCallback. */
export const whenIdle = (work: () => void): unknown =>
  (window.requestIdleCallback || setTimeout)(() => attempt(work), { timeout: 1000 } as IdleRequestOptions & number);
