import { describe, expect, it } from "vitest";
import { choosePort, type PortWish } from "./port.ts";

const wish: PortWish = { name: "dashboard", variable: "DASHBOARD_PORT", port: 3010, explicit: false };
const none = new Set<number>();
const freeFrom =
  (first: number) =>
  (port: number): Promise<boolean> =>
    Promise.resolve(port >= first);

describe("choosePort", () => {
  it("takes the wished port when it is free", async () => {
    expect(await choosePort(wish, { taken: none, isFree: freeFrom(0) })).toBe(3010);
  });

  it("takes the next free one when a default is not free", async () => {
    expect(await choosePort(wish, { taken: none, isFree: freeFrom(3013) })).toBe(3013);
  });

  it("passes over ports that another part was given", async () => {
    expect(await choosePort(wish, { taken: new Set([3010, 3011]), isFree: freeFrom(0) })).toBe(3012);
  });

  it("refuses with exit code 69 when a port set by a person is not free", async () => {
    const choosing = choosePort({ ...wish, explicit: true }, { taken: none, isFree: freeFrom(3011) });

    await expect(choosing).rejects.toMatchObject({
      exitCode: 69,
      message: "DASHBOARD_PORT is 3010, and another program listens there. Stop it or set another port.",
    });
  });

  it("gives up after a hundred ports, and at the last port there is", async () => {
    const never = (): Promise<boolean> => Promise.resolve(false);

    await expect(choosePort(wish, { taken: none, isFree: never })).rejects.toThrow(/No free port from 3010/);
    await expect(choosePort({ ...wish, port: 65_535 }, { taken: none, isFree: never })).rejects.toThrow(/65535/);
  });
});
