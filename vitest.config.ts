import { defineConfig } from "vitest/config"

// Native imports: vitest's own module runner turns every cross-module call of the hot loop into a getter (29 times slower).
const experimental = { viteModuleRunner: false }

export default defineConfig({
  test: {
    experimental,
    projects: [
      {
        extends: true,
        test: { experimental, name: "unit", include: ["packages/*/test/**/*.test.ts"], testTimeout: 30_000 }
      },
      {
        extends: true,
        test: {
          experimental,
          name: "e2e",
          include: ["tests/**/*.test.ts", "bench/**/*.test.ts"],
          exclude: ["**/node_modules/**", "tests/debian/**"],
          testTimeout: 300_000
        }
      }
    ]
  }
})
