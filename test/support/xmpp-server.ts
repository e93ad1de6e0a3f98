/** What a test asks of a real XMPP server, whichever it is. */

import { startEjabberd } from "./ejabberd";
import { startProsody } from "./prosody";

export interface XmppServerOptions {
  /** One domain, or several; "xmpp.test" when neither is given. */
  readonly domain?: string;
  readonly domains?: readonly string[];
  readonly components?: readonly { readonly host: string; readonly secret: string }[];
  /** Instead of `components`: a piece of the server's own configuration that serves them on port 5347, as it is. */
  readonly componentSnippet?: string;
  /** Accounts; in every domain unless one is named. */
  readonly users?: readonly { readonly name: string; readonly password: string; readonly domain?: string }[];
  /** Federation: `dns` is a name server as "address@port". Absent: no server-to-server at all. */
  readonly s2s?: { readonly dns: string; readonly port?: number };
  /** Loopback address; a held one when absent. */
  readonly address?: string;
  /** ejabberd: name every component under `hosts` of the one listener, instead of a password for whoever comes. */
  readonly sharedListener?: boolean;
  readonly logLevel?: "debug" | "info";
}

export interface XmppServer {
  readonly kind: "prosody" | "ejabberd";
  readonly address: string;
  readonly c2sPort: number;
  readonly componentPort: number;
  readonly pid: number | undefined;
  stop(): Promise<void>;
  /** Signals the whole process group. */
  kill(signal?: NodeJS.Signals): void;
  /** Resolves once the present process has ended. */
  exited(): Promise<number | null>;
  /** Stops it if it runs, and starts it again on the same ports with the same data. */
  restart(): Promise<void>;
  log(): string;
}

/** Where a `componentSnippet` serves: the port that both servers and their manuals use. */
export const SNIPPET_PORT = 5347;

export type StartXmppServer = (options: XmppServerOptions) => Promise<XmppServer>;

/** The servers that every two-sided test runs against, with their Debian packages. */
export const XMPP_SERVERS: readonly (readonly [kind: XmppServer["kind"], start: StartXmppServer])[] = [
  ["prosody", startProsody],
  ["ejabberd", startEjabberd],
];
