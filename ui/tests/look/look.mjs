// Looks at every screen and part in a real browser, light, dark, high contrast and small: accessibility is judged by axe,
// anything the page complains of fails, and screenshots are left for eyes. `npm run look [folder]`.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { createServer } from "vite";

const STAGE = "/tests/stage/index.html";
const byTestId = (id) => (page) => page.getByTestId(id).first().click();

/** The Accounts screen in a state of the stage, then perhaps a press. */
const accounts = (name, state = "", act = undefined) => ({ name: `accounts${name}`, path: `${STAGE}?accounts=${state}#/accounts`, ready: "main[aria-label=Accounts] h1", act });
const ofSession = (name, id) => (page) => page.locator(`[data-session="${name}"]`).getByTestId(id).click();

const views = [
  { name: "gallery", path: "/gallery.html" },
  { name: "home", path: STAGE },
  { name: "home-empty", path: `${STAGE}?empty` },
  { name: "history", path: `${STAGE}#/history`, ready: "main[aria-label=History] table" },
  { name: "compare", path: `${STAGE}#/compare/7a00/7k2m`, ready: "main[aria-label=Comparison] table", act: byTestId("compare-all") },
  { name: "run-lesson", path: `${STAGE}#/run/failed`, act: byTestId("save-lesson") },
  { name: "plan", path: `${STAGE}#/plan/x` },
  { name: "plan-damaged", path: `${STAGE}#/plan/damaged` },
  { name: "plan-missing", path: `${STAGE}#/plan/missing` },
  { name: "import", path: `${STAGE}#/import/x` },
  { name: "import-damaged", path: `${STAGE}#/import/damaged` },
  { name: "import-missing", path: `${STAGE}#/import/missing` },
  { name: "import-loading", path: `${STAGE}#/import/slow` },
  { name: "import-bare", path: `${STAGE}#/import/bare` },
  { name: "import-save", path: `${STAGE}#/import/x`, act: byTestId("import-save") },
  { name: "practise", path: `${STAGE}#/plan/trusted`, act: byTestId("practise") },
  { name: "start-live", path: `${STAGE}#/plan/trusted`, act: byTestId("start-live") },
  { name: "run", path: `${STAGE}#/run/running` },
  { name: "run-failed", path: `${STAGE}#/run/failed` },
  { name: "run-asking", path: `${STAGE}#/run/asking` },
  { name: "run-deciding", path: `${STAGE}#/run/deciding` },
  ...["planned", "applying", "mirroring", "operating", "baking", "hooked"].map((state) => ({ name: `run-${state}`, path: `${STAGE}#/run/${state}` })),
  { name: "run-stoppable", path: `${STAGE}#/run/stoppable`, act: byTestId("stop") },
  { name: "run-stopping", path: `${STAGE}#/run/stopping` },
  { name: "run-held", path: `${STAGE}#/run/held` },
  { name: "run-sign", path: `${STAGE}#/run/held`, act: byTestId("go") },
  { name: "run-rollback", path: `${STAGE}#/run/failed`, act: byTestId("roll-back") },
  { name: "run-elsewhere", path: `${STAGE}#/run/elsewhere` },
  { name: "run-interrupted", path: `${STAGE}#/run/interrupted` },
  { name: "run-edited", path: `${STAGE}#/run/edited`, act: byTestId("edited") },
  { name: "home-move", path: STAGE, act: byTestId("move-after.cors") },
  { name: "run-done", path: `${STAGE}#/run/done` },
  { name: "run-report", path: `${STAGE}#/run/done`, act: byTestId("export") },
  accounts(""),
  accounts("-empty", "empty"),
  accounts("-loading", "loading"),
  accounts("-unreadable", "unreadable"),
  accounts("-first", "first"),
  accounts("-failed", "failed"),
  accounts("-states", "states"),
  accounts("-sign-in", "", ofSession("partner", "sign-in")),
  accounts("-sign-in-browser", "sign-in-browser", ofSession("partner", "sign-in")),
  accounts("-sign-in-failed", "sign-in-failed", ofSession("partner", "sign-in")),
  accounts("-generate", "", byTestId("generate")),
  accounts("-repair", "", (page) => page.getByRole("button", { name: /^Repair… / }).click()),
  accounts("-vault", "", byTestId("vault")),
  accounts("-answers", "", (page) => page.getByRole("button", { name: "Tools… Which identity would each use with ci?" }).click()),
  { name: "locked", path: `${STAGE}?accounts=locked-screen` },
  { name: "switcher", path: STAGE, act: (page) => page.keyboard.press("@") },
  { name: "palette", path: STAGE, act: (page) => page.keyboard.press("Control+k") },
  { name: "keys", path: `${STAGE}#/run/running`, act: (page) => page.keyboard.press("?") },
];

const looks = [
  { name: "light", width: 1280, height: 800, colorScheme: "light", contrast: "no-preference" },
  { name: "dark", width: 1280, height: 800, colorScheme: "dark", contrast: "no-preference" },
  { name: "small", width: 1024, height: 700, colorScheme: "light", contrast: "no-preference" },
  { name: "zoom200", width: 640, height: 400, colorScheme: "light", contrast: "no-preference" },
  { name: "contrast", width: 1280, height: 800, colorScheme: "dark", contrast: "more" },
];

const folder = process.argv[2] ?? "dist-look";
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const complaints = [];
mkdirSync(folder, { recursive: true });
const server = await createServer({ configFile: "vite.config.ts", server: { port: 0, strictPort: false }, logLevel: "error" });
await server.listen();
const origin = server.resolvedUrls?.local[0]?.replace(/\/$/, "") ?? "";
const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

// Only some, when asked: `npm run look -- folder accounts dark`.
const [, , , onlyView = "", onlyLook = ""] = process.argv;
const chosenLooks = looks.filter(({ name }) => name.startsWith(onlyLook));
const chosenViews = views.filter(({ name }) => name.startsWith(onlyView));

for (const look of chosenLooks) {
  for (const view of chosenViews) {
    const where = `${view.name}, ${look.name}`;
    const page = await browser.newPage({ viewport: look, colorScheme: look.colorScheme, contrast: look.contrast, reducedMotion: "reduce" });
    page.on("pageerror", (error) => complaints.push(`${where}: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.location().url.endsWith("favicon.ico")) complaints.push(`${where}: ${message.text()}`);
    });
    await page.goto(origin + view.path);
    await page.locator(view.ready ?? "h1, [role=alert]").first().waitFor();
    await page.evaluate(() => document.fonts.ready);
    await view.act?.(page);
    if (view.act) await page.locator("dialog[open]").waitFor();
    await page.addScriptTag({ path: axe });
    const found = await page.evaluate(async () => {
      const { axe } = window;
      const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
      return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => `${id}: ${node.html.slice(0, 160)} ${(node.failureSummary ?? "").split("\n")[1] ?? ""}`));
    });
    complaints.push(...found.map((one) => `${where}: ${one}`));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) complaints.push(`${where}: ${overflow} px wider than the window`);
    await page.screenshot({ path: join(folder, `${view.name}-${look.name}.png`) });
    await page.close();
  }
}
await browser.close();
await server.close();
process.stdout.write(complaints.length === 0 ? `${chosenViews.length * chosenLooks.length} views, nothing to complain of\n` : `${complaints.join("\n")}\n`);
process.exit(complaints.length === 0 ? 0 : 1);
