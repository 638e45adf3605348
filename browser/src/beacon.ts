// SPDX-License-Identifier: MIT OR Apache-2.0
// Bodies to the gateway: all that fit into the browser's keepalive quota at once, the rest behind them.
//
//   waiting --POST--> in flight --2xx--------------------> sent
//      ^                  |--429, 502-504, no answer--> waiting, tried again after a while
//      |                  `--other answers--------> refused
//      `--next page view-- localStorage <-- what is not known to be delivered when the page goes
import { isTransient, Keepalive } from "./keepalive";
import { save } from "./storage";

const enum Limit {
  BODY_BYTES = 61_440,
  BODIES = 32,
  AGE_MS = 86_400_000,
  HALF_FIRST_WAIT_MS = 500,
  WAIT_MS = 60_000,
  RETRY_AFTER_MS = 3_600_000,
  /** After so many failures in a row nothing is tried until the page has something new to say. */
  TRIES = 8,
}
interface Body {
  readonly text: string;
  readonly at: number;
  readonly size: number;
  flight?: Promise<void>;
}

/** Ms for which a server wants to be left in peace, an hour at most: seconds, or a date (RFC 9110 section 10.2.3). */
const retryAfter = (headers: Headers): number => {
  const said = headers.get("retry-after") ?? "";
  return Math.min(Number(said) * 1000 || Date.parse(said) - Date.now() || 0, Limit.RETRY_AFTER_MS);
};

export const bytes = (text: string): number => new TextEncoder().encode(text).length;

export class Beacon {
  readonly counters = {
    state: "edge",
    bodies: 0,
    sent: 0,
    failed: 0,
    retried: 0,
    refused: 0,
    dropped: 0,
    last_error: "",
    failed_messages: 0,
    failed_message: "",
  };
  _bodies: Body[] = [];
  readonly _quota = new Keepalive();
  _failures = 0;
  /** Not before; Date.now()'s. The gateway's word, which even a flush respects. */
  _asked = 0;
  _timer = 0;

  constructor(
    readonly _url: string,
    readonly _report: (text: string) => void,
  ) {}

  get waiting(): number {
    return this._bodies.length;
  }

  /** Takes one; what is too much, too large, too old or here already is not taken. */
  offer(text: string, at = Date.now()): void {
    if (this._bodies.some((body) => body.text == text)) return;
    const size = bytes(text);
    if (this.waiting < Limit.BODIES && Date.now() - at < Limit.AGE_MS && size <= Limit.BODY_BYTES) {
      this._bodies.push({ text, at, size });
      this.counters.bodies++;
    } else this.counters.dropped++;
  }

  /** POSTs what may be POSTed; resolves when all of that is answered. Between tries only if it must be `now`. */
  async send(now = false): Promise<void> {
    if (this._timer && !now) return;
    for (const body of this._bodies) {
      const { size } = body;
      if (body.flight || Date.now() < this._asked || !this._quota.hasRoom(size)) continue;
      body.flight = this._post(body).then((again) => {
        delete body.flight;
        if (again) return this._later();
        this._bodies = this._bodies.filter((other) => other != body);
        return this.send();
      });
    }
    await Promise.all(this._bodies.map((body) => body.flight));
  }

  /** Whether it has to be tried again. */
  async _post(body: Body): Promise<boolean> {
    const { counters } = this;
    let again = true;
    let answer: string;
    try {
      const { ok, status, headers, body: said } = await this._quota.post(this._url, body.size, { body: body.text, redirect: "error" });
      answer = `${status} ${new TextDecoder().decode(said).slice(0, 200)}`;
      again = isTransient(status);
      if (ok) counters.sent++;
      else if (!again) counters.refused++;
      if (again) this._asked = Date.now() + retryAfter(headers);
      else this._failures = 0;
      if (!ok) counters.last_error = answer;
    } catch (error) {
      counters.last_error = answer = `${error}`;
    }
    if (again) counters.failed++;
    this._report(`${body.size} bytes: ${answer}`);
    return again;
  }

  _later(): void {
    if (this._timer || ++this._failures > Limit.TRIES) return;
    const wait = Math.min(Limit.HALF_FIRST_WAIT_MS * 2 ** this._failures, Limit.WAIT_MS) * (0.5 + Math.random() / 2);
    this._timer = setTimeout(
      () => {
        this._timer = 0;
        this.counters.retried += this.waiting;
        void this.send();
      },
      Math.max(wait, this._asked - Date.now()),
    );
  }

  /** The page goes: what is not known to be delivered waits for the next page view. Twice sent counts once. */
  keep(): void {
    if (this.waiting) save(this._bodies.map(({ text, at }) => ({ kind: "body", text, at })));
  }

  clear(): void {
    clearTimeout(this._timer);
    this._bodies = [];
  }
}
