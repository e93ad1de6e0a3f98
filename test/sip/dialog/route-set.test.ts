import { routed } from "../../../src/sip/dialog/route-set";

const TARGET = "sip:romeo@192.0.2.1:5062";

test("without a route set the request goes to the remote target (§12.2.1.1)", () => {
  expect(routed(TARGET, [])).toEqual({ requestUri: TARGET, routes: [], nextHop: TARGET });
});

test("loose routers stand in Route, the first is the next hop (§12.2.1.1)", () => {
  const routes = ["<sip:p1.sip.test:5070;lr;ftag=x>", "<sip:p2.sip.test;lr>"];
  expect(routed(TARGET, routes)).toEqual({
    requestUri: TARGET,
    routes,
    nextHop: "sip:p1.sip.test:5070;lr;ftag=x",
  });
});

test("a strict router first: its URI is the Request-URI, the remote target the last Route (§12.2.1.1)", () => {
  expect(routed(TARGET, ["<sip:p1.sip.test;method=INVITE?Subject=x>", "<sip:p2.sip.test;lr>"])).toEqual({
    requestUri: "sip:p1.sip.test",
    routes: ["<sip:p2.sip.test;lr>", `<${TARGET}>`],
    nextHop: "sip:p1.sip.test;method=INVITE?Subject=x",
  });
});

test("what cannot be read as a route is none", () => {
  expect(routed(TARGET, ["nonsense"])).toEqual({ requestUri: TARGET, routes: [], nextHop: TARGET });
});
