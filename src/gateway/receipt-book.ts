/** Receipts that come long after their message: stored until they do, matched by what they name. Digest §11, RFC 5438. */

import type { ProofOutcome } from "../core/input";
import {
  type ExpectedReceipt,
  expectFromXmpp,
  type ImdnWanted,
  imdnForReceipt,
  mayReport,
  receiptFromImdn,
  type XmppReceipt,
} from "../core/message/receipts";
import type { TranslatedImdn, TranslatedMessage } from "../core/message/sip-to-xmpp";
import type { XmppTranslated } from "../core/message/xmpp-to-sip";
import type { GatewayContext } from "./context";
import { envelope } from "./envelope";

type XmppReceiptStanza = Extract<XmppTranslated, { kind: "receipt" }>;
/** The XMPP server has not got it. */
export type Unproven = Exclude<ProofOutcome, { kind: "proven" | "bounced" }>;
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

  /**
   * An IMDN for a message that came from XMPP. Resolves with how the telling ended; "told" also where nothing had to be told,
   * "unknown" where no message of these two waits for it.
   */
  async fromSip(imdn: TranslatedImdn): Promise<"told" | "unknown" | Unproven> {
    const { store, clock, xmpp, counters } = this.#context;
    const { report, from, to } = imdn;
    const stored = store.getReceipt("sip", report.messageId, clock.now());
    if (stored === undefined || !mayReport(stored, from, to)) {
      counters.add("receipt.unexpected");
      return "unknown";
    }
    const told = receiptFromImdn(stored, report, from, to);
    if (told === undefined) return "told";
    // Before the proof, so that a second one of the same kind is not told as well; taken back if the first was not.
    void this.#put("sip", { key: report.messageId, value: told.value });
    const outcome = await xmpp.prove(told.stanza);
    if (outcome.kind !== "proven" && outcome.kind !== "bounced") {
      void this.#put("sip", { key: report.messageId, value: stored });
      return outcome;
    }
    counters.add("receipt.to-xmpp");
    return "told";
  }

  #toSip(key: string, receipt: XmppReceipt): void {
    const { store, clock, sip, counters, tables } = this.#context;
    const stored = store.getReceipt("xmpp", key, clock.now());
    if (stored === undefined) {
      counters.add("receipt.unexpected");
      return;
    }
    const told = imdnForReceipt(stored, receipt, envelope(this.#context), tables.switches);
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
