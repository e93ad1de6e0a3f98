/**
 * Keeps whoever sends too fast away from those who do not. What the gateway has refused for that, and until when, is
 * remembered here, so that the rest of a flood costs next to nothing. RFC 3261 §21.5.4 (refusing, or dropping), §26.3.2.4.
 */

import { ShutOut } from "../../core/limits/shut-out";
import type { SipAnswer } from "../../gateway/sides";
import type { Source } from "../transport/transport";

/** One sender, as he calls himself, at one address. */
interface Closed {
  readonly answer: SipAnswer;
  /** The second that `answered` counts in. */
  second: number;
  answered: number;
}

export class FloodGate {
  readonly #closed = new ShutOut<Closed>();

  /** The gateway has refused a MESSAGE, and would refuse every other of this sender for so long. */
  close(fromUri: string, { address }: Source, answer: SipAnswer, holdOffMs: number, now: number): void {
    const key = keyOf(fromUri, address);
    const known = this.#closed.last(key);
    const second = Math.floor(now / 1000);
    const answered = known?.second === second ? known.answered : 0;
    this.#closed.shut(key, { answer, second, answered }, holdOffMs, now);
  }

  /** The answer for a MESSAGE, unless the gateway has to be asked. */
  answerFor(fromUri: string, { address }: Source, now: number): SipAnswer | undefined {
    const closed = this.#find(fromUri, address, now);
    if (closed === undefined) return undefined;
    const second = Math.floor(now / 1000);
    if (closed.second !== second) closed.answered = 0;
    closed.second = second;
    closed.answered += 1;
    return closed.answer;
  }

  /** Is this a MESSAGE of somebody who has had all the answers that he gets in a second? It need not even be read. */
  drops(bytes: Buffer, { address }: Source, now: number): boolean {
    if (!this.#closed.isAny(now) || !isMessage(bytes)) return false;
    const fromUri = fromIn(bytes);
    const closed = fromUri === undefined ? undefined : this.#find(fromUri, address, now);
    return closed?.second === Math.floor(now / 1000) && closed.answered >= ANSWERS_A_SECOND;
  }

  #find(fromUri: string, address: string, now: number): Closed | undefined {
    return this.#closed.isAny(now) ? this.#closed.get(keyOf(fromUri, address), now) : undefined;
  }
}

function keyOf(fromUri: string, address: string): string {
  return `${address} ${fromUri}`;
}

function isMessage(bytes: Buffer): boolean {
  return bytes.length > METHOD.length && bytes.compare(METHOD, 0, METHOD.length, 0, METHOD.length) === 0;
}

/** The URI of From as most write it. What is written otherwise is read in full later. */
function fromIn(bytes: Buffer): string | undefined {
  const from = bytes.indexOf(FROM);
  if (from < 0) return undefined;
  const end = bytes.indexOf(LINE_END, from + FROM.length);
  const line = bytes.toString("latin1", from + FROM.length, end < 0 ? bytes.length : end);
  const open = line.indexOf("<");
  const close = line.indexOf(">", open);
  return open < 0 || close < 0 ? undefined : line.slice(open + 1, close);
}

const METHOD = Buffer.from("MESSAGE ");
const FROM = Buffer.from("\r\nFrom:");
const LINE_END = "\r\n";
/**
 * Of one sender at one address. Each answer costs several times what it costs to drop a request, at the very moment at which
 * there is least time for it. Whoever has been told so often may send on unheard; his retransmissions are told again.
 */
const ANSWERS_A_SECOND = 100;
