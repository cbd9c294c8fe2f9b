import { defineConfig } from "vitest/config"

// `pnpm test:debian`: real Debian programs, compared with QEMU. Apart from the rest because it downloads them.
export default defineConfig({
  test: {
    name: "debian",
    include: ["tests/debian/**/*.test.ts"],
    experimental: { viteModuleRunner: false },
    testTimeout: 300_000,
    hookTimeout: 300_000
  }
})
