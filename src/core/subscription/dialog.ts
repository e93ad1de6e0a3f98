/** The state of a SIP dialog, as it is kept on disk. RFC 3261 §12. */

export interface Dialog {
  readonly callId: string;
  readonly localTag: string;
  /** Absent until the far side has named it. */
  readonly remoteTag?: string;
  readonly localUri: string;
  readonly remoteUri: string;
  /** CSeq of our last request. */
  readonly localCseq: number;
  /** CSeq of their last request. */
  readonly remoteCseq?: number;
  /** Their Contact; until we know it, their address of record. */
  readonly remoteTarget: string;
  /** Route values in the order in which our requests carry them. */
  readonly routes: readonly string[];
}
