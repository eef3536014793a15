// The baseline as a process of its own. Environment: REDIS_URL, ORIGIN.
import { env } from "node:process";
import { createBareWorker } from "./bare-worker.ts";

const { worker } = createBareWorker({ redisUrl: env["REDIS_URL"] ?? "", origin: env["ORIGIN"] ?? "", concurrency: 32 });
process.on("disconnect", () => process.exit());
process.on("SIGTERM", () => process.exit());
await worker.run();
