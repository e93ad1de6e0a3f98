/** Call-ID, tag, branch and CSeq for a MESSAGE of our own. RFC 3261 §8.1.1, §19.3. */

import type { ImdnEnvelope } from "../core/message/imdn";
import type { GatewayContext } from "./context";

/** CSeq is below 2^31 (RFC 3261 §8.1.1.5). */
const CSEQ_LIMIT = 2 ** 31 - 2;
const TAG_BITS = 64;
const ID_BITS = 96;

/** Fresh identifiers. @param seq number that grows over restarts; absent: the next one is taken */
export function envelope(context: GatewayContext, seq = context.store.nextSeq()): ImdnEnvelope {
  const { ids, clock } = context;
  return {
    callId: ids.random(ID_BITS),
    fromTag: ids.random(TAG_BITS),
    branch: ids.random(ID_BITS),
    cseq: (seq % CSEQ_LIMIT) + 1,
    messageId: ids.random(ID_BITS),
    now: clock.now(),
  };
}
