/** Both sides of the gateway, seen through the directory: aliases resolved, people without leave refused. Architecture §6. */

import { messageRefusal } from "../core/error/message-error";
import { stanzaError } from "../core/error/stanza-error";
import type { MessageOrigin } from "../core/message/origin";
import type { Rejection } from "../core/rejection";
import { type Element, element } from "../xml/element";
import type { Counters, Log, SipAnswer, SipSide, XmppSide } from "./sides";
import type { Resolved, SipParties, Whois } from "./whois";

interface Deps {
  readonly whois: Whois;
  readonly log: Log;
  readonly counters: Counters;
}

/** The SIP side: who asks, and who is asked for, are looked up before the gateway hears of it. */
export function sipOfKnownPeople(sip: SipSide, { whois, log, counters }: Deps): SipSide {
  const refuse = (
    { fromUri, requestUri }: SipParties,
    rejection: Rejection,
    retryAfter?: number,
  ): SipAnswer => {
    counters.add(`directory.refused.${rejection.code}`);
    log.info({ from: fromUri, to: requestUri, code: rejection.code, detail: rejection.detail }, "refused");
    const headers = retryAfter === undefined ? [] : [["Retry-After", String(Math.ceil(retryAfter))] as const];
    return { status: rejection.sipStatus, reason: rejection.text, headers };
  };
  return {
    drain: () => sip.drain(),
    stop: () => sip.stop(),
    start: (onMessage, onEvent, ...others) =>
      sip.start(
        (message) => whois.sipIn(message, onMessage, refuse),
        onEvent &&
          (async (event) =>
            // A NOTIFY is made good by its dialog, not by who it says it is from.
            event.method === "NOTIFY" ? onEvent(event) : whois.sipIn(event, onEvent, refuse)),
        ...others,
      ),
    send: (request) => {
      const known = whois.sipOut(request);
      return known instanceof Promise ? known.then((canonical) => sip.send(canonical)) : sip.send(known);
    },
    sendInDialog: async (request) =>
      // In a dialog that the watcher began he is called as he called himself.
      sip.sendInDialog(request.method === "NOTIFY" ? request : await whois.sipOut(request)),
  };
}

/** The XMPP side likewise. Presence of people on XMPP goes on as it is while the directory cannot say. */
export function xmppOfKnownPeople(xmpp: XmppSide, { whois, log, counters }: Deps): XmppSide {
  const resolve = (stanza: Element, go: (resolved: Resolved) => void): void => {
    const resolved = whois.stanzaIn(stanza);
    if (resolved instanceof Promise) void resolved.then(go);
    else go(resolved);
  };
  const refuse = (stanza: Element, { refused }: Exclude<Resolved, Element>): void => {
    counters.add(`directory.refused.${refused.code}`);
    log.info({ from: stanza.attrs.from, to: stanza.attrs.to, code: refused.code }, "refused");
    if (stanza.attrs.type !== "error") xmpp.send(errorOf(stanza, refused));
  };
  /** A roster would keep the alias, and never see what comes from the one address. */
  const pointOut = (stanza: Element, canonical: string): void => {
    const { ns, name, attrs } = stanza;
    counters.add(`directory.alias.${attrs.type}`);
    if (attrs.type !== "subscribe") return; // nothing is kept under an alias that could be taken back
    const text = `This person's address is ${canonical}`;
    const address = `xmpp:${encodeURIComponent(canonical).replace("%40", "@")}`;
    const { from = "", to = "" } = attrs;
    xmpp.send(stanzaError(stanza, { ...MOVED, address, text }));
    xmpp.send(element(ns, name, { from: bare(to), to: bare(from), type: "unsubscribed" }));
  };
  return {
    onUp: (callback) => xmpp.onUp(callback),
    isUp: (host) => xmpp.isUp(host),
    settled: (deadlineMs) => xmpp.settled(deadlineMs),
    prove: (stanza) => xmpp.prove(stanza),
    send: (stanza) => xmpp.send(stanza),
    stop: () => xmpp.stop(),
    start: (onMessage, onPresence, ...others) =>
      xmpp.start(
        (message) =>
          resolve(message.stanza, (resolved) => {
            if ("refused" in resolved) refuse(message.stanza, resolved);
            else onMessage({ ...message, stanza: resolved });
          }),
        onPresence &&
          ((presence) =>
            resolve(presence.stanza, (resolved) => {
              const { stanza } = presence;
              if (!("refused" in resolved)) {
                const canonical = aliasedTo(stanza, resolved);
                if (canonical === undefined) onPresence({ ...presence, stanza: resolved });
                else pointOut(stanza, canonical);
              } else if (stanza.attrs.type === "subscribe") refuse(stanza, resolved);
              else onPresence(presence);
            })),
        ...others,
      ),
  };
}

function errorOf(stanza: Element, refused: Rejection): Element {
  const { from = "", to = "", id } = stanza.attrs;
  if (stanza.name !== "message") {
    const { condition, type, text } = refused;
    return stanzaError(stanza, { condition, type, text });
  }
  const origin: MessageOrigin = { from, to, wantsReceipt: false, ...(id === undefined ? {} : { id }) };
  return messageRefusal(origin, refused);
}

/** The one address of whoever is asked about a subscription under another. */
function aliasedTo({ attrs }: Element, resolved: Element): string | undefined {
  if (attrs.type === undefined || !SUBSCRIBING.has(attrs.type)) return undefined;
  const canonical = bare(resolved.attrs.to);
  return canonical === bare(attrs.to) ? undefined : canonical;
}

function bare(jid = ""): string {
  return jid.split("/", 1)[0] ?? jid;
}

/** RFC 6121 §3 and §4.3. */
const SUBSCRIBING: ReadonlySet<string> = new Set([
  "subscribe",
  "subscribed",
  "unsubscribe",
  "unsubscribed",
  "probe",
]);
/** RFC 6120 §8.3.3.14. */
const MOVED = { condition: "redirect", type: "modify" } as const;
