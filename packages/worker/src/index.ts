export { createRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
export { StartError, type StartObstacle } from "./start-error.ts";
