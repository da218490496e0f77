// The walls between the tiers are held by the linter; this shows that it does.
import { ESLint } from "eslint";
import { expect, test } from "vitest";

const linter = new ESLint();

async function refused(filePath: string, code: string): Promise<string[]> {
  const [result] = await linter.lintText(code, { filePath });
  return result?.messages.map((message) => message.ruleId ?? message.message) ?? [];
}

test.each([
  ["Tauri outside its host", "src/kit/a.ts", 'import { invoke } from "@tauri-apps/api/core";\nexport const a = invoke;\n'],
  ["Tauri in a feature", "src/features/runs/a.ts", 'import { invoke } from "@tauri-apps/api/core";\nexport const a = invoke;\n'],
  ["a feature in the kit", "src/kit/a.ts", 'import { a } from "../features/runs/status.ts";\nexport const b = a;\n'],
  ["the host in the kit", "src/kit/a.ts", 'import type { Host } from "../host/host.ts";\nexport type A = Host;\n'],
  ["a screen in a feature", "src/features/runs/a.ts", 'import { a } from "../../screens/console.svelte.ts";\nexport const b = a;\n'],
])("%s is refused", async (_name, path, code) => expect(await refused(path, code)).toEqual(["no-restricted-imports"]));

test("Tauri in its host is fine", async () => {
  expect(await refused("src/host/tauri.ts", 'import { invoke } from "@tauri-apps/api/core";\nexport const a = invoke;\n')).toEqual([]);
});

test.each([
  ["a style attribute", '<p style="color: red">a</p>\n', "no-restricted-syntax"],
  ["markup from a string", '<script lang="ts">\n  const { html }: { html: string } = $props();\n</script>\n\n{@html html}\n', "svelte/no-at-html-tags"],
])("%s is refused", async (_name, code, rule) => expect(await refused("src/kit/A.svelte", code)).toContain(rule));
