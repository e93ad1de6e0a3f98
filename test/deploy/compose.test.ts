import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load";
import { ConfigError } from "../../src/config/problem";

const ROOT = join(__dirname, "../..");
const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");
const compose = parse(read("docker-compose.yml"));
const services: [string, Record<string, unknown>][] = Object.entries(compose.services);
const environment = (service: string): Record<string, string> => compose.services[service].environment;
const fallback = (value: string | undefined): string | undefined =>
  /^\$\{\w+:-(.*)\}$/.exec(value ?? "")?.[1];
const address = (service: string): string => compose.services[service].networks.federation.ipv4_address;

test("three programs", () => {
  expect(services.map(([name]) => name)).toEqual(["ejabberd", "isthmus", "kamailio"]);
});

test.each(services)("every file that %s mounts is there, every volume is declared", (_, { volumes }) => {
  for (const volume of volumes as string[]) {
    const [source = ""] = volume.split(":");
    if (source.startsWith("."))
      expect({ source, there: existsSync(join(ROOT, source)) }).toEqual({ source, there: true });
    else expect(Object.keys(compose.volumes)).toContain(source);
  }
});

test("every Dockerfile that is built is there", () => {
  const built = services.map(([, { build }]) => build).filter((build) => build !== undefined);
  expect(built).toHaveLength(2);
  for (const build of built as (string | { context: string; dockerfile: string })[]) {
    const file =
      typeof build === "string" ? join(build, "Dockerfile") : join(build.context, build.dockerfile);
    expect(existsSync(join(ROOT, file))).toBe(true);
  }
});

test("Isthmus loads its configuration, with the secret that ejabberd has", () => {
  const secret = fallback(environment("isthmus").ISTHMUS_SECRET);
  const config = loadConfig(join(ROOT, "deploy/isthmus.yaml"), { ISTHMUS_SECRET: secret });
  const [component] = config.xmpp.components;
  expect(component).toEqual({ host: "sip.example", address: address("ejabberd"), port: 5347, secret });
  const listener = parse(read("deploy/ejabberd.yml")).listen.find(
    ({ module }: { module: string }) => module === "ejabberd_service",
  );
  expect(listener).toMatchObject({ port: 5347, hosts: { "sip.example": { password: secret } } });
});

test("without the secret in the environment it says so", () => {
  const load = () => loadConfig(join(ROOT, "deploy/isthmus.yaml"), {});
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(/xmpp\.components\[0\]\.secretEnv: .*ISTHMUS_SECRET.*not set/);
});

test("addresses agree: Isthmus listens on its own, trusts and sends to Kamailio's, Kamailio sends to its", () => {
  const { sip } = loadConfig(join(ROOT, "deploy/isthmus.yaml"), { ISTHMUS_SECRET: "x" });
  expect(sip.listeners.map((one) => one.address)).toEqual([address("isthmus"), address("isthmus")]);
  expect(sip.peers).toMatchObject([
    {
      trustedAddresses: [expect.stringContaining(address("kamailio"))],
      proxy: expect.stringContaining(address("kamailio")),
    },
  ]);
  expect(read("deploy/kamailio.cfg")).toContain(`#!define ISTHMUS "sip:${address("isthmus")}:5060"`);
  expect(read("deploy/kamailio.cfg")).toContain(`#!define ISTHMUS_ADDRESS "${address("isthmus")}"`);
});

test("the database lies on the volume, the health page is where the image's health check looks", () => {
  const config = loadConfig(join(ROOT, "deploy/isthmus.yaml"), { ISTHMUS_SECRET: "x" });
  const dockerfile = read("Dockerfile");
  const [volume] = /^VOLUME (.*)$/m.exec(dockerfile)?.slice(1) ?? [];
  expect(config.store.file).toBe(`${volume}/isthmus.db`);
  expect(dockerfile).toContain(`ISTHMUS_HEALTH=http://127.0.0.1:${config.health?.port}/health`);
});

test("the accounts that the head of docker-compose.yml names are those that are made", () => {
  const head = read("docker-compose.yml").split("\nservices:")[0];
  const juliet = /^register (\w+) (\S+) \$\{\w+:-(\w+)\}$/.exec(environment("ejabberd").CTL_ON_CREATE ?? "");
  expect(head).toContain(`${juliet?.[1]}@${juliet?.[2]}, password ${juliet?.[3]}`);
  expect(head).toContain(`romeo@sip.example, password ${fallback(environment("kamailio").ROMEO_PASSWORD)}`);
});

test("the image holds what it copies, runs as somebody, and .dockerignore lets it all in", () => {
  const dockerfile = read("Dockerfile");
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, names = ""]) =>
    names.split(" "),
  );
  const allowed = read(".dockerignore").trimEnd().split("\n");
  expect(allowed[0]).toBe("*");
  for (const name of copied) {
    expect(existsSync(join(ROOT, name))).toBe(true);
    expect(allowed).toContain(`!${name.replace("./", "")}`);
  }
  expect(dockerfile).toMatch(/^USER isthmus$/m);
  expect(dockerfile).toMatch(/^HEALTHCHECK /m);
});
