import { setStage } from "./stage";

test("whether messages wait is said of the host, whoever on it is asked (XEP-0160 §4)", () => {
  const { service } = setStage({ waits: (person) => person === "sip.example" });
  const said = ["sip.example", "sip.example/x", "old.sip.example", "@"].map((to) => [
    to,
    service.offers.host(to).features.includes("msgoffline"),
  ]);
  expect(said).toEqual([
    ["sip.example", true],
    ["sip.example/x", true],
    ["old.sip.example", false],
    ["@", false],
  ]);
});
