// SPDX-License-Identifier: MIT OR Apache-2.0
// Requests that a page may leave behind. Browsers allow 65,536 bytes of such bodies in flight, for all of a page's scripts,
// and count each until its answer has been read to the end.

const enum Limit {
  IN_FLIGHT_BYTES = 61_440,
}
export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Headers;
  readonly body: ArrayBuffer;
}

/** Whether another try may help; so the OTLP specification. */
export const isTransient = (status: number): boolean => status == 429 || (status > 501 && status < 505);

export class Keepalive {
  _inFlight = 0;

  /** `_may`: whether the browser has it. */
  constructor(readonly _may = true) {}

  /** Whether a body of that size may be left behind now; one that is too large for any quota never may. */
  hasRoom(size: number): boolean {
    return this._may && this._inFlight + size <= Limit.IN_FLIGHT_BYTES;
  }

  /** POSTs, so that the page may leave if there is room; resolves when the answer is read. */
  async post(url: string, size: number, init: RequestInit): Promise<Answer> {
    const keepalive = this.hasRoom(size);
    const counted = keepalive ? size : 0;
    this._inFlight += counted;
    try {
      const response = await fetch(url, { ...init, method: "POST", keepalive });
      const { ok, status, headers } = response;
      return { ok, status, headers, body: await response.arrayBuffer() };
    } finally {
      this._inFlight -= counted;
    }
  }
}
