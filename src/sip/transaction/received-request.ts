/** A request with what the layers below found out about it. RFC 3261 §18.2.1, §17.2.3. */

import type { CSeq } from "../message/cseq";
import type { SipRequest } from "../message/message";
import type { NameAddr } from "../message/name-addr";
import type { Via } from "../message/via";
import type { Source } from "../transport/transport";
import type { RequestIdentity } from "./request-identity";

export interface ReceivedRequest {
  /** Its topmost Via already says where it came from (`received`, `rport`). */
  readonly request: SipRequest;
  readonly topmostVia: Via;
  readonly from: NameAddr;
  readonly cseq: CSeq;
  readonly source: Source;
  readonly identity: RequestIdentity;
  /** The tag that our answers put into To where there is none. */
  readonly toTag: string;
}
