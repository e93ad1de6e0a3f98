import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(__dirname, "../..");
const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");
const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "src/README.md",
  ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`),
];

test("every snippet in the README is the file that it names", () => {
  const snippets = [...read("README.md").matchAll(/<!-- snippet: (\S+) -->\n```\w*\n(.*?)```\n/gs)];
  expect(snippets.length).toBeGreaterThanOrEqual(4);
  for (const [, file, text] of snippets) expect({ file, text }).toEqual({ file, text: read(file as string) });
});

test.each(PAGES.filter((page) => page.endsWith(".md")))(
  "every relative link of %s leads somewhere",
  (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
      (match) => match[1] as string,
    );
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
  },
);
