// The page is served from the program itself under a strict CSP: nothing inline, no data: URLs, no other origin.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  base: "./",
  // Vitest otherwise picks Svelte's server build.
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  server: { host: "127.0.0.1", strictPort: true, port: 5173 },
  preview: { host: "127.0.0.1", strictPort: true, port: 4173 },
  build: {
    // WebKitGTK 2.44, WKWebView of macOS 14.5 and WebView2 123: the first that know light-dark().
    target: ["es2022", "safari17.5", "chrome123"],
    // Fonts and icons stay files: `font-src 'self'` has no data:.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
    testTimeout: 60_000,
  },
}));
