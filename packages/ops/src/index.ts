// What people on call see and do, whatever they look through: pages, command line, alerts, metrics.
export * from "./actions.ts";
export { answered, createData, type Data, type Facts } from "./data.ts";
export * from "./fleet.ts";
export * from "./history.ts";
export * from "./meter.ts";
export * from "./row.ts";
export * from "./slo.ts";
export * from "./slo-watcher.ts";
export * from "./unavailable-error.ts";
export * from "./view.ts";
export * from "./watch.ts";
export * from "./words.ts";
