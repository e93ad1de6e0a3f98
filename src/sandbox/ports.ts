/** Free ports on loopback. */

import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** The wanted port when both TCP and UDP are free on it, else some port where both are. */
export async function freePort(address: string, wanted: number): Promise<number> {
  if (await isFree(address, wanted)) return wanted;
  for (;;) {
    const port = await anyTcpPort(address);
    if (await isFree(address, port)) return port;
  }
}

async function isFree(address: string, port: number): Promise<boolean> {
  return (await tcpIsFree(address, port)) && (await udpIsFree(address, port));
}

function tcpIsFree(address: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}

function udpIsFree(address: string, port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    socket.once("error", () => resolve(false));
    socket.bind(port, address, () => socket.close(() => resolve(true)));
  });
}

function anyTcpPort(address: string): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
