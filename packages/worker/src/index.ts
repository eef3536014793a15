export { createRuntime } from "./runtime.ts";
export type { Runtime, RuntimeOptions } from "./runtime-options.ts";
export { StartError, type StartObstacle } from "./start-error.ts";
