/** The sections waiting and limits.rates: what they become, and what is refused. */

import { loadConfig } from "../../src/config/load";
import { ConfigError } from "../../src/config/problem";
import { configFile } from "../cli/config-file";

test("rates that are all off cost no message a look", () => {
  const messages = { sender: "off", pair: "off" };
  expect(loadConfig(configFile({ limits: { rates: { messages } } }), {}).limits.rates).toBeUndefined();
});

test("one rate is enough, and subscriptions and registrations have their own", () => {
  const config = loadConfig(
    configFile({
      limits: {
        rates: {
          messages: { sender: "off", pair: "off", peer: "1000/s, burst 5000" },
          slow: "500 ms",
          subscriptions: { pair: "off", peer: "7/s, burst 8" },
          registrations: { sender: "1/s, burst 2" },
        },
      },
    }),
    {},
  );
  expect(config.limits.rates).toEqual({ peer: { perSecond: 1000, burst: 5000 }, slowMs: 500 });
  expect(config.presence).toMatchObject({ peerRate: { perSecond: 7, burst: 8 } });
  expect(config.presence?.pairRate).toBeUndefined();
  expect(config.registrationRates).toEqual({ sender: { perSecond: 1, burst: 2 } });
});

test("waiting: bounds come through; a domain whose phones register elsewhere is refused", () => {
  const registrar = { domains: ["phones.example"] };
  const waiting = { domains: ["phones.example"], messages: 3, size: "2 KiB", days: 1, otherDevices: "5 s" };
  expect(loadConfig(configFile({ registrar, waiting }), {}).waiting).toMatchObject({
    domains: ["phones.example"],
    maximumPerPerson: 3,
    maximumOctetsPerPerson: 2048,
    lifetimeMs: 86_400_000,
    otherDevicesMs: 5_000,
  });
  expect(() => loadConfig(configFile({ waiting: { domains: ["phones.example"] } }), {})).toThrow(ConfigError);
});

test.each(["50", "50/s", "0/s, burst 5", "1/s, burst 0", "-1/s, burst 5", 50])("%j is no rate", (sender) => {
  expect(() => loadConfig(configFile({ limits: { rates: { messages: { sender } } } }), {})).toThrow(
    ConfigError,
  );
});
