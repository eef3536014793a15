// The ports of a start's parts.
import { choosePort, isPortFree } from "./port.ts";
import type { Part, StartSettings } from "./start-settings.ts";

export interface StartPorts {
  readonly ports: Readonly<Record<Part, number>>;
  /** One sentence for each part that is not where it was wished. */
  readonly notes: readonly string[];
}

/** @throws StartError (exit code 69) when an explicitly set port is taken. */
export async function chooseStartPorts({
  examples,
  ports: wishes,
  dashboardHost,
  healthHost,
}: StartSettings): Promise<StartPorts> {
  const taken = new Set<number>();
  const notes: string[] = [];
  const choose = async (part: Part, host: string): Promise<number> => {
    const wish = wishes[part];
    const port = await choosePort(wish, { taken, isFree: (candidate) => isPortFree(host, candidate) });
    taken.add(port);
    if (port !== wish.port) {
      notes.push(
        `Port ${wish.port} is taken, so the ${wish.name} is on ${port}. 端口 ${wish.port} 已被占用，改用 ${port}。`,
      );
    }
    return port;
  };
  const dashboard = await choose("dashboard", dashboardHost);
  const worker = await choose("worker", healthHost);
  const simulator = examples ? await choose("simulator", "127.0.0.1") : wishes.simulator.port;
  return { ports: { dashboard, worker, simulator }, notes };
}
