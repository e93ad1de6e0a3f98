/** One real thing that `isthmus check` tries, and how it went. */

/** One real thing to try. */
export interface Probe {
  /** What is tried, such as `XMPP component sip.example at 127.0.0.1:5347`. */
  readonly name: string;
  run(): Promise<ProbeResult>;
}

export type ProbeResult =
  | { readonly ok: true; readonly detail?: string }
  /** What failed, and what a person can do. */
  | { readonly ok: false; readonly detail: string; readonly advice: string };
