import { defineConfig } from "vitest/config"

// `pnpm test:lockstep`: ten times as many random programs on both engines as `pnpm test` runs.
export default defineConfig({
  test: {
    name: "lockstep",
    include: ["tests/differential/**/*.test.ts"],
    experimental: { viteModuleRunner: false },
    env: { EMU_LOCKSTEP_INSNS: process.env["EMU_LOCKSTEP_INSNS"] ?? "100000000" }
  }
})
