import { Flows } from "../../../src/sip/dialog/flows";
import { HeaderList } from "../../../src/sip/message/header-list";
import type { ReceivedRequest } from "../../../src/sip/transaction/received-request";
import { sourceFrom } from "../../support/fake-transports";

function received(callId: string, source: object, fields: [string, string][] = []): ReceivedRequest {
  const headers = new HeaderList([
    ["Via", "SIP/2.0/TLS 10.0.0.1;branch=z9hG4bK1"],
    ["Call-ID", callId],
    ...fields,
  ]);
  return { request: { headers }, source: sourceFrom(source) } as unknown as ReceivedRequest;
}

const TLS = { transport: "tls", address: "192.0.2.7", port: 4444, connection: 5 };

test("a phone is reached again by the connection that it opened, while that is open", () => {
  let isOpen = true;
  const flows = new Flows(() => isOpen);
  flows.remember(received("c1", TLS), "tag");
  expect(flows.targetOf("c1", "tag")).toEqual(TLS);
  expect(flows.targetOf("c1", "other")).toBeUndefined();
  isOpen = false;
  expect(flows.targetOf("c1", "tag")).toBeUndefined();
});

test("not by a datagram's source, nor by a proxy's connection", () => {
  const flows = new Flows(() => true);
  flows.remember(received("c1", {}), "tag");
  flows.remember(received("c2", TLS, [["Record-Route", "<sip:p1.sip.test;lr>"]]), "tag");
  flows.remember(received("c3", TLS, [["Via", "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK0"]]), "tag");
  for (const callId of ["c1", "c2", "c3"]) expect(flows.targetOf(callId, "tag")).toBeUndefined();
});

test("50,000 are remembered, what is used longer; and memory is bounded", () => {
  const flows = new Flows(() => true);
  flows.remember(received("unused", TLS), "tag");
  flows.remember(received("used", TLS), "tag");
  for (let n = 0; n < 150_000; n++) {
    flows.remember(received(`c${n}`, TLS), "tag");
    if (n % 50_000 === 49_999) expect(flows.targetOf("used", "tag")).toBeDefined();
  }
  expect(flows.targetOf("unused", "tag")).toBeUndefined();
  expect(flows.targetOf("c0", "tag")).toBeUndefined();
  expect(flows.targetOf("c100000", "tag")).toBeDefined();
});
