/** The vectors of RFC 7572, 3862, 3922, 3994, 5438 and XEP-0085: single messages, CPIM, IMDN, chat states. */

import { cpimUri } from "../../src/core/message/addresses";
import { chatStateStanza } from "../../src/core/message/chat-state";
import {
  type ChatState,
  type ComposingEffect,
  type ComposingRecord,
  composingDeadline,
  composingDue,
  composingFromSip,
  composingFromXmpp,
} from "../../src/core/message/composing";
import { parseCpim, subjectHeader } from "../../src/core/message/cpim";
import { parseImdn } from "../../src/core/message/imdn";
import { isComposingDocument, parseIsComposing } from "../../src/core/message/is-composing";
import { expectFromXmpp, imdnForReceipt, receiptStanza } from "../../src/core/message/receipts";
import { xmppMessageToSip } from "../../src/core/message/xmpp-to-sip";
import { REJECTIONS } from "../../src/core/rejection";
import { DEFAULT_SWITCHES } from "../../src/core/switches";
import { child, type Element } from "../../src/xml/element";
import { NS } from "../../src/xml/namespaces";
import { write } from "../../src/xml/writer";
import {
  crlf,
  inputFromRequest,
  messageToSip,
  messageToXmpp,
  octets,
  part,
  refusedByXmpp,
  sipInput,
  stanza,
  tables,
  text,
  textOf,
  toSip,
  xmppContext,
} from "../core/message/fixtures";
import { vectorsOf } from "./vectors";

interface StanzaExpected {
  readonly from?: string;
  readonly to?: string;
  readonly typeOneOf?: readonly (string | null)[];
  readonly body?: string;
  readonly bodyText?: string;
  readonly thread?: string;
  readonly lang?: string;
  readonly subject?: string;
  readonly mustNotContain?: readonly string[];
}

interface ToXmppInput {
  readonly request?: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly xmppSide?: string;
}

interface ToXmppExpected {
  readonly stanza?: StanzaExpected;
  readonly reply?: number;
  readonly replyOneOf?: readonly number[];
  readonly replyMustHaveHeaders?: readonly string[];
}

test.each(vectorsOf<ToXmppInput, ToXmppExpected>("message-sip-to-xmpp"))(
  "%s",
  (_, { input, expect: wanted }) => {
    if (wanted.replyOneOf !== undefined) {
      expect(wanted.replyOneOf).toContain(DEFAULT_SWITCHES.acceptedStatus);
      return;
    }
    const { contentType = "text/plain", body = "x" } = input;
    const sip =
      input.request === undefined ? sipInput({ contentType, text: body }) : inputFromRequest(input.request);
    if (wanted.stanza === undefined) {
      const { sipStatus, sipHeaders } = refusedByXmpp(sip);
      expect(sipStatus).toBe(wanted.reply);
      expect(sipHeaders?.map(([name]) => name)).toEqual(wanted.replyMustHaveHeaders);
      return;
    }
    checkStanza(messageToXmpp(sip, { messageType: "normal" }).stanza, wanted.stanza);
  },
);

function checkStanza(made: Element, wanted: StanzaExpected): void {
  const found: Required<StanzaExpected> = {
    from: made.attrs.from!,
    to: made.attrs.to!,
    typeOneOf: wanted.typeOneOf?.includes(made.attrs.type ?? null) ? wanted.typeOneOf : [made.attrs.type!],
    body: textOf(part(made, "body"))!,
    bodyText: textOf(part(made, "body"))!,
    thread: textOf(part(made, "thread"))!,
    lang: made.attrs["xml:lang"]!,
    subject: textOf(part(made, "subject"))!,
    mustNotContain: (wanted.mustNotContain ?? []).filter((word) => !write(made).includes(word)),
  };
  expect(found).toMatchObject(wanted);
}

interface ToSipExpected {
  readonly requestUri?: string;
  readonly to?: string;
  readonly fromUri?: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly contentLength?: number;
  readonly subject?: string;
  readonly callId?: string;
  readonly contentLanguage?: string;
  readonly contentTypeUtf8?: boolean;
  readonly mustNotHaveHeaders?: readonly string[];
  readonly stanzaError?: { readonly condition: string; readonly typeOneOf: readonly string[] };
  readonly noRequest?: boolean;
  readonly oneOf?: readonly { readonly contentType?: string; readonly state?: string }[];
}

test.each(vectorsOf<{ stanza: string }, ToSipExpected>("message-xmpp-to-sip"))(
  "%s",
  (_, { input, expect: wanted }) => {
    if (wanted.stanzaError !== undefined) {
      // What is too long is the peer's matter (architecture §4 point 8); what it then gets is this, from either side.
      const endless = input.stanza.replace(/<body>x+<\/body>/, () => `<body>${"x".repeat(1_048_577)}</body>`);
      const result = xmppMessageToSip(stanza(endless, { bytes: 2_000_000 }), xmppContext());
      expect(result.ok ? undefined : result.rejection.condition).toBe(wanted.stanzaError.condition);
      expect(wanted.stanzaError.typeOneOf).toContain(REJECTIONS.TOO_LONG.type);
      return;
    }
    if (wanted.noRequest) {
      expect(toSip(input.stanza).kind).toBe("error");
      return;
    }
    if (wanted.oneOf !== undefined) {
      expect(toSip(input.stanza)).toMatchObject({ kind: "composing", state: "composing" });
      return;
    }
    const { request } = messageToSip(input.stanza);
    const headers = new Map(request.headers);
    const found: ToSipExpected = {
      requestUri: request.toUri,
      to: request.toUri,
      fromUri: request.fromUri,
      contentType: request.contentType.split(";")[0]!,
      body: text(request.body),
      contentLength: request.body.length,
      subject: headers.get("Subject")!,
      callId: request.callId,
      contentLanguage: headers.get("Content-Language")!,
      contentTypeUtf8: /charset=utf-8/i.test(request.contentType),
      mustNotHaveHeaders: (wanted.mustNotHaveHeaders ?? []).filter((name) => !headers.has(name)),
    };
    const { method, ...constrained } = wanted as ToSipExpected & { method: string };
    expect(method).toBe("MESSAGE");
    expect(found).toMatchObject(constrained);
  },
);

interface CpimInput {
  readonly from?: string;
  readonly to?: string;
  readonly header?: string;
  readonly headers?: readonly string[];
  readonly subject?: string;
  readonly subjects?: readonly { readonly lang: string | null; readonly text: string }[];
  readonly text?: string;
}

interface CpimExpected {
  readonly header?: string;
  readonly headers?: readonly string[] | number;
  readonly uri?: string;
  readonly from?: string;
  readonly toOneOf?: readonly string[];
  readonly subjects?: CpimInput["subjects"];
  readonly delayNotRequired?: boolean;
  readonly dropped?: boolean;
  readonly reject?: boolean;
  readonly idOneOf?: readonly (string | null)[];
  readonly imdn?: { readonly messageId: string; readonly dispositions: readonly string[] };
  readonly body?: string;
}

const withCpimHeaders = (headers: string, mimeHeaders = "") =>
  sipInput({
    contentType: "message/cpim",
    text: crlf(`${headers}\n\nContent-Type: text/plain${mimeHeaders}\n\nhi`),
  });

test.each(vectorsOf<CpimInput, CpimExpected>("cpim"))("%s", (id, { input, expect: wanted }) => {
  const header = input.header ?? "";
  switch (id) {
    case "cpim-from-x2c":
    case "cpim-to-x2c": {
      const message = messageToSip(
        `<message id='m' from='${input.from ?? "juliet@example.com/b"}' to='${input.to ?? "romeo@example.net"}'>
        <body>x</body><request xmlns='urn:xmpp:receipts'/></message>`,
        { tables: tables({ imdn: true }) },
      );
      expect(text(message.request.body)).toContain(`${wanted.header}: <${wanted.uri}>\r\n`);
      return;
    }
    case "cpim-from-c2x":
      expect(messageToXmpp(withCpimHeaders(header)).from).toBe(wanted.from);
      return;
    case "cpim-to-c2x":
      expect(wanted.toOneOf).toContain(messageToXmpp(withCpimHeaders(header)).to);
      return;
    case "cpim-subject-x2c":
      expect(
        input.subjects?.map(({ lang, text: subject }) =>
          subjectHeader(lang === null ? { text: subject } : { language: lang, text: subject }),
        ),
      ).toEqual(wanted.headers);
      return;
    case "cpim-subject-c2x": {
      const made = messageToXmpp(withCpimHeaders((input.headers ?? []).join("\n"))).stanza;
      const subjects = made.children.filter((node): node is Element => (node as Element).name === "subject");
      expect(subjects.map((node) => ({ lang: node.attrs["xml:lang"] ?? null, text: textOf(node) }))).toEqual(
        wanted.subjects,
      );
      return;
    }
    case "cpim-datetime-c2x":
      // Allowed, not required: we do it (XEP-0203).
      expect(child(messageToXmpp(withCpimHeaders(header)).stanza, NS.delay, "delay")?.attrs.stamp).toBe(
        "2026-01-02T03:04:05Z",
      );
      return;
    case "cpim-cc-c2x":
      expect(write(messageToXmpp(withCpimHeaders(header)).stanza)).not.toContain("nurse");
      return;
    case "cpim-require-c2x":
      expect(refusedByXmpp(withCpimHeaders(header)).code).toBe("CPIM_REQUIRE");
      return;
    case "cpim-contentid-c2x": {
      const made = messageToXmpp(withCpimHeaders("To: <im:a@b>", `\n${header}`)).stanza;
      // Our ids come from the transaction; the Content-ID is not passed on.
      expect(write(made)).not.toContain("123456789");
      expect(wanted.idOneOf).toContain(null);
      return;
    }
    case "cpim-newline":
      expect(subjectHeader({ text: input.subject! })).toBe(wanted.header);
      return;
    case "cpim-ns-prefix": {
      const parsed = parseCpim(withCpimHeaders((input.headers ?? []).join("\n")).body);
      expect(parsed.ok && parsed.value.imdn).toMatchObject(wanted.imdn!);
      return;
    }
    case "cpim-two-parts":
    case "cpim-7702-layout": {
      const parsed = parseCpim(octets(input.text!));
      expect(parsed.ok && text(parsed.value.content.body)).toBe(wanted.body);
      expect(parsed.ok && parsed.value.from?.uri).toMatch(/^(?:im:a@example.net|sip:juliet@example.com)$/);
      return;
    }
    default:
      throw new Error(`no runner for ${id}`);
  }
});

interface ImdnExpected {
  readonly dispositions?: readonly string[];
  readonly dispositionsInclude?: readonly string[];
  readonly headersRequired?: readonly string[];
  readonly stanza?: { readonly received?: string; readonly displayed?: string; readonly ns: string };
  readonly stanzaError?: { readonly id: string; readonly conditionOneOf: readonly string[] };
  readonly imdn?: {
    readonly element: string;
    readonly status: string;
    readonly contentDisposition: string;
    readonly contentType: string;
  };
}

const ADDRESSES = "from='juliet@example.com/balcony' to='romeo@example.net'";
const ORIGIN = { from: "juliet@example.com/balcony", to: "romeo@example.net", id: "m1", wantsReceipt: true };

test.each(
  vectorsOf<{ stanza?: string; imdn?: string; originalRequested?: "positive-delivery"[] }, ImdnExpected>(
    "imdn",
  ),
)("%s", (id, { input, expect: wanted }) => {
  if (input.imdn !== undefined) {
    // "delivery-notification/status/delivered for m1"
    const [, kind, status, messageId] = /^(\w+)-notification\/status\/(\w+) for (\w+)$/.exec(input.imdn)!;
    const document = `<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>${messageId}</message-id>
        <${kind}-notification><status><${status}/></status></${kind}-notification></imdn>`;
    const report = parseImdn(octets(document));
    const made = report.ok ? receiptStanza(report.value, ORIGIN) : undefined;
    if (wanted.stanza !== undefined) {
      const name = wanted.stanza.received === undefined ? "displayed" : "received";
      expect(child(made!, wanted.stanza.ns, name)?.attrs.id).toBe("m1");
    } else {
      expect(made?.attrs).toMatchObject({ type: "error", id: wanted.stanzaError?.id });
      expect(wanted.stanzaError?.conditionOneOf).toContain(
        (part(made!, "error")!.children[0] as Element).name,
      );
      expect(write(made!)).not.toContain("received");
    }
    return;
  }
  if (id === "imdn-received-x2s") {
    const imdn = {
      messageId: "abcd1234",
      wants: input.originalRequested!,
      fromUri: "sip:romeo@example.net",
      toUri: "sip:juliet@example.com",
      recordRoutes: [],
      peer: "default",
    };
    const stored = expectFromXmpp("m1", imdn, ORIGIN.to, ORIGIN.from);
    const receipt = toSip(input.stanza!.replace(/^/, `<message ${ADDRESSES}>`).concat("</message>"));
    if (receipt.kind !== "receipt") throw new Error("no receipt");
    const made = imdnForReceipt(stored.value, receipt, ENVELOPE, new Map([["default", DEFAULT_SWITCHES]]));
    const cpim = parseCpim(made!.request.body);
    if (!cpim.ok) throw new Error("no CPIM");
    const { headers, body } = cpim.value.content;
    expect(headers.get("content-type")).toBe(wanted.imdn?.contentType);
    expect(headers.get("content-disposition")).toBe(wanted.imdn?.contentDisposition);
    const report = parseImdn(body);
    expect(report).toEqual({
      ok: true,
      value: {
        messageId: "abcd1234",
        kind: wanted.imdn?.element.replace("-notification", ""),
        status: wanted.imdn?.status,
      },
    });
    return;
  }
  const asked = input.stanza!.replace("...", ADDRESSES);
  const { request } = messageToSip(asked, { tables: tables({ imdn: true }) });
  const cpim = parseCpim(request.body);
  const dispositions = cpim.ok ? cpim.value.imdn?.dispositions : undefined;
  if (wanted.dispositions !== undefined) expect(dispositions).toEqual(wanted.dispositions);
  for (const disposition of wanted.dispositionsInclude ?? []) expect(dispositions).toContain(disposition);
  for (const header of wanted.headersRequired ?? []) expect(text(request.body)).toContain(`\r\n${header}: `);
});

const ENVELOPE = { callId: "c", fromTag: "t", branch: "b", cseq: 1, messageId: "imdn1", now: 0 };

interface ChatStateInput {
  readonly isComposing?: "active" | "idle";
  readonly chatState?: ChatState;
  readonly sequence?: readonly string[];
}

const IDLE_SIP: ComposingRecord = composingFromSip(undefined, { kind: "reply" }, 0).record;
const IDLE_XMPP: ComposingRecord = composingFromXmpp(undefined, "reply", 0).record;

test.each(vectorsOf<ChatStateInput, Readonly<Record<string, unknown>>>("chatstate"))(
  "%s",
  (id, { input, expect: wanted }) => {
    if (input.isComposing !== undefined) {
      // From the state in which it says something new.
      const before =
        input.isComposing === "active" ? IDLE_SIP : composingFromSip(IDLE_SIP, { kind: "active" }, 0).record;
      const status = parseIsComposing(isComposingDocument({ state: input.isComposing }));
      if (!status.ok) throw new Error("not read back");
      const { effects } = composingFromSip(before, { kind: status.value.state }, 1);
      expect(states(effects)).toEqual([wanted.chatState]);
      expect(
        part(chatStateStanza(wanted.chatState as ChatState, "a@b", "c@d"), String(wanted.chatState))?.ns,
      ).toBe(NS.chatStates);
    } else if (input.chatState !== undefined) {
      const saysIdle = input.chatState !== "composing" && input.chatState !== "gone";
      const before = saysIdle ? composingFromXmpp(IDLE_XMPP, "composing", 0).record : IDLE_XMPP;
      expect(states(composingFromXmpp(before, input.chatState, 1).effects)).toEqual(
        wanted.isComposing === null ? [] : [wanted.isComposing],
      );
    } else if (id === "chatstate-refresh-default") {
      const [{ chatStateOneOf, atSeconds }] = wanted.then as [
        { chatStateOneOf: string[]; atSeconds: number },
      ];
      const { record } = composingFromSip(IDLE_SIP, { kind: "active" }, 0);
      expect(composingDeadline(record)).toBe(atSeconds * 1000);
      expect(composingDue(record, atSeconds * 1000 - 1).effects).toEqual([]);
      const [state] = states(composingDue(record, atSeconds * 1000).effects);
      expect(chatStateOneOf).toContain(state);
    } else if (id === "chatstate-no-repeat") {
      let record = IDLE_SIP;
      const told: unknown[] = [];
      for (const [at] of input.sequence!.entries()) {
        const step = composingFromSip(record, { kind: "active" }, at * 60_000);
        record = step.record;
        told.push(...states(step.effects));
      }
      expect(told.filter((state) => state === "composing")).toHaveLength(wanted.composingStanzas as number);
    } else {
      expect(id).toBe("chatstate-415");
      const first = composingFromXmpp(IDLE_XMPP, "composing", 0);
      const refused = composingFromXmpp(first.record, "refused", 1);
      const again = composingFromXmpp(refused.record, "composing", 2);
      expect([...first.effects, ...again.effects]).toHaveLength(wanted.isComposingSent as number);
    }
  },
);

function states(effects: readonly ComposingEffect[]): string[] {
  return effects.map((effect) => (effect.kind === "chat-state" ? effect.state : effect.document.state));
}

test("a URI inside CPIM has the scheme im and no resource (RFC 3922 §4.1.1)", () => {
  expect(cpimUri("sip:a;b(c@example.com;gr=x", "im")).toBe("im:a%3Bb%28c@example.com");
  expect(cpimUri("sip:[2001:db8::1]:5060", "im")).toBe("im:[2001:db8::1]");
  expect(cpimUri("sip:juliet@example.com;gr=x", "sip")).toBe("sip:juliet@example.com;gr=x");
});
