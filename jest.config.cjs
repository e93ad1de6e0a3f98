const transform = {
  "^.+\\.ts$": [
    "@swc/jest",
    { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
  ],
};

const project = (displayName, more) => ({
  displayName,
  rootDir: __dirname,
  testEnvironment: "node",
  transform,
  ...more,
});

module.exports = {
  projects: [
    project("unit", {
      testEnvironment: "<rootDir>/test/support/quick-environment.ts",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "/test/interop/", "/test/faults/", "/test/fuzz/"],
    }),
    project("fuzz", { testMatch: ["<rootDir>/test/fuzz/**/*.test.ts"] }),
    project("interop", { testMatch: ["<rootDir>/test/interop/**/*.test.ts"] }),
    project("faults", { testMatch: ["<rootDir>/test/faults/**/*.test.ts"] }),
  ],
};
