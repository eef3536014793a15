import { createSimulator } from "./index.ts";
import { readEnvironment } from "./environment.ts";

const EXIT_UNAVAILABLE = 69;
const EXIT_CONFIGURATION = 78;

function say(level: "info" | "warn" | "error", message: string, fields: object = {}): void {
  console.log(JSON.stringify({ level, time: Date.now(), msg: message, ...fields }));
}

/** Waits for SIGTERM, SIGINT or the end of the parent that started this process with an IPC channel. */
function awaitStop(): { requested: Promise<void>; forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = ["SIGTERM", "SIGINT", "disconnect"];
  const stop = () => resolve();
  for (const event of events) process.on(event, stop);
  // A listener for "disconnect" holds the process open, so it must go.
  return { requested: promise, forget: () => events.forEach((event) => process.off(event, stop)) };
}

async function run(): Promise<void> {
  const environment = readEnvironment(process.env);
  if ("problems" in environment) {
    for (const problem of environment.problems) say("error", problem);
    process.exitCode = EXIT_CONFIGURATION;
    return;
  }
  const stop = awaitStop();
  try {
    const simulator = await createSimulator({ ...environment, warn: (message) => say("warn", message) });
    say("info", "simulator listening", { url: simulator.url, port: simulator.port, scale: environment.scale });
    await stop.requested;
    await simulator.close();
  } finally {
    stop.forget();
  }
}

run().catch((error: NodeJS.ErrnoException) => {
  const taken = error.code === "EADDRINUSE" || error.code === "EACCES";
  if (taken) say("error", "the simulator's port is not available: stop what listens there, or set SIMULATOR_PORT");
  else say("error", error.code === undefined ? error.message : `the simulator could not start (${error.code})`);
  process.exitCode = taken ? EXIT_UNAVAILABLE : 1;
});
