/** What a hostile SIP user sends: every forbidden character, broken UTF-8, deep and exploding XML, absurd headers and lengths. */

export interface Hostile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** One of each; ids differ with round and transport, so that nothing is taken for a retransmission. */
export function hostileRequests(round: number, transport: "UDP" | "TCP", viaHost: string): Hostile[] {
  const made: Hostile[] = [];
  const add = (name: string, parts: Parts): void => {
    made.push({ name, bytes: request(`${round}-${made.length}`, `${transport} ${viaHost}`, parts) });
  };
  for (const [name, text] of EVIL_TEXTS) {
    add(`${name} in the body`, { body: join("a", text, "b") });
    add(`only ${name} in the body`, { body: text });
    add(`${name} in the subject`, { headers: [join("Subject: a", text, "b")] });
    add(`${name} in the display name`, { from: join('"a', text, 'b" <sip:mallory@sip.test>') });
    add(`${name} in the Call-ID`, { callId: join("a", text, "b") });
    add(`${name} in the user part`, { from: join("<sip:mal", text, "lory@sip.test>") });
    add(`${name} in the Request-URI`, { to: join("sip:jul", text, "iet@xmpp.test") });
  }
  for (const type of XML_TYPES) {
    for (const [name, xml] of EVIL_DOCUMENTS) {
      add(`${name} as ${type}`, { contentType: type, body: Buffer.from(xml) });
      add(`${name} as ${type} in CPIM`, {
        contentType: "message/cpim",
        body: Buffer.from(`${CPIM_HEAD}Content-Type: ${type}\r\n\r\n${xml}`),
      });
    }
  }
  add("a header of 30,000 octets", { headers: [Buffer.from(`X-Long: ${"x".repeat(30_000)}`)] });
  add("a subject of 50,000 octets", { headers: [Buffer.from(`Subject: ${"x".repeat(50_000)}`)] });
  add("a header of 400,000 octets", { headers: [Buffer.from(`X-Long: ${"x".repeat(400_000)}`)] });
  add("9,000 headers", { headers: Array.from({ length: 9_000 }, () => Buffer.from("X: y")) });
  add("CPIM with 5,000 headers", {
    contentType: "message/cpim",
    body: Buffer.from(`${CPIM_HEAD.trimEnd()}\r\n${"Subject: x\r\n".repeat(5_000)}\r\n${CPIM_TEXT}`),
  });
  for (const length of ["-1", "-2147483648", "4294967296", "1e9", "99999999999999999999", "0x10", "5, 6"]) {
    add(`Content-Length: ${length}`, { length, body: Buffer.from("hello") });
  }
  return made;
}

interface Parts {
  readonly to?: Buffer | string;
  readonly from?: Buffer | string;
  readonly callId?: Buffer | string;
  readonly contentType?: string;
  readonly headers?: readonly Buffer[];
  readonly length?: string;
  readonly body?: Buffer;
}

function request(id: string, via: string, parts: Parts): Buffer {
  const body = parts.body ?? Buffer.from("hello");
  const lines = [
    join("MESSAGE ", parts.to ?? TARGET, " SIP/2.0"),
    join(`Via: SIP/2.0/${via};branch=z9hG4bKevil-${id};rport`),
    join("Max-Forwards: 70"),
    join("From: ", parts.from ?? "<sip:mallory@sip.test>", `;tag=${id}-${via.slice(0, 3)}`),
    join(`To: <${TARGET}>`),
    join("Call-ID: ", parts.callId ?? "", `evil-${id}-${via.slice(0, 3)}`),
    join("CSeq: 1 MESSAGE"),
    join(`Content-Type: ${parts.contentType ?? "text/plain;charset=utf-8"}`),
    ...(parts.headers ?? []),
    join(`Content-Length: ${parts.length ?? body.length}`),
    join("\r\n"),
  ];
  return Buffer.concat([...lines.flatMap((line, i) => (i === 0 ? [line] : [CRLF, line])), body]);
}

function join(...parts: readonly (Buffer | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)));
}

const TARGET = "sip:juliet@xmpp.test";
const CRLF = Buffer.from("\r\n");

const EVIL_TEXTS: readonly (readonly [name: string, text: Buffer])[] = [
  ...Array.from({ length: 0x20 }, (_, code) => [hex(code), Buffer.from([code])] as const),
  ["U+007F", Buffer.from([0x7f])],
  ["U+FFFE", Buffer.from("\ufffe")],
  ["U+FFFF", Buffer.from("\uffff")],
  ["a high surrogate", Buffer.from([0xed, 0xa0, 0x80])],
  ["a low surrogate", Buffer.from([0xed, 0xbf, 0xbf])],
  ["an overlong slash", Buffer.from([0xc0, 0xaf])],
  ["a lone continuation", Buffer.from([0x80])],
  ["a cut character", Buffer.from([0xf0, 0x9f, 0x8c])],
  ["beyond Unicode", Buffer.from([0xf4, 0x90, 0x80, 0x80])],
  ["0xFF", Buffer.from([0xff, 0xff, 0xff])],
  ["right-to-left override", Buffer.from("\u202e")],
  ["markup", Buffer.from("</body></message></stream:stream>]]>&x;<!--")],
];

function hex(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

const DEPTH = 100_000;
const BOMB = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">${Array.from(
  { length: 30 },
  (_, i) => `<!ENTITY a${i + 1} "&a${i};&a${i};&a${i};&a${i};">`,
).join("")}]>`;
const COMPOSING = "urn:ietf:params:xml:ns:im-iscomposing";

const EVIL_DOCUMENTS: readonly (readonly [name: string, xml: string])[] = [
  [`XML ${DEPTH} deep`, "<a>".repeat(DEPTH) + "</a>".repeat(DEPTH)],
  ["XML 10,000 deep", "<a>".repeat(10_000)],
  ["a bomb of entities", `${BOMB}<isComposing xmlns="${COMPOSING}"><state>&a30;</state></isComposing>`],
  ["a file as entity", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`],
  ["50,000 attributes", `<a ${Array.from({ length: 50_000 }, (_, i) => `a${i}="1"`).join(" ")}/>`],
  ["an attribute of 500,000", `<isComposing xmlns="${COMPOSING}" a="${"x".repeat(500_000)}"/>`],
  ["half a document", `<isComposing xmlns="${COMPOSING}"><state>act`],
];

const XML_TYPES = ["application/im-iscomposing+xml", "message/imdn+xml"] as const;
const CPIM_HEAD = "From: <im:mallory@sip.test>\r\nTo: <im:juliet@xmpp.test>\r\n\r\n";
const CPIM_TEXT = "Content-Type: text/plain\r\n\r\nhello";
