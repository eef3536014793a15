// What people on call see and do, whatever they look through: pages, command line, alerts, metrics.
export * from "./actions.ts";
export * from "./audit.ts";
export * from "./audit-entry.ts";
export { answered, createData, type Data, type Facts } from "./data.ts";
export * from "./failed-jobs.ts";
export * from "./fleet.ts";
export * from "./hash-password.ts";
export { createHistory, type History } from "./history.ts";
export * from "./not-audited-error.ts";
export * from "./password-hash.ts";
export * from "./read-password.ts";
export * from "./roles.ts";
export * from "./row.ts";
export * from "./unavailable-error.ts";
export * from "./view.ts";
export * from "./watch.ts";
export * from "./words.ts";
