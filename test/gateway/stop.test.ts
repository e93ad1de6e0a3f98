import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProofOutcome } from "../../src/core/input";
import type { Store } from "../../src/gateway/sides";
import { openStore } from "../../src/store/sqlite-store";
import { ANSWERED, setStage } from "./fake-sides";

const hello = (n: number): string =>
  `<message from='juliet@xmpp.example/balcony' to='romeo@sip.example' type='chat' id='m${n}'><body>text ${n}</body></message>`;
let folder: string;
const open = (): Store =>
  openStore({ file: join(folder, "isthmus.db"), migrations: join(__dirname, "../../migrations") });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-stop-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("stopping answers what is under way and says how much was left", () => {
  test("a SIP message whose proof the end of the link decides is answered before the SIP side closes", async () => {
    const stage = await setStage();
    let decide = (_outcome: ProofOutcome): void => undefined;
    stage.proofs = [() => new Promise((resolve) => (decide = resolve))];
    const order: string[] = [];
    stage.onStop = (side) => {
      order.push(side);
      if (side === "xmpp") decide({ kind: "link-down", retryAfter: 0 });
    };
    const answered = stage.fromSip().then((answer) => order.push(String(answer.status)));
    await stage.gateway.stop();
    await answered;
    expect(order).toEqual(["xmpp", "503", "sip"]);
  });

  test("a SIP request under way is waited for; what comes meanwhile is journalled and left to the next life", async () => {
    const before = await setStage({ store: open() });
    let answer = (): void => undefined;
    before.outcomes = [() => new Promise((resolve) => (answer = () => resolve(ANSWERED(404)())))];
    before.fromXmpp(hello(1));
    await before.quiet();
    const stopped = before.gateway.stop();
    before.fromXmpp(hello(2));
    await before.quiet();
    answer();
    expect(await stopped).toEqual({ sipOpen: 0, stanzasUnproven: 0, journalled: 1 });
    expect(before.requests).toHaveLength(1);
    expect(before.stanzas[0]).toContain("id='m1'");
    const after = await setStage({ store: open() });
    await after.quiet();
    expect(after.requests.map(({ body }) => Buffer.from(body).toString())).toEqual(["text 2"]);
    expect(await after.gateway.stop()).toMatchObject({ journalled: 0 });
  });

  test("a phone that never answers does not hold the stop up; its message is sent again by the next life", async () => {
    const before = await setStage({ store: open() });
    before.outcomes = [() => new Promise(() => undefined)];
    before.fromXmpp(hello(1));
    await before.quiet();
    const stopped = before.gateway.stop();
    await before.pass(5_000);
    expect(await stopped).toMatchObject({ journalled: 1 });
    const after = await setStage({ store: open() });
    await after.quiet();
    expect(after.requests[0]).toMatchObject({ branch: before.requests[0]!.branch });
    await after.gateway.stop();
  });

  test("what nobody could be told is counted and told by the next life", async () => {
    const before = await setStage({ store: open() });
    before.down.add("sip.example");
    before.outcomes = [ANSWERED(404)];
    before.fromXmpp(hello(1));
    await before.quiet();
    expect(before.gateway.state()).toMatchObject({ journal: 1, queued: 0, owedReports: 1 });
    expect(await before.gateway.stop()).toMatchObject({ journalled: 1 });
  });
});
