// The walls of the front end, where a linter can hold them.
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";

const tauri = { group: ["@tauri-apps/*"], message: "Only src/host/tauri.ts speaks to Tauri; use the Host interface." };
const walls = (...groups) => ({
  "no-restricted-imports": ["error", { patterns: [tauri, ...groups.map(([group, message]) => ({ group, message }))] }],
});

export default ts.config(
  { ignores: ["dist/", "node_modules/", "src/host/generated/"] },
  ...ts.configs.strict,
  ...svelte.configs["flat/recommended"],
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    rules: {
      ...walls(),
      eqeqeq: "error",
      "no-console": "error",
      "no-undef": "off",
      // A `style:` directive is set by script and passes the policy; a style attribute in markup does not.
      "no-restricted-syntax": ["error", { selector: "SvelteAttribute[key.name='style']", message: "The content security policy drops style attributes." }],
      "svelte/no-at-html-tags": "error",
      "svelte/button-has-type": "error",
      "svelte/require-each-key": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
  {
    files: ["src/kit/**"],
    rules: walls([["**/features/**", "**/screens/**", "**/host/**"], "The kit knows no domain."]),
  },
  {
    files: ["src/features/**"],
    rules: walls([["**/screens/**"], "Features do not know where they are shown."]),
  },
  { files: ["src/host/tauri.ts"], rules: { "no-restricted-imports": "off" } },
);
