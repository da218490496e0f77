// Key to paint of the switcher over ten thousand profiles, in a real browser: `node tests/bench/switcher.mjs` in ui/. Milliseconds, as JSON.
// From the key press to the frame in which the page has drawn what fits.
import { chromium } from "playwright-core";
import { createServer } from "vite";

const TYPED = ["broker", "bkp 99", "deployer 7", "1111", "zzq"];
const server = await createServer({ configFile: "vite.config.ts", server: { port: 0, strictPort: false }, logLevel: "error" });
await server.listen();
const origin = server.resolvedUrls?.local[0]?.replace(/\/$/, "") ?? "";
const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(`${origin}/tests/stage/index.html?profiles=10000`);
await page.locator("h1").waitFor();
await page.evaluate(() => {
  window.painted = [];
  // Before anything of the page hears the key; the message comes after the frame that the key led to was handed over.
  window.addEventListener("keydown", ({ key }) => {
    const pressed = performance.now();
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => window.painted.push({ key, took: performance.now() - pressed });
      after.port2.postMessage(null);
    });
  }, { capture: true });
});
for (const typed of TYPED) {
  await page.keyboard.press("@");
  await page.getByRole("combobox", { name: "Switch identity" }).waitFor();
  await page.getByRole("option").first().waitFor();
  await page.keyboard.type(typed, { delay: 60 });
  await page.keyboard.press("Escape");
  await page.getByRole("combobox", { name: "Switch identity" }).waitFor({ state: "detached" });
}
const times = (await page.evaluate(() => window.painted)).sort((a, b) => a.took - b.took);
const share = (part) => times[Math.floor(times.length * part)]?.took;
process.stdout.write(`${JSON.stringify({ keys: times.length, median: share(0.5), p95: share(0.95), slowest: times.at(-1) })}\n`);
await browser.close();
await server.close();
