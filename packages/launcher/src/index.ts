// What tests and tools use of the launcher.
export { findApt } from "./apt.ts";
export { findChromium } from "./chromium.ts";
export { anyFreePort } from "./port.ts";
export { isAlive } from "./process-end.ts";
export { findRedisServer } from "./redis-binary.ts";
export { startRedisServer, type RedisServer } from "./redis-server.ts";
