/** What the registrar is told at start; the configuration fills it. */

import type { RegisterSettings } from "../../core/registrar/register";

export interface RegistrarOptions {
  /** SIP domains whose phones register here, lower case. */
  readonly domains: readonly string[];
  readonly settings: RegisterSettings;
  /** Give GRUUs to those who can use them (RFC 5627)? */
  readonly gruu: boolean;
  /** Of registrations that came from one address. */
  readonly maximumPerAddress: number;
  /** How soon a device's flow must be used, seconds; told in Flow-Timer (RFC 5626 §4.4). */
  readonly flowSeconds: number;
}
