// What worker, dashboard and launcher agree on.
export * from "./account.ts";
export * from "./budget.ts";
export * from "./config.ts";
export * from "./control.ts";
export * from "./durations.ts";
export * from "./errcodes.ts";
export * from "./exit-codes.ts";
export * from "./failure.ts";
export * from "./jobs.ts";
export * from "./log.ts";
export { ConfigError, describeValue, problemsOf, type Problem } from "./problems.ts";
export * from "./redis.ts";
export * from "./secret.ts";
export * from "./settings.ts";
export * from "./shutdown.ts";
export { parseYaml } from "./yaml-file.ts";
export { describePath, type ReadFile } from "./account-secret.ts";
