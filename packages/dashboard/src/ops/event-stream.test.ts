import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { expect, it } from "vitest";
import type { RowsMessage } from "@tokenkeeper/ops";
import { streamChanges } from "./event-stream.ts";

/** 1 MiB in one change. */
const LARGE = { rev: 1, now: 1, rows: [], gone: ["x".repeat(1024 * 1024)] };

it("drops a page that does not take what it is sent, and goes on with the others", async () => {
  const listeners = new Set<(change: RowsMessage) => void>();
  const ended = new AbortController();
  const changes = {
    ended: ended.signal,
    rev: () => 0,
    listen(listener: (change: RowsMessage) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const app = express().get("/", (request, response) => streamChanges(request, response, changes));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const open = async (): Promise<IncomingMessage> => {
    const request = get({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, agent: false });
    return ((await once(request, "response")) as [IncomingMessage])[0];
  };
  const [slow, reading] = [await open(), await open()];
  slow.pause();
  let taken = 0;
  reading.on("data", (chunk: Buffer) => (taken += chunk.length));
  expect(listeners.size).toBe(2);

  let sent = 0;
  while (listeners.size === 2 && sent < 64) {
    for (const listener of listeners) listener({ ...LARGE, rev: sent });
    sent += 1;
    // Only the next change waits until this one has been taken by whoever reads.
    await expect.poll(() => taken, { timeout: 10_000 }).toBeGreaterThanOrEqual(sent * 1024 * 1024);
  }

  expect(listeners.size).toBe(1);
  expect(sent).toBeGreaterThan(4);
  ended.abort();
  await once(reading, "end");
  server.closeAllConnections();
  server.close();
});
