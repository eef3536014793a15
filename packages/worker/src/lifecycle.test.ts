import { createLog } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import { createLifecycle, type Lifecycle } from "./lifecycle.ts";

function setup(): { lifecycle: Lifecycle; closed: string[]; written: string[] } {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  const log = createLog({ name: "worker", level: "warn", pretty: false, destination });
  return { lifecycle: createLifecycle(log), closed: [], written };
}

describe("createLifecycle", () => {
  it("closes what was opened last first, one after the other", async () => {
    const { lifecycle, closed } = setup();
    for (const name of ["redis", "queue", "server"]) {
      lifecycle.onClose(name, async () => {
        closed.push(`${name} closes`);
        await Promise.resolve();
        closed.push(`${name} closed`);
      });
    }

    await lifecycle.close();

    expect(closed).toEqual(["server", "queue", "redis"].flatMap((name) => [`${name} closes`, `${name} closed`]));
  });

  it("closes once, however often it is asked, and every call waits for the end", async () => {
    const { lifecycle, closed } = setup();
    const { promise, resolve } = Promise.withResolvers<void>();
    lifecycle.onClose("redis", async () => {
      await promise;
      closed.push("redis");
    });

    const ends = [lifecycle.close(), lifecycle.close()].map((end) => end.then(() => [...closed]));
    resolve();

    expect(await Promise.all(ends)).toEqual([["redis"], ["redis"]]);
    await lifecycle.close();
    expect(closed).toEqual(["redis"]);
  });

  it("closes the others when one fails, and logs its name without the error's message", async () => {
    const { lifecycle, closed, written } = setup();
    lifecycle.onClose("redis", async () => closed.push("redis"));
    lifecycle.onClose("server", () => Promise.reject(new Error("redis://:canary-passw0rd@127.0.0.1")));

    await lifecycle.close();

    expect(closed).toEqual(["redis"]);
    expect(written.join("")).toContain('"part":"server"');
    expect(written.join("")).not.toContain("canary");
  });

  it("closes the others when one throws before it returns a promise", async () => {
    const { lifecycle, closed } = setup();
    lifecycle.onClose("redis", async () => closed.push("redis"));
    lifecycle.onClose("server", () => {
      throw new Error("at once");
    });

    await lifecycle.close();

    expect(closed).toEqual(["redis"]);
  });
});
