/** The stores of presence in memory: what they promise, with the disk taken away. */

import { recordKey, type SubscriptionRecord } from "../../../src/core/subscription/record";
import type { PublicationRow, PublicationStore, SubscriptionStore } from "../../../src/gateway/sides";

export interface FakePublications extends PublicationStore {
  readonly rows: ReadonlyMap<string, PublicationRow>;
  /** The next writes fail. */
  broken: boolean;
}

export function fakePublications(): FakePublications {
  const rows = new Map<string, PublicationRow>();
  const all = (): PublicationRow[] => [...rows.values()].sort((a, b) => a.expiresAt - b.expiresAt);
  const store: FakePublications = {
    rows,
    broken: false,
    async putPublication(row, replaces) {
      await Promise.resolve();
      if (store.broken) throw new Error("disk full");
      if (replaces !== undefined) rows.delete(replaces);
      rows.set(row.etag, row);
    },
    async removePublication(etag) {
      await Promise.resolve();
      if (store.broken) throw new Error("disk full");
      rows.delete(etag);
    },
    getPublication: (etag) => rows.get(etag),
    publicationsOf: (presentity) => all().filter((row) => row.presentity === presentity),
    expiredPublications: (now, limit) =>
      all()
        .filter(({ expiresAt }) => expiresAt <= now)
        .slice(0, limit),
    nextPublicationExpiry: () => all()[0]?.expiresAt,
  };
  return store;
}

export interface FakeSubscriptions extends SubscriptionStore {
  put(record: SubscriptionRecord): string;
  remove(key: string): void;
}

export function fakeSubscriptions(): FakeSubscriptions {
  const rows = new Map<string, SubscriptionRecord>();
  const those = (direction: SubscriptionRecord["direction"], fits: (row: SubscriptionRecord) => boolean) =>
    [...rows.values()].filter((row) => row.direction === direction && fits(row));
  return {
    put(record) {
      rows.set(recordKey(record), record);
      return recordKey(record);
    },
    remove: (key) => void rows.delete(key),
    async step(key, step) {
      const { record, effects } = step(rows.get(key));
      if (record === undefined) rows.delete(key);
      else rows.set(key, record);
      await Promise.resolve();
      return effects;
    },
    get: (key) => rows.get(key),
    keyOfDialog: (callId, localTag) =>
      [...rows].find(([, { dialog }]) => dialog?.callId === callId && dialog.localTag === localTag)?.[0],
    ofPair: (direction, watcher, presentity) =>
      those(direction, (row) => row.watcher === watcher && row.presentity === presentity),
    ofWatcher: (direction, watcher, limit) =>
      those(direction, (row) => row.watcher === watcher).slice(0, limit),
    ofPresentity: (direction, presentity, limit) =>
      those(direction, (row) => row.presentity === presentity).slice(0, limit),
    countOfWatcher: (direction, watcher) => those(direction, (row) => row.watcher === watcher).length,
    count: () => rows.size,
    due: () => [],
    nextDue: () => undefined,
    page: (after, limit) => [...rows.values()].filter((row) => recordKey(row) > after).slice(0, limit),
  };
}
