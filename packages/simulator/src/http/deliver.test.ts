import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { FaultInput } from "../index.ts";
import { until } from "../testing/until.ts";
import { APP_ID, startClient } from "../testing/client.ts";
import type { Client } from "../testing/client.ts";

describe("faults", () => {
  let client: Client;
  beforeAll(async () => {
    client = await startClient();
  });
  beforeEach(() => client.simulator.control.reset());
  afterAll(() => client.simulator.close());

  const place = (fault: FaultInput["fault"], call: FaultInput["call"] = "token") =>
    client.simulator.control.addFault(APP_ID, { call, fault });
  const issued = () => client.simulator.control.state().accounts[0]?.lines.classic.issued;
  const logged = () => client.simulator.control.log();

  it("errcode refuses once with WeChat's wording, then the call passes", async () => {
    place({ type: "errcode", errcode: 40164 });
    expect((await client.classic()).json["errmsg"]).toMatch(
      /^invalid ip 203\.0\.113\.7 ipv6 .* not in whitelist rid: /,
    );
    expect((await client.classic()).json["expires_in"]).toBe(7200);
    expect(logged()).toMatchObject([
      { errcode: 40164, verdict: "refused", fault: "errcode" },
      { errcode: 0, verdict: "issued", ordinal: 1 },
    ]);
  });

  it.each([40001, 40243, 45011, 50002, 89503, 89506, 89507, -1])("errcode %i has a wording", async (errcode) => {
    place({ type: "errcode", errcode });
    const { json } = await client.classic();
    expect(json).toMatchObject({ errcode });
    expect(json["errmsg"]).not.toMatch(/^error rid/);
  });

  it("errcode takes another wording", async () => {
    place({ type: "errcode", errcode: 99999, errmsg: "out of order" });
    expect((await client.classic()).json["errmsg"]).toMatch(/^out of order rid: /);
  });

  it("delay answers late", async () => {
    place({ type: "delay", ms: 80 });
    const started = performance.now();
    expect((await client.classic()).json["expires_in"]).toBe(7200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(75);
    expect(logged()[0]?.durationMs).toBeGreaterThanOrEqual(75);
  });

  it("issue_late retires the token after the client has gone", async () => {
    const [first, second] = [await client.token(), await client.token()];
    place({ type: "issue_late", ms: 150 });
    await expect(client.classic(AbortSignal.timeout(40))).rejects.toThrow(/timeout/);
    expect(issued()).toBe(2);
    await until(() => issued() === 3);
    const { control } = client.simulator;
    expect([first, second].map((token) => control.tokenVerdict(APP_ID, token))).toEqual(["superseded", "accepted"]);
    expect(logged().at(-1)).toMatchObject({ verdict: "issued", ordinal: 3, fault: "issue_late" });
  });

  it.each([
    { type: "execute_then_reset" as const, issues: 1, verdict: "issued" },
    { type: "reset_before" as const, issues: 0, verdict: "unexecuted" },
  ])("$type resets the connection, $issues token issued", async ({ type, issues, verdict }) => {
    place({ type });
    const failure = await client.classic().catch((error: Error) => error.cause);
    expect(failure).toMatchObject({ code: "ECONNRESET" });
    expect(issued()).toBe(issues);
    expect(logged()).toMatchObject([{ verdict, fault: type }]);
  });

  it("execute_then_hang issues and never answers", async () => {
    place({ type: "execute_then_hang" });
    const gone = new AbortController();
    const asking = client.classic(gone.signal);
    await until(() => issued() === 1);
    gone.abort();
    await expect(asking).rejects.toThrow(/aborted/);
  });

  it.each([0, 1, 40, 100_000])("truncate issues, sends at most %i bytes and closes", async (bytes) => {
    place({ type: "truncate", bytes });
    await expect(client.classic()).rejects.toThrow(/terminated|fetch failed/);
    expect(issued()).toBe(1);
  });

  it.each<[FaultInput["fault"], number, string]>([
    [{ type: "wrong_json" }, 200, '{"access_token":'],
    [{ type: "wrong_json", body: "" }, 200, ""],
    [{ type: "http_502" }, 502, "<html>"],
    [
      { type: "body", body: '{"access_token":"t","expires_in":"7200"}' },
      200,
      '{"access_token":"t","expires_in":"7200"}',
    ],
    [{ type: "body", status: 500, body: "oops", contentType: "text/plain" }, 500, "oops"],
  ])("%o replaces the answer and issues nothing, unless asked to", async (fault, status, start) => {
    place(fault);
    const answer = await client.classic();
    expect(answer.status).toBe(status);
    expect(answer.text.startsWith(start)).toBe(true);
    expect(issued()).toBe(0);
    place({ ...fault, execute: true } as FaultInput["fault"]);
    expect((await client.classic()).status).toBe(status);
    expect(issued()).toBe(1);
  });

  it("body sends a byte order mark and a huge text as they are", async () => {
    place({ type: "body", body: `\uFEFF{"pad":"${"x".repeat(3_000_000)}"}` });
    const response = await fetch(`${client.simulator.url}/cgi-bin/token?appid=${APP_ID}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(Buffer.from(bytes.slice(0, 4)).toString("hex")).toBe("efbbbf7b");
    expect(bytes.length).toBe(3_000_013);
  });

  it("count how many fetches of one kind are in flight", async () => {
    client.simulator.control.addFault(APP_ID, { call: "*", fault: { type: "delay", ms: 60 }, times: null });
    await Promise.all([client.classic(), client.stable(), client.classic()]);
    expect(logged().map((event) => event.inFlight)).toEqual([1, 2, 3]);
    await client.classic();
    expect(logged().at(-1)?.inFlight).toBe(1);
  });

  it("end with the simulator: close does not wait for a hanging call or a delay", async () => {
    const other = await startClient();
    other.simulator.control.addFault(APP_ID, { call: "*", fault: { type: "delay", ms: 3_000_000 }, times: 20 });
    const asking = Promise.allSettled(Array.from({ length: 20 }, () => other.classic()));
    await until(() => other.simulator.control.faults().length === 0);
    await other.simulator.close();
    expect((await asking).every(({ status }) => status === "rejected")).toBe(true);
  });
});
