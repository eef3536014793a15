import { request as httpRequest } from "node:http";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGate } from "./gate.ts";
import type { Listening } from "@tokenkeeper/core";
import { listen } from "./listen.ts";
import type { SignedInUser } from "./signed-in-user.ts";
import { UnavailableError } from "@tokenkeeper/ops";

const VIEWER: SignedInUser = { name: "viewer", role: "viewer", address: "127.0.0.1", by: "session" };

const PATIENT = { timeout: 10_000 };

describe("an answer that lasts", () => {
  let identified: () => Promise<SignedInUser | undefined>;
  let looks = 0;
  let server: Listening;

  beforeAll(async () => {
    const app = express();
    const gate = createGate({
      identify: () => {
        looks += 1;
        return identified();
      },
      audit: { note: () => undefined },
      publicUrl: undefined,
      recheckEvery: 20,
    });
    app.use(gate);
    app.get("/api/events", (_request, response) => void response.write("begun"));
    server = await listen(app, { host: "127.0.0.1", port: 0 });
  });
  afterAll(() => server.close());

  it("ends when its user may no longer have it, and not before, nor because Redis is away", async () => {
    identified = () => Promise.resolve(VIEWER);
    let ended = false;
    let begun = false;
    const request = httpRequest({ port: server.port, path: "/api/events" }, (response) => {
      response.on("data", () => (begun = true));
      response.on("error", () => undefined);
      response.on("close", () => (ended = true));
    });
    request.on("error", () => undefined).end();
    await expect.poll(() => begun, PATIENT).toBe(true);
    const looked = async (): Promise<void> => {
      const before = looks;
      await expect.poll(() => looks, PATIENT).toBeGreaterThan(before + 2);
    };

    await looked();
    expect(ended).toBe(false);
    identified = () => Promise.reject(new UnavailableError("Redis does not answer."));
    await looked();
    expect(ended).toBe(false);
    identified = () => Promise.resolve(undefined);

    await expect.poll(() => ended, PATIENT).toBe(true);
    const after = looks;
    expect((await fetch(`http://127.0.0.1:${server.port}/api/events`)).status).toBe(401);
    expect(looks).toBe(after + 1);
  });
});
