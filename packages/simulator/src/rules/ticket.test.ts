import { describe, expect, it } from "vitest";
import { createStage } from "../testing/stage.ts";

describe("the ticket", () => {
  it("is the same while it is valid, with the full life each time, and outlives the token it was fetched with", () => {
    const stage = createStage();
    const ticket = stage.ticket(stage.classic().value);
    expect(ticket).toMatchObject({ errcode: 0, errmsg: "ok", verdict: "issued", expires_in: 7200 });
    for (const seconds of [3600, 3599]) {
      stage.pass(seconds);
      const again = stage.ticket(stage.classic().value);
      expect(again).toMatchObject({ value: ticket.value, verdict: "same", expires_in: 7200 });
    }
    stage.pass(1);
    expect(stage.ticket(stage.classic().value)).toMatchObject({ verdict: "issued" });
  });

  it("tells the remaining life when so set", () => {
    const stage = createStage({ ticketExpiresIn: "remaining" });
    const token = stage.stable().value;
    stage.ticket(token);
    stage.pass(6000);
    expect(stage.ticket(token)).toMatchObject({ verdict: "same", expires_in: 1200 });
  });

  it("is new at each fetch when so set", () => {
    const stage = createStage({ ticketRotates: true });
    const token = stage.classic().value;
    expect(stage.ticket(token).value).not.toBe(stage.ticket(token).value);
  });

  it("is of its own for each type", () => {
    const stage = createStage();
    const token = stage.classic().value;
    expect(stage.ticket(token, "jsapi").value).not.toBe(stage.ticket(token, "wx_card").value);
  });

  it.each([
    ["", 41001],
    ["not a token", 40014],
    ["60_tooshort", 40014],
    [`60_${"x".repeat(200)}`, 40001],
  ])("is refused for the token %j with %i", (token, errcode) => {
    expect(createStage().ticket(token)).toMatchObject({ errcode });
  });

  it("is refused for a superseded token with 40001 and for an expired one with 42001", () => {
    const stage = createStage();
    const [first, , third] = [stage.classic(), stage.classic(), stage.classic()];
    expect(stage.ticket(first.value)).toMatchObject({ errcode: 40001, verdict: "superseded" });
    stage.pass(7200);
    expect(stage.ticket(third.value)).toMatchObject({ errcode: 42001, verdict: "expired" });
  });

  it("is refused for an unknown type with 40097 and to mini programs with 48001", () => {
    const official = createStage();
    expect(official.ticket(official.classic().value, "sdk")).toMatchObject({ errcode: 40097 });
    const mini = createStage({ type: "mini-program" });
    expect(mini.ticket(mini.classic().value)).toMatchObject({ errcode: 48001 });
  });
});
