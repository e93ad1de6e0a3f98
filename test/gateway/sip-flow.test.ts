import { PROVEN, setStage } from "./fake-sides";

const BOUNCE = (stanza: { attrs: Readonly<Record<string, string>> }, condition: string) => ({
  kind: "bounced" as const,
  error: {
    name: "message",
    ns: "jabber:client",
    attrs: {
      type: "error",
      from: stanza.attrs.to as string,
      to: stanza.attrs.from as string,
      id: stanza.attrs.id as string,
    },
    children: [
      {
        name: "error",
        ns: "jabber:client",
        attrs: { type: "cancel" },
        children: [{ name: condition, ns: "urn:ietf:params:xml:ns:xmpp-stanzas", attrs: {}, children: [] }],
      },
    ],
  },
});

describe("a 2xx to MESSAGE means that the XMPP server has the stanza (architecture §4 point 2)", () => {
  test("proven: 202 (RFC 3428 §7), and the stanza holds the text", async () => {
    const stage = await setStage();
    expect(await stage.fromSip()).toEqual({ status: 202, reason: "Accepted", headers: [] });
    expect(stage.stanzas).toHaveLength(1);
    expect(stage.stanzas[0]).toContain("<body>hello</body>");
    expect(stage.stanzas[0]).toContain("from='romeo@sip.example'");
  });

  test("200 by the switch of the peer", async () => {
    const stage = await setStage({ switches: { acceptedStatus: 200 } });
    expect((await stage.fromSip()).status).toBe(200);
  });

  test("no answer at all before the proof", async () => {
    const stage = await setStage();
    let prove = (): void => undefined;
    stage.proofs = [() => new Promise((resolve) => (prove = () => resolve(PROVEN())))];
    let status: number | undefined;
    const answered = stage.fromSip().then((answer) => {
      status = answer.status;
    });
    await stage.quiet();
    expect(status).toBeUndefined();
    prove();
    await answered;
    expect(status).toBe(202);
  });

  test("a bounce becomes its mapped error in that same answer", async () => {
    const stage = await setStage();
    stage.proofs = [(stanza) => BOUNCE(stanza, "item-not-found")];
    expect((await stage.fromSip()).status).toBe(604);
    expect((await stage.fromSip({ requestUri: "sip:juliet@xmpp.example;gr=balcony" })).status).toBe(404);
  });

  test("link down: 503 with Retry-After; late: 504; full: 503 with Retry-After; never 408 (RFC 4320 §4.2)", async () => {
    const stage = await setStage();
    stage.proofs = [() => ({ kind: "link-down", retryAfter: 2.3 })];
    expect(await stage.fromSip()).toMatchObject({ status: 503, headers: [["Retry-After", "3"]] });
    stage.proofs = [() => ({ kind: "late" })];
    expect((await stage.fromSip()).status).toBe(504);
    stage.proofs = [() => ({ kind: "full", retryAfter: 1 })];
    expect(await stage.fromSip()).toMatchObject({ status: 503, headers: [["Retry-After", "1"]] });
  });

  test("bug 15: what is not understood is 415 with Accept, never 2xx with nothing delivered", async () => {
    const stage = await setStage();
    const answer = await stage.fromSip({ contentType: "image/png" });
    expect(answer.status).toBe(415);
    expect(answer.headers.some(([name, value]) => name === "Accept" && value.includes("text/plain"))).toBe(
      true,
    );
    expect(stage.stanzas).toEqual([]);
  });

  test("one transaction always makes the same stanza id; another makes another", async () => {
    const stage = await setStage();
    await stage.fromSip({ transaction: "aaaa" });
    await stage.fromSip({ transaction: "aaaa" });
    await stage.fromSip({ transaction: "bbbb" });
    const ids = stage.stanzas.map((stanza) => / id='([^']+)'/.exec(stanza)?.[1]);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test("while stopping, a new MESSAGE gets 503 with Retry-After", async () => {
    const stage = await setStage();
    await stage.gateway.stop();
    expect(await stage.fromSip()).toMatchObject({ status: 503, headers: [["Retry-After", "10"]] });
  });
});

describe("typing from SIP (RFC 3994)", () => {
  const typing = (state: string) => ({
    contentType: "application/im-iscomposing+xml",
    body: Buffer.from(
      `<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>${state}</state></isComposing>`,
    ),
  });

  test("is told once, refreshes are swallowed, silence ends it after 120 s", async () => {
    const stage = await setStage();
    await stage.fromSip();
    stage.stanzas.length = 0;
    await stage.fromSip(typing("active"));
    await stage.fromSip(typing("active"));
    expect(stage.stanzas).toHaveLength(1);
    expect(stage.stanzas[0]).toContain("<composing ");
    await stage.pass(119_000);
    expect(stage.stanzas).toHaveLength(1);
    await stage.pass(3_000);
    expect(stage.stanzas).toHaveLength(2);
    expect(stage.stanzas[1]).toContain("<active ");
  });
});
