import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Binding } from "../../src/core/registrar/binding";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";

const MIGRATIONS = join(__dirname, "../../migrations");
let folder: string;
let store: OpenStore;

const open = (): OpenStore => openStore({ file: join(folder, "isthmus.db"), migrations: MIGRATIONS });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-bindings-"));
  store = open();
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function binding(n: number, more: Partial<Binding> = {}): Binding {
  return {
    person: "romeo@office.test",
    key: `key-${n}`,
    resource: `urn:uuid:${n}`,
    contact: `sip:romeo@192.0.2.${n}`,
    instance: `urn:uuid:${n}`,
    regId: n,
    q: 500,
    callId: `call-${n}`,
    cseq: n,
    expiresAt: 1_000 * n,
    registeredAt: 5,
    path: ["<sip:edge.test;lr>"],
    flow: {
      transport: "udp",
      address: `192.0.2.${n}`,
      port: 5060,
      local: { address: "192.0.2.250", port: 5060 },
    },
    epoch: `epoch-${n}`,
    ...more,
  };
}

test("what is put comes back, in this life and the next", async () => {
  const bare = binding(2);
  const { instance: _instance, regId: _regId, ...plain } = { ...bare, epoch: "" };
  const written = store.bindings.changeBindings("romeo@office.test", [binding(1), plain], []);
  expect(store.bindings.bindingsOf("romeo@office.test")).toEqual([binding(1), plain]);
  await written;
  const key = Buffer.from(store.bindings.gruuKey());
  store.close();
  store = open();
  expect(store.bindings.bindingsOf("romeo@office.test")).toEqual([binding(1), plain]);
  expect(store.bindings.countBindings()).toBe(2);
  expect(Buffer.from(store.bindings.gruuKey())).toEqual(key);
  expect(key).toHaveLength(32);
});

test("bindings of one address are counted up to a bound", async () => {
  const { bindings } = store;
  const flow = binding(1).flow;
  const three = [1, 2, 3].map((n) => binding(n, { flow }));
  await bindings.changeBindings("romeo@office.test", three, []);
  expect([2, 3, 4].map((most) => bindings.countBindingsFrom(flow.address, most))).toEqual([2, 3, 3]);
});

test("a refresh replaces, wherever it came from; what goes is gone", async () => {
  const { bindings } = store;
  await bindings.changeBindings("romeo@office.test", [binding(1), binding(2)], []);
  const refreshed = binding(1, { expiresAt: 9_000, cseq: 7 });
  const moved = binding(2, { flow: { ...binding(2).flow, address: "198.51.100.1" }, epoch: "other" });
  await bindings.changeBindings("romeo@office.test", [refreshed, moved], []);
  expect(bindings.bindingsOf("romeo@office.test")).toEqual([refreshed, moved]);
  const from = (address: string, most: number) => bindings.countBindingsFrom(address, most);
  expect([from("192.0.2.2", 5), from("198.51.100.1", 5)]).toEqual([0, 1]);
  expect([bindings.bindingOfEpoch("epoch-2"), bindings.bindingOfEpoch("other")]).toEqual([undefined, moved]);
  await bindings.changeBindings("romeo@office.test", [], ["key-1", "unknown"]);
  expect(bindings.bindingsOf("romeo@office.test")).toEqual([moved]);
  expect(bindings.countBindings()).toBe(1);
  await bindings.changeBindings("juliet@office.test", [], ["key-2"]);
  expect(bindings.countBindings()).toBe(1);
});

test("what expires is found in its order", async () => {
  const { bindings } = store;
  expect(bindings.nextBindingExpiry()).toBeUndefined();
  await bindings.changeBindings("romeo@office.test", [binding(3), binding(1), binding(2)], []);
  expect(bindings.nextBindingExpiry()).toBe(1_000);
  expect(bindings.expiredBindings(2_000, 10).map(({ key }) => key)).toEqual(["key-1", "key-2"]);
  expect(bindings.expiredBindings(2_000, 1)).toHaveLength(1);
});
