import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
  // A warning of the compiler is mostly one about accessibility: it ends the build.
  onwarn(warning) {
    if (warning.filename?.includes("node_modules")) return;
    throw new Error(`${warning.filename ?? "?"}: ${warning.code}: ${warning.message}`);
  },
};
