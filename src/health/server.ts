/** The health page: one JSON object over HTTP on loopback, for container health checks, tests and people. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface HealthReport {
  /** Can a message cross now: every XMPP link up, SIP listening, not stopping? */
  readonly ready: boolean;
  readonly [part: string]: unknown;
}

export interface HealthServer {
  readonly address: string;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Serves `GET /health` (200 when ready, 503 when not) with the report as JSON; anything else is 404.
 * @throws (rejects) Error naming the address that could not be bound
 */
export function startHealth(
  address: string,
  port: number,
  report: () => HealthReport,
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    if (request.method !== "GET" || request.url !== "/health") {
      response.writeHead(404).end();
      return;
    }
    const body = report();
    response.writeHead(body.ready ? 200 : 503, { "content-type": "application/json" });
    response.end(`${JSON.stringify(body)}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`health page on ${address}:${port}: ${error.message}`)));
    server.listen(port, address, () => {
      server.unref();
      const bound = server.address() as AddressInfo;
      resolve({ address: bound.address, port: bound.port, stop: () => close(server) });
    });
  });
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
