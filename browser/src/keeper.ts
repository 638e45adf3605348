// SPDX-License-Identifier: MIT OR Apache-2.0
// What a runtime that outlives its pages was told lies on disk until it is delivered, and is told again if it was not. One that
// does not outlive them (`hold`) leaves that to its pages.
import { tagOf } from "./capabilities";
import { Disk } from "./disk";
import type { PageLine } from "./page-line";
import type { ToRuntime } from "./protocol";

/** A disk that takes longer is not waited for. */
const PATIENCE_MS = 1000;

export class Keeper {
  _disk: Disk | undefined;
  _kept: Promise<void> | undefined;

  /** `_name`: the runtime's. */
  constructor(readonly _name: string) {
    if ("onconnect" in self) this._disk = new Disk(tagOf(_name));
  }

  /** The pages keep. */
  hold(): void {
    this._disk = undefined;
  }

  keep(page: PageLine): void {
    this._kept = this._disk?.put(page.id, page.ledger.messages());
  }

  /** Python's start leaves this thread no time to write, and a renderer may be killed in it. */
  async kept(): Promise<void> {
    await Promise.race([this._kept, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  }

  erase(): void {
    void this._disk?.clear();
  }

  /** To the next start of Python, wherever that is. */
  leave(): void {
    this._disk?.leave();
  }

  /**
   * Tells what runtimes that are no more were told, each as a page that has gone. Who stands in for one that fell silent (connect.ts)
   * leaves that to others: pages that live tell it all themselves.
   */
  async restore(tell: (messages: ToRuntime[]) => void): Promise<void> {
    if (this._name.endsWith(" ")) return;
    for (const messages of (await this._disk?.restore()) ?? []) tell(messages);
  }

  counters(): Record<string, number> {
    return { disk_dropped: this._disk?.dropped ?? 0 };
  }
}
