/** Receipts that come long after their message: stored until they do, matched by what they name. Digest §11, RFC 5438. */

import {
  type ExpectedReceipt,
  expectFromXmpp,
  type ImdnWanted,
  imdnForReceipt,
  receiptFromImdn,
  type XmppReceipt,
} from "../core/message/receipts";
import type { TranslatedImdn, TranslatedMessage } from "../core/message/sip-to-xmpp";
import type { XmppTranslated } from "../core/message/xmpp-to-sip";
import type { GatewayContext } from "./context";
import { envelope } from "./envelope";

type XmppReceiptStanza = Extract<XmppTranslated, { kind: "receipt" }>;
type XmppLateError = Extract<XmppTranslated, { kind: "error" }>;

export class ReceiptBook {
  readonly #context: GatewayContext;

  constructor(context: GatewayContext) {
    this.#context = context;
  }

  /** A SIP sender asked to be told; resolves when that is on disk. */
  expectFromXmpp(message: TranslatedMessage, imdn: ImdnWanted): Promise<void> {
    const id = message.stanza.attrs.id ?? "";
    return this.#put("xmpp", expectFromXmpp(id, imdn, message.from, message.to));
  }

  /** An XMPP sender asked to be told, and the phone is asked by IMDN. */
  expectFromSip(expected: ExpectedReceipt): Promise<void> {
    return this.#put("sip", expected);
  }

  /** `<received/>` or `<displayed/>` for a message that came from SIP. */
  fromXmpp(receipt: XmppReceiptStanza): void {
    this.#toSip(receipt.id, { type: receipt.type, from: receipt.from, to: receipt.to });
  }

  /** An error for a message from SIP, after that message was answered. */
  lateBounce(error: XmppLateError): void {
    this.#context.counters.add("xmpp.error.late");
    if (error.id !== undefined) this.#toSip(error.id, { type: "failed", from: error.from, to: error.to });
  }

  /** An IMDN for a message that came from XMPP. Resolves with false when nothing was expected. */
  fromSip(imdn: TranslatedImdn): boolean {
    const { store, clock, xmpp, counters } = this.#context;
    const stored = store.getReceipt("sip", imdn.report.messageId, clock.now());
    const told = stored === undefined ? undefined : receiptFromImdn(stored, imdn.report, imdn.from, imdn.to);
    if (told === undefined) {
      counters.add("receipt.unexpected");
      return false;
    }
    void this.#put("sip", { key: imdn.report.messageId, value: told.value });
    counters.add("receipt.to-xmpp");
    xmpp.send(told.stanza);
    return true;
  }

  #toSip(key: string, receipt: XmppReceipt): void {
    const { store, clock, sip, counters } = this.#context;
    const stored = store.getReceipt("xmpp", key, clock.now());
    if (stored === undefined) {
      counters.add("receipt.unexpected");
      return;
    }
    const told = imdnForReceipt(
      stored,
      receipt,
      envelope(this.#context),
      this.#context.switchesOf("default"),
    );
    if (told === undefined) return;
    void this.#put("xmpp", { key, value: told.value });
    counters.add("receipt.to-sip");
    void sip.send(told.request);
  }

  async #put(side: "sip" | "xmpp", expected: ExpectedReceipt): Promise<void> {
    const { store, clock, limits, log } = this.#context;
    const expiresAt = clock.now() + limits.receiptLifetimeMs;
    try {
      await store.putReceipt({ side, ...expected, expiresAt });
    } catch (error) {
      // The message matters more than its receipt: it goes on without.
      log.error({ error: (error as Error).message }, "receipt not kept on disk");
    }
  }
}
