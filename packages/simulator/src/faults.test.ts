import { describe, expect, it } from "vitest";
import { faultInputSchema, takeFault } from "./faults.ts";
import type { Fault, FaultInput } from "./faults.ts";
import type { Call } from "./rules/endpoint.ts";

function fault(appId: string, input: FaultInput, id = 1): Fault {
  return { id, appId, ...faultInputSchema.parse(input) };
}
const at = (call: Call, appId: string | null = "wxa", roll = 0) => ({ appId, call, random: () => roll });
const RESET = { type: "reset_before" } as const;

describe("which fault hits a call", () => {
  it.each<{ appId: string; on: FaultInput["call"]; call: Call; hits: boolean }>([
    { appId: "wxa", on: "token", call: "token", hits: true },
    { appId: "wxa", on: "token", call: "stable_token", hits: false },
    { appId: "wxa", on: "getticket", call: "getticket:jsapi", hits: true },
    { appId: "wxa", on: "getticket", call: "getticket:wx_card", hits: true },
    { appId: "wxa", on: "getticket:jsapi", call: "getticket:wx_card", hits: false },
    { appId: "wxa", on: "*", call: "user/info", hits: true },
    { appId: "*", on: "*", call: "token", hits: true },
    { appId: "wxb", on: "*", call: "token", hits: false },
  ])("one of $appId on $on hits wxa calling $call: $hits", ({ appId, on, call, hits }) => {
    const placed = [fault(appId, { call: on, fault: RESET })];
    expect(takeFault(placed, at(call)).fault !== undefined).toBe(hits);
  });

  it("hits a caller that WeChat does not know only when placed for all", () => {
    expect(takeFault([fault("*", { call: "*", fault: RESET })], at("token", null)).fault).toEqual(RESET);
    expect(takeFault([fault("wxa", { call: "*", fault: RESET })], at("token", null)).fault).toBeUndefined();
  });

  it("uses up its times, in the order they were placed", () => {
    let placed: readonly Fault[] = [
      fault("wxa", { call: "token", fault: { type: "http_502" }, times: 2 }, 1),
      fault("wxa", { call: "token", fault: RESET }, 2),
    ];
    const hits = Array.from({ length: 4 }, () => {
      const taken = takeFault(placed, at("token"));
      placed = taken.left;
      return taken.fault?.type;
    });
    expect(hits).toEqual(["http_502", "http_502", "reset_before", undefined]);
  });

  it("stays until deleted with times null, and by chance with a probability", () => {
    const placed = [fault("wxa", { call: "token", fault: RESET, times: null, probability: 0.25 })];
    expect(takeFault(placed, at("token", "wxa", 0.24))).toEqual({ fault: RESET, left: placed });
    expect(takeFault(placed, at("token", "wxa", 0.25)).fault).toBeUndefined();
  });
});
