import { loadConfig } from "../../src/config/load";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";
import { configFile } from "./config-file";
import { type Call, isthmus } from "./terminal";

let config: string;
let store: OpenStore;
const lists = (...args: string[]): Promise<Call> => isthmus(["lists", ...args, "--config", config]);

beforeEach(() => {
  config = configFile({ lists: { entries: 3 } });
  store = openStore(loadConfig(config, {}).store);
});
afterEach(() => store.close());

test("a change is on disk beside a gateway that runs, which is told of it once", async () => {
  const call = await lists("block", "sip:romeo@phones.example", "*@spam.example");
  expect(call).toEqual({
    code: 0,
    out: "spam.example is kept from romeo@sip.example. The gateway that runs takes it within a second.\n",
    error: "",
  });
  expect(store.lists.listOf("romeo@sip.example").entries).toEqual(new Map([["spam.example", "block"]]));
  expect(store.lists.takeChanges(10)).toEqual([{ owner: "romeo@sip.example", entry: "spam.example" }]);
  expect(store.lists.takeChanges(10)).toEqual([]);
});

test("show says what is in each list, in words and in JSON", async () => {
  expect((await lists("show")).out).toBe("Nobody has a list: everybody may reach everybody.\n");
  await lists("block", "romeo@phones.example", "spam.example");
  await lists("allow", "romeo@sip.example", "friend@spam.example");
  await lists("only-allowed", "*");
  expect((await lists("show")).out).toBe(
    "* (everybody)\n  only those who are allowed\n" +
      "romeo@sip.example\n  allow  friend@spam.example\n  block  spam.example\n",
  );
  expect(JSON.parse((await lists("show", "romeo@sip.example", "--json")).out)).toEqual({
    lists: [
      {
        owner: "romeo@sip.example",
        onlyAllowed: false,
        allowed: ["friend@spam.example"],
        blocked: ["spam.example"],
      },
    ],
  });
  expect((await lists("show", "nurse@xmpp.example")).out).toBe("nurse@xmpp.example\n  nothing\n");
});

test("unblock and anybody undo, and say whose gateway takes it", async () => {
  await lists("block", "xmpp.example", "pest@far.example");
  await lists("only-allowed", "xmpp.example");
  await lists("unblock", "xmpp.example", "pest@far.example");
  const { out } = await lists("anybody", "xmpp.example", "--json");
  expect(JSON.parse(out)).toEqual({
    owner: "xmpp.example",
    entry: null,
    change: "anybody",
    gatewayRuns: true,
  });
  expect((await lists("show")).out).toMatch(/^Nobody/);
  expect(store.lists.takeChanges(10)).toEqual([
    { owner: "xmpp.example" },
    { owner: "xmpp.example", entry: "pest@far.example" },
  ]);
});

test("a full list takes no more", async () => {
  for (const entry of ["a.example", "b.example", "c.example"]) await lists("block", "*", entry);
  expect(await lists("block", "*", "d.example")).toMatchObject({
    code: 1,
    error: "The list of everybody is full: lists.entries allows 3.\n",
  });
  expect((await lists("allow", "*", "a.example")).code).toBe(0);
});

test.each([
  [["frobnicate"], "lists takes show, allow, block"],
  [["block", "romeo@sip.example"], "lists block takes an owner and an entry"],
  [["block", "romeo@sip.example", "a@b@c"], "entry"],
  [["block", "sip:x@nowhere", "a.example"], "owner"],
  [["show", "a.example", "b.example"], "lists show takes one owner"],
  [["show", "--limit", "0"], "--limit takes a number from 1"],
  [["anybody", "*", "--limit", "1"], "--limit goes with show"],
])("%j is refused as usage", async (args, sentence) => {
  const call = await lists(...args);
  expect([call.code, call.out]).toEqual([2, ""]);
  expect(call.error).toContain(sentence);
});

test("a database that is not there is named", async () => {
  config = configFile();
  const call = await lists("show");
  expect(call.code).toBe(1);
  expect(call.error).toMatch(/database .*isthmus.db: unable to open/);
});
