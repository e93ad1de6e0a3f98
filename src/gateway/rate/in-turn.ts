/** A MESSAGE from SIP in its turn: at once, later, with a warning, or refused. RFC 3261 §20.33, §20.43. */

import type { SipMessageInput } from "../../core/input";
import { Later, whenThere } from "../../core/later";
import { pairKey } from "../../core/message/addresses";
import { type Rejection, reject } from "../../core/rejection";
import type { SipAnswer } from "../sides";
import type { Throttle } from "./throttle";

export interface Turn {
  readonly input: SipMessageInput;
  /** JIDs of both, bare or full; what they called themselves where those could not be had. */
  readonly from: string;
  readonly to: string;
  /** Must not throw. */
  readonly take: () => SipAnswer | PromiseLike<SipAnswer>;
  /** @param retryAfter seconds */
  readonly refuse: (rejection: Rejection, retryAfter?: number) => SipAnswer;
}

export function inTurn(
  throttle: Throttle,
  { input, from, to, take, refuse }: Turn,
): SipAnswer | PromiseLike<SipAnswer> {
  const admission = throttle.admit(from, to, input.peer);
  if (admission.kind === "refuse") {
    const { whose, retryAfter, holdOffMs } = admission;
    const answer = refuse(reject(whose === "peer" ? "PEER_TOO_FAST" : "TOO_FAST"), retryAfter);
    // Of a pair it is one recipient alone, of a peer others may be meant.
    return whose === "sender" && holdOffMs > 0 ? { ...answer, holdOffMs } : answer;
  }
  if (admission.delayMs === 0 && throttle.turns.isEmpty) return take();
  const pair = pairKey(from, to);
  if (admission.delayMs === 0 && !throttle.turns.has(pair)) return take();
  const answer = new Later<SipAnswer>();
  throttle.turns.after(pair, admission.delayMs, () => {
    const settle = (given: SipAnswer): void => answer.settle(admission.warns ? warned(given) : given);
    const taken = take();
    if ("status" in taken) settle(taken);
    else whenThere(taken, settle, () => settle(refuse(reject("INTERNAL"))));
  });
  return answer;
}

function warned(answer: SipAnswer): SipAnswer {
  return { ...answer, headers: [...answer.headers, TOO_FAST_WARNING] };
}

const TOO_FAST_WARNING = [
  "Warning",
  '399 isthmus "You are sending too fast: messages are delayed, and refused if you go on"',
] as const;
