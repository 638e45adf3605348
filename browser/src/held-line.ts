// SPDX-License-Identifier: MIT OR Apache-2.0
// The page's end of the line to a runtime that dies with its pages. Nothing is let go of before somebody else has it: a
// message before its spans are in requests, a request before it is answered. What is left when the page goes waits on the
// shelf for the next page view; what a runtime had when it broke or hung is said again to another.
//
//   loader --message--> held --> runtime --request--> held --> endpoint
//                        `--------- gone: shelf ----------'
import { attempt, on } from "./guard";
import type { May } from "./capabilities";
import { HeldBodies } from "./held-bodies";
import { Keepalive } from "./keepalive";
import { Ledger } from "./ledger";
import { Legacies } from "./legacies";
import type { ToPage, ToRuntime } from "./protocol";
import { Shelf } from "./shelf";
import { Watch, type Watched } from "./watch";

export interface Port extends Watched {
  onmessage: ((event: MessageEvent<ToPage>) => void) | null;
  postMessage(message: ToRuntime): void;
}
export class HeldLine {
  onmessage: ((event: { data: ToPage }) => void) | null = null;
  _port: Port | undefined;
  /** Told on this port, and not known to be in a request. */
  _ledger = new Ledger();
  /** Whether Python is to run; whoever takes over is told, too. */
  _awake = false;
  /** Whether the page is gone, perhaps into the back/forward cache; it is hidden only after that. */
  _gone = false;
  readonly _bodies: HeldBodies;
  readonly _shelf: Shelf;
  readonly _legacies: Legacies;
  readonly _watch = new Watch(() => this._port?.postMessage({ kind: "ping" }));

  /** `tag`: what the runtime is configured by. */
  constructor(may: May, tag: string) {
    this._bodies = new HeldBodies(new Keepalive(may("keepalive")), may("fetchlater"));
    this._shelf = new Shelf(may("storage"), tag);
    this._legacies = new Legacies(this._shelf, () => attempt(() => this._inherit()));
    for (const message of this._legacies._first) this.postMessage(message);
    this._save();
    // After the loader's own listeners, whose last words are thus held.
    on("pagehide", () => {
      this._gone = true;
      this._bodies.part();
      this._save();
    });
    for (const type of ["pageshow", "resume"]) on(type, () => (this._gone = false));
    on("visibilitychange", () => document.visibilityState == "hidden" && this._save());
    on("freeze", () => {
      this._gone = true; // until it wakes up, it can do nothing for what it has
      this._save();
    });
  }

  /** What others have left since is told between our own words as what it is: another's. */
  _inherit(): void {
    if (this._gone || !this._awake) return;
    const found = this._legacies._find();
    if (!found[0]) return;
    for (const one of found) (one.kind == "otlp" ? this : this._port)?.postMessage(one);
    this._watch.start();
    this._save();
  }

  /** Speaks through another port from now on. `broken`: called when the runtime behind it hangs or was ended. */
  over(port: Port, broken: (cause: string) => void): void {
    const again = [...this._bodies.undelivered(), ...this._ledger.messages(), ...this._ledger.questions()];
    this._port = port;
    this._ledger = new Ledger();
    port.onmessage = ({ data }) => port == this._port && attempt(() => this._hear(port, data));
    port.postMessage({ kind: "hold" });
    for (const message of again) this.postMessage(message);
    for (const message of this._legacies._words()) port.postMessage(message);
    if (this._awake) this.postMessage({ kind: "boot" });
    this._watch.over(port, broken);
  }

  postMessage(message: ToRuntime): void {
    if (message.kind == "stop") return this._forget(message);
    if (message.kind == "otlp") this._bodies.keep(message);
    this._awake ||= /boot|leave|flush/.test(message.kind);
    this._ledger.add(message);
    this._port?.postMessage(message);
    this._watch.start();
    if (message.kind != "boot") return;
    this._inherit();
    setTimeout(() => this._save()); // a killed page says nothing more
  }

  /** No runtime will take anything any more; `keep`: on this page view. Then all stays, to be saved again when the page goes. */
  end(keep: boolean): void {
    this._watch.end();
    this._port?.terminate?.();
    this._port = undefined;
    this._gone ||= keep;
    if (keep) this._save();
    else this._ledger = new Ledger();
  }

  _hear(port: Port, message: ToPage): void {
    this._watch.alive(/request|taken|flushed/.test(message.kind) || (message.kind == "up" && message.ready));
    if (message.kind == "request") {
      const answer = (what: object): void => {
        port.postMessage({ kind: "answer", request: message.request, ...what });
        this._settle();
      };
      this._bodies.send(message).then(
        ({ status, headers, body }) => answer({ status, headers: [...headers], body }),
        (error) => answer({ error: `${error}` }),
      );
      return;
    }
    if (message.kind == "taken") {
      if (message.legacy) this._legacies._told.delete(message.legacy);
      else this._ledger.take(message);
      return this._settle();
    }
    if (message.kind == "failed") this.end(!!message.keep);
    if ("counters" in message) Object.assign(message.counters, this._bodies.counters, this._counters());
    this.onmessage?.({ data: message });
  }

  _counters(): Record<string, number> {
    const { _ledger, _legacies, _shelf, _watch } = this;
    return { held_messages: _ledger.length, restored: _legacies._count, shelf_dropped: _shelf.dropped, replaced: _watch.hangs };
  }

  /** What the shelf has is no longer true. */
  _settle(): void {
    if (this._shelf.used) this._save();
    if (!this._ledger.length && !this._legacies._told.size) this._watch.stop();
  }

  _save(): void {
    const others = [...this._legacies._told.values()].flat();
    this._shelf.save([...this._bodies.undelivered(), ...others, ...this._ledger.messages()], this._gone);
  }

  _forget(stop: ToRuntime): void {
    this._ledger = new Ledger();
    this._legacies._told.clear();
    this._bodies.clear();
    this._shelf.clear();
    this._watch.end();
    this._port?.postMessage(stop);
  }
}
