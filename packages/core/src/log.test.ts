import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createLog, errorFields, type Log } from "./log.ts";

const CANARY = "CANARYc0ffee";
const FRAME_LIKE = `first line ${CANARY}\n    at ${CANARY} (file:///srv/${CANARY}.ts:1:1)\n    at file:///${CANARY}.ts:2:2`;

function thrownBy(throwing: () => unknown): unknown {
  try {
    throwing();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function withName(name: string): Error {
  const error = new Error("message");
  error.name = name;
  return error;
}

function renamed(message: string, later: string): Error {
  const error = new Error(message);
  error.message = later;
  return error;
}

const originals: [string, unknown][] = [
  ["a message", new Error(CANARY)],
  ["a message of several lines", new Error(`a\n${CANARY}\nb`)],
  ["a message with lines like frames", new Error(FRAME_LIKE)],
  ["a message that begins with such a line", new Error(`\n    at ${CANARY} (file:///a.ts:1:1)`)],
  ["a message that was changed later", renamed(FRAME_LIKE, "short")],
  ["a message that was taken away later", renamed(FRAME_LIKE, "")],
  ["a message in whose place another came", renamed(`abc\n    at ${CANARY} (file:///a.ts:1:1)`, "xyz")],
  ["a cause", new Error("failed", { cause: new Error(CANARY) })],
  ["a chain of causes", new Error("a", { cause: new Error("b", { cause: { secret: CANARY } }) })],
  ["an aggregate", new AggregateError([new Error(CANARY), CANARY], CANARY)],
  ["a command with arguments", Object.assign(new Error("ERR"), { command: { name: "set", args: ["k", CANARY] } })],
  ["a request", Object.assign(new Error("failed"), { request: { url: `https://h/?secret=${CANARY}` } })],
  ["a config", Object.assign(new Error("failed"), { config: { data: CANARY }, input: CANARY, data: CANARY })],
  ["a code that is a sentence", Object.assign(new Error("failed"), { code: `token ${CANARY}` })],
  ["a code that is an object", Object.assign(new Error("failed"), { code: { value: CANARY } })],
  ["a name that is a sentence", withName(`Error of ${CANARY}`)],
  ["a stack without frames", Object.assign(new Error("failed"), { stack: CANARY })],
  ["a stack with another's behind it", withStackEnd(`\nCaused by: ${CANARY}\n    at ${CANARY} (/a.ts:1:1)`)],
  ["no stack", Object.assign(new Error(CANARY), { stack: undefined })],
  ["a fault of the URL parser", thrownBy(() => new URL(`${CANARY}:\\:`, "nowhere"))],
  ["a fault of the JSON parser", thrownBy(() => JSON.parse(`{"secret": ${CANARY}`) as unknown)],
  ["a fault of zod", z.strictObject({}).safeParse({ [CANARY]: CANARY }).error],
  ["a DOMException", new DOMException(CANARY, "AbortError")],
  ["a text", CANARY],
  ["an object", { message: CANARY, stack: CANARY }],
];

function withStackEnd(end: string): Error {
  const error = new Error("failed");
  error.stack += end;
  return error;
}

describe("errorFields", () => {
  it.each(originals)("shows nothing of an error with %s", (_case, error) => {
    expect(JSON.stringify(errorFields(error))).not.toContain(CANARY);
  });

  it("shows kind, code and where it was thrown", () => {
    const fields = errorFields(Object.assign(new TypeError("failed"), { code: "ECONNREFUSED" }));

    expect(fields).toMatchObject({ type: "TypeError", code: "ECONNREFUSED" });
    expect(fields.frames?.[0]).toMatch(/^at .*log\.test\.ts:\d+:\d+\)?$/);
    expect(fields.frames?.length).toBeLessThanOrEqual(4);
  });

  it("shows where an error was thrown that has a message of several lines", () => {
    expect(errorFields(new Error("first\nsecond")).frames?.[0]).toMatch(/log\.test\.ts/);
  });
});

describe("createLog", () => {
  const written = (write: (log: Log) => void, pretty = false): string => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    write(createLog({ name: "worker", level: "info", pretty, destination }));
    return lines.join("");
  };
  const cases = originals.filter(([, error]) => error instanceof Error);

  it.each(cases)("writes nothing of an error with %s, however it is given", (_case, error) => {
    const text = written((log) => {
      log.error(error);
      log.error(error, "event");
      log.error({ err: error });
      log.error({ err: error }, "event");
      log.error({ error, reason: error }, "event");
      log.child({ err: error }).error("event");
    });

    expect(text.split("\n")).toHaveLength(7);
    expect(text).not.toContain(CANARY);
  });

  it("writes JSON lines with level, name, time, the event and its fields", () => {
    const line = written((log) => log.child({ connection: "queue" }).warn({ held: 3 }, "redis.error"));

    expect(JSON.parse(line)).toEqual({
      level: "warn",
      name: "worker",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      connection: "queue",
      held: 3,
      msg: "redis.error",
    });
  });

  it("keeps the fields of an error that was made safe before", () => {
    const line = written((log) => log.warn({ err: errorFields(new RangeError("failed")) }, "postponed"));

    expect(JSON.parse(line)).toMatchObject({ err: { type: "RangeError" }, msg: "postponed" });
  });
});
