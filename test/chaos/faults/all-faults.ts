import { CONFIG_FAULTS } from "./config-faults.ts";
import type { Fault } from "./fault.ts";
import { LINE_FAULTS } from "./line-faults.ts";
import { QUEUE_FAULTS } from "./queue-faults.ts";
import { REDIS_FAULTS } from "./redis-faults.ts";
import { WECHAT_FAULTS } from "./wechat-faults.ts";
import { WORKER_FAULTS } from "./worker-faults.ts";

/** Every kind of fault. Beside these, clocks are skewed and dead accounts are there all the time. */
export const ALL_FAULTS: readonly Fault[] = [
  ...WORKER_FAULTS,
  ...REDIS_FAULTS,
  ...LINE_FAULTS,
  ...WECHAT_FAULTS,
  ...QUEUE_FAULTS,
  ...CONFIG_FAULTS,
];
