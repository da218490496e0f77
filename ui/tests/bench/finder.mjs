// How long the switcher takes for each key over ten thousand profiles. Prints the median and the 95th percentile in milliseconds, and
// writes the rows to the file that is named, one a line, for who wants to measure the same.
import { readFileSync, writeFileSync } from "node:fs";
import typescript from "typescript";

const source = readFileSync(new URL("../../src/kit/fuzzy.ts", import.meta.url), "utf8");
const { outputText } = typescript.transpileModule(source, { compilerOptions: { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2022 } });
const { Finder } = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);

const teams = ["broker", "billing", "search", "platform", "edge", "ledger", "mobile", "identity", "warehouse", "reports"];
const stages = ["production", "staging", "sandbox", "dev"];
const roles = ["Deployer", "ReadOnly", "Admin", "Auditor", "Support"];
const rows = [];
for (let at = 0; rows.length < 10_000; at += 1) {
  const [team, stage, role] = [teams[at % 10], stages[Math.floor(at / 10) % 4], roles[Math.floor(at / 40) % 5]];
  rows.push(`${team}-${stage}-${role.toLowerCase()}-${at} ${String(100_000_000_000 + at * 7919)} ${role} eu-central-1`);
}
if (process.argv[2]) writeFileSync(process.argv[2], `${rows.join("\n")}\n`);

// Typed, mended and typed again, as people do.
const typed = ["broker-prod", "brpr", "deployer prod", "1000000", "platform staging", "zzz", "edge", "readonly 42"];
const finder = new Finder(rows, (row) => row);
const times = [];
for (let round = 0; round < 25; round += 1) {
  for (const words of typed) {
    for (let keys = 1; keys <= words.length; keys += 1) {
      const began = performance.now();
      finder.find(words.slice(0, keys));
      if (round > 4) times.push(performance.now() - began);
    }
  }
}
times.sort((a, b) => a - b);
process.stdout.write(`${JSON.stringify({ median: times[Math.floor(times.length / 2)], p95: times[Math.floor(times.length * 0.95)] })}\n`);
