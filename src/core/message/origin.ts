/** Who wrote a message that came from XMPP, and what its error or receipt needs. RFC 6120 §8.3.1. */

export interface MessageOrigin {
  /** JID of the sender as it stood on the stanza. */
  readonly from: string;
  /** Our JID for the SIP user. */
  readonly to: string;
  readonly id?: string;
  readonly type?: string;
  /** Was a delivery receipt asked for (XEP-0184)? */
  readonly wantsReceipt: boolean;
  /** A receipt of ours on its way to SIP: when it fails, nobody is told. */
  readonly unreported?: boolean;
  /** The sender wants nobody to store it (XEP-0334 §4.2): it does not wait for an absent recipient. */
  readonly noStore?: boolean;
}
