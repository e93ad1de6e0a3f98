/** The side-by-side transcript: SIP on the left, stanzas on the right, with times. */

import type { XmppSide } from "../gateway/sides";
import type { Transports } from "../sip/transport/transport";
import type { Element } from "../xml/element";
import { write } from "../xml/writer";

const NARROWEST_COLUMN = 44;
const TIME_WIDTH = 8;
/** Headers that tell a reader something; the others are left out of the transcript. */
const SHOWN_HEADERS =
  /^(From|To|Call-ID|CSeq|Contact|Event|Expires|SIP-ETag|SIP-If-Match|Subscription-State|Subject|Content-Type|Content-Language|Retry-After|WWW-Authenticate|Authorization):/i;

export class Transcript {
  readonly #print: (line: string) => void;
  readonly #startedAt: number;
  readonly #now: () => number;
  readonly #column: number;

  constructor(print: (line: string) => void, now: () => number, terminalWidth: number) {
    this.#print = print;
    this.#now = now;
    this.#startedAt = now();
    this.#column = Math.max(NARROWEST_COLUMN, Math.floor((terminalWidth - TIME_WIDTH - 3) / 2));
  }

  heading(): void {
    this.#row("seconds", "SIP", "XMPP");
    this.#print(`${"─".repeat(TIME_WIDTH)}${"─".repeat(this.#column)}─┼─${"─".repeat(this.#column)}`);
  }

  /** One SIP message as it stood on the wire. @param arrow `→` into the gateway, `←` out of it */
  sip(arrow: "→" | "←", bytes: Buffer): void {
    if (bytes.length < MINIMUM_SIP_BYTES) return; // keep-alives
    this.#block(shortenedSip(bytes, arrow), "left");
  }

  /** One stanza as it stood on the stream. */
  stanza(arrow: "→" | "←", stanza: Element): void {
    this.#block([`${arrow} ${write(stanza, stanza.ns)}`], "right");
  }

  #block(lines: readonly string[], side: "left" | "right"): void {
    let time = ((this.#now() - this.#startedAt) / 1000).toFixed(3);
    for (const line of lines.flatMap((long) => wrap(long.replace(CONTROLS, "·"), this.#column))) {
      if (side === "left") this.#row(time, line, "");
      else this.#row(time, "", line);
      time = "";
    }
  }

  #row(time: string, left: string, right: string): void {
    this.#print(`${time.padEnd(TIME_WIDTH)}${left.padEnd(this.#column)} │ ${right}`.trimEnd());
  }
}

/** Shows every SIP message that passes the gateway's transports. */
export function watchTransports(transports: Transports, transcript: Transcript): Transports {
  return {
    start: (onBytes) =>
      transports.start((bytes, source, fault) => {
        transcript.sip("→", bytes);
        onBytes(bytes, source, fault);
      }),
    send: (bytes, target) => {
      transcript.sip("←", bytes);
      return transports.send(bytes, target);
    },
    reply: (bytes, source, target) => {
      transcript.sip("←", bytes);
      return transports.reply(bytes, source, target);
    },
    viaFor: (target) => transports.viaFor(target),
    isOurs: (host, port) => transports.isOurs(host, port),
    listeners: () => transports.listeners(),
    stop: () => transports.stop(),
    ...(transports.onClosed === undefined ? {} : { onClosed: (listener) => transports.onClosed?.(listener) }),
  };
}

/** Shows every message stanza that passes the component link. */
export function watchXmpp(xmpp: XmppSide, transcript: Transcript): XmppSide {
  return {
    start: (onMessage, onPresence) =>
      xmpp.start(
        (message) => {
          transcript.stanza("←", message.stanza);
          onMessage(message);
        },
        onPresence &&
          ((presence) => {
            transcript.stanza("←", presence.stanza);
            onPresence(presence);
          }),
      ),
    onUp: (callback) => xmpp.onUp(callback),
    prove: (stanza) => {
      transcript.stanza("→", stanza);
      return xmpp.prove(stanza);
    },
    send: (stanza) => {
      transcript.stanza("→", stanza);
      return xmpp.send(stanza);
    },
    isUp: (host) => xmpp.isUp(host),
    settled: (deadlineMs) => xmpp.settled(deadlineMs),
    stop: () => xmpp.stop(),
  };
}

function shortenedSip(bytes: Buffer, arrow: string): string[] {
  const [head = "", ...body] = bytes.toString("utf8").split("\r\n\r\n");
  const [start = "", ...headers] = head.split("\r\n");
  const shown = headers
    .filter((header) => SHOWN_HEADERS.test(header))
    .map((header) => `  ${withoutSecrets(header)}`);
  const text = body.join("\r\n\r\n");
  return [
    `${arrow} ${start}`,
    ...shown,
    ...(text === "" ? [] : ["", ...text.split(/\r?\n/).map((line) => `  ${line}`)]),
  ];
}

function withoutSecrets(header: string): string {
  return header.replace(/response="?[0-9a-f]+"?/i, 'response="…"');
}

function wrap(line: string, width: number): string[] {
  const characters = [...line];
  const rows: string[] = [];
  for (let at = 0; at < characters.length; at += width) rows.push(characters.slice(at, at + width).join(""));
  return rows.length === 0 ? [""] : rows;
}

const MINIMUM_SIP_BYTES = 8;
/** They would move the cursor; these bytes are shown before anybody has judged them. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
