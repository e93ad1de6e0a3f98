/** What a gateway under test waits for at its store: a scripted test goes on when the disk has it, however busy the disk is. */

import type { Store } from "../../src/gateway/sides";
import type { OpenStore } from "../../src/store/sqlite-store";

/** Watches a store; the returned function resolves when nothing that the gateway has begun waits for it any more. */
export function quietOf(store: Store): () => Promise<void> {
  const written = watchedWrites(store);
  return async () => {
    do await turns();
    while (await written());
  };
}

/** What waits for a write goes on in the turns after it. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Notes the writes that the gateway waits for; the returned function waits for them too, and says whether there were any. */
function watchedWrites(store: Store): () => Promise<boolean> {
  const open = new Set<Promise<unknown>>();
  const watch = <Name extends string>(
    part: { [name in Name]: Write } | undefined,
    ...names: Name[]
  ): void => {
    if (part === undefined) return;
    for (const name of names) part[name] = noted(part[name].bind(part), open);
  };
  const { waiting, subscriptions, publications } = store as OpenStore;
  watch(store, "journal", "journalReport", "putReceipt");
  watch(waiting, "keep", "delivered", "remove");
  watch(subscriptions, "step");
  watch(publications, "putPublication", "removePublication");
  return async () => {
    const waited = [...open];
    await Promise.allSettled(waited);
    return waited.length > 0;
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the arguments of any write
type Write = (...all: any[]) => Promise<any>;

function noted(write: Write, open: Set<Promise<unknown>>): Write {
  return (...all) => {
    const writing = write(...all);
    open.add(writing);
    const forget = (): void => void open.delete(writing);
    writing.then(forget, forget);
    return writing;
  };
}
