/** A component port that shakes hands and then sends whatever it is told. XEP-0114. */

import { createServer, type Server, type Socket } from "node:net";

export interface HostileServer {
  /** How many connections have had their payload. */
  readonly served: () => number;
  stop(): Promise<void>;
}

/** When the payload is sent: instead of the stream header, instead of the handshake, or once the link is up. */
export type Moment = "header" | "handshake" | "up";

export interface Payload {
  readonly moment: Moment;
  readonly bytes: Buffer;
}

/** Gives each connection the next payload and closes it then; from the last payload on it is a good server. */
export async function startHostileServer(
  at: { readonly address: string; readonly port: number },
  host: string,
  payloads: readonly Payload[],
): Promise<HostileServer> {
  let served = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.unref());
    const payload = payloads[served];
    served += 1;
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    converse(socket, host, payload);
  });
  await new Promise<void>((resolve) => server.unref().listen(at.port, at.address, resolve));
  return {
    served: () => Math.min(served, payloads.length),
    stop: () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function converse(socket: Socket, host: string, payload: Payload | undefined): void {
  const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='${host}' id='s1'>`;
  let heard = "";
  let greeted = false;
  let up = false;
  const strike = (moment: Moment): boolean => {
    if (payload?.moment !== moment) {
      return false;
    }
    socket.end(payload.bytes);
    return true;
  };
  socket.on("data", (bytes) => {
    heard += bytes.toString("utf8");
    if (!greeted && heard.includes("jabber:component:accept")) {
      greeted = true;
      if (!strike("header")) {
        socket.write(header);
      }
    }
    if (!up && heard.includes("</handshake>")) {
      up = true;
      heard = "";
      if (!strike("handshake")) {
        socket.write("<handshake/>");
        strike("up");
      }
    }
    heard = up && payload === undefined ? answerPings(socket, heard) : heard;
  });
}

// Good enough for the gateway's own pings: each gets its result.
function answerPings(socket: Socket, heard: string): string {
  for (const [, attributes = ""] of heard.matchAll(/<iq ([^>]*)>/g)) {
    const value = (name: string) => new RegExp(`${name}=["']([^"']*)`).exec(attributes)?.[1] ?? "";
    socket.write(`<iq type='result' id='${value("id")}' from='${value("to")}' to='${value("from")}'/>`);
  }
  return heard.slice(heard.lastIndexOf(">") + 1);
}
