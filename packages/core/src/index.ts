// What worker, dashboard and launcher agree on.
export * from "./account.ts";
export * from "./account-mirrors.ts";
export { apiOriginOf } from "./api-base.ts";
export * from "./api-key.ts";
export * from "./alert-rules.ts";
export type { ApiConfig, ApiKey } from "./api-section.ts";
export * from "./budget.ts";
export * from "./config.ts";
export * from "./config-files.ts";
export { durationRule, nameRule } from "./config-rules.ts";
export * from "./control.ts";
export * from "./durations.ts";
export * from "./errcodes.ts";
export * from "./exit-codes.ts";
export * from "./failure.ts";
export * from "./follower-entry.ts";
export { createHttpServer, listen, type Listening } from "./http-server.ts";
export * from "./jobs.ts";
export * from "./log.ts";
export * from "./near-host.ts";
export {
  ConfigError,
  describeValue,
  didYouMean,
  isLong,
  nearestTo,
  problemsOf,
  quoted,
  type Problem,
} from "./problems.ts";
export * from "./redis.ts";
export { resolveReferences } from "./references.ts";
export * from "./reporter-entry.ts";
export * from "./secret.ts";
export * from "./settings.ts";
export * from "./shutdown.ts";
export { createStatusServer, type Status } from "./status-server.ts";
export { parseYaml } from "./yaml-file.ts";
export { describePath, readSecretFile, type ReadFile } from "./secret-file.ts";
