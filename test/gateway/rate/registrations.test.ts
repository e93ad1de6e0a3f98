/** A phone that registers all the time is refused for a while; others of its address are not. */

import { RateLimiter } from "../../../src/gateway/rate/rate-limiter";
import { startRegistrarStage } from "../../support/registrar-stage";

const PHONE = { address: "192.0.2.50", port: 5062 };

test("a person beyond his bucket gets 500 with Retry-After until it has filled again", async () => {
  const rates = new RateLimiter({ sender: { perSecond: 0.5, burst: 2 } }, 0);
  const stage = await startRegistrarStage({ rates });
  const romeo = { user: "romeo", source: PHONE };
  expect(await stage.register(romeo)).toMatch(/^SIP\/2.0 200/);
  expect(await stage.register(romeo)).toMatch(/^SIP\/2.0 200/);
  const refused = await stage.register(romeo);
  expect(refused).toMatch(/^SIP\/2.0 500/);
  expect(refused).toMatch(/Retry-After: 2\r\n/);
  expect(await stage.register({ user: "mercutio", source: PHONE })).toMatch(/^SIP\/2.0 200/);
  stage.clock.advance(2_000);
  expect(await stage.register(romeo)).toMatch(/^SIP\/2.0 200/);
});

test("all phones of one address share its bucket, where there is one", async () => {
  const rates = new RateLimiter({ peer: { perSecond: 1, burst: 1 } }, 0);
  const stage = await startRegistrarStage({ rates });
  expect(await stage.register({ user: "romeo", source: PHONE })).toMatch(/^SIP\/2.0 200/);
  expect(await stage.register({ user: "mercutio", source: PHONE })).toMatch(/^SIP\/2.0 503/);
});
