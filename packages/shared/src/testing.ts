// What apps import in their own tests.
export { createFakeClock, type FakeClock } from "./fake-clock.ts";
export { createTestTokens, type TestTokens, type TestTokensOptions, type TestValue } from "./test-tokens.ts";
export type { Report } from "./reports.ts";
