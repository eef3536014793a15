import type { Block } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import type { CredentialState } from "../decide/state.ts";
import { createMemory } from "./memory.ts";

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const ID = "wx0000000000000001:access_token";
const BAN: Block = { class: "cool_down", code: "89507", until: NOW + HOUR, secret: "a" };

function stateWith(block?: Block, remainingMs?: number): CredentialState {
  const control = { generation: 0, committedGeneration: 0, failures: 0, failedJobs: [], ...(block && { block }) };
  return { now: NOW, control, used: { automatic: 0, byHand: 0 }, ...(remainingMs !== undefined && { remainingMs }) };
}

describe("what a worker remembers of a ban", () => {
  it("is still in force after a flush", () => {
    const memory = createMemory();
    memory.rememberBlock(ID, BAN);

    expect(memory.merge(ID, stateWith()).control.block).toEqual(BAN);
  });

  it("is about one credential", () => {
    const memory = createMemory();
    memory.rememberBlock(ID, BAN);

    expect(memory.merge("wx0000000000000002:access_token", stateWith())).toEqual(stateWith());
  });

  it.each<[string, CredentialState, Block | undefined]>([
    [
      "gives way to a later end in Redis",
      stateWith({ ...BAN, until: NOW + 2 * HOUR }),
      { ...BAN, until: NOW + 2 * HOUR },
    ],
    [
      "gives way to a permanent failure in Redis",
      stateWith({ class: "permanent", code: "40125", secret: "a" }),
      { class: "permanent", code: "40125", secret: "a" },
    ],
    ["is stricter than an earlier end in Redis", stateWith({ ...BAN, until: NOW + 1 }), BAN],
    ["is over when another worker committed a value meanwhile", stateWith(undefined, HOUR), undefined],
    ["is over at its end", { ...stateWith(), now: NOW + HOUR }, undefined],
  ])("%s", (_sentence, state, block) => {
    const memory = createMemory();
    memory.rememberBlock(ID, BAN);

    expect(memory.merge(ID, state).control.block).toEqual(block);
  });

  it("is forgotten when a value was committed", () => {
    const memory = createMemory();
    memory.rememberBlock(ID, BAN);
    memory.forgetBlock(ID);

    expect(memory.merge(ID, stateWith()).control.block).toBeUndefined();
  });

  it.each<Block>([
    { class: "permanent", code: "40125", secret: "a" },
    { class: "needs_person", code: "40164", until: NOW + HOUR, secret: "a" },
  ])("holds WeChat's bans only, not what is $class", (block) => {
    const memory = createMemory();
    memory.rememberBlock(ID, block);

    expect(memory.merge(ID, stateWith()).control.block).toBeUndefined();
  });
});

describe("what a worker remembers of a value's age", () => {
  const known = { ...stateWith().control, fingerprint: "aaaaaaaaaaaaaaaa", valueSince: NOW - HOUR };

  it("is what it has seen in Redis, whatever Redis holds by now", () => {
    const memory = createMemory();
    memory.merge(ID, { ...stateWith(), control: known });
    memory.merge(ID, stateWith());

    expect(memory.sinceOf(ID, "aaaaaaaaaaaaaaaa")).toBe(NOW - HOUR);
  });

  it("is about one value of one credential", () => {
    const memory = createMemory();
    memory.merge(ID, { ...stateWith(), control: known });

    expect(memory.sinceOf(ID, "bbbbbbbbbbbbbbbb")).toBeUndefined();
    expect(memory.sinceOf("wx0000000000000002:jsapi_ticket", "aaaaaaaaaaaaaaaa")).toBeUndefined();
  });

  it("goes with the next value", () => {
    const memory = createMemory();
    memory.merge(ID, { ...stateWith(), control: known });
    memory.merge(ID, { ...stateWith(), control: { ...known, fingerprint: "bbbbbbbbbbbbbbbb", valueSince: NOW } });

    expect(memory.sinceOf(ID, "aaaaaaaaaaaaaaaa")).toBeUndefined();
    expect(memory.sinceOf(ID, "bbbbbbbbbbbbbbbb")).toBe(NOW);
  });
});

describe("what a worker remembers of the day's fetches", () => {
  it("is the newest count of each counter", () => {
    const memory = createMemory();
    memory.rememberUse("a", 3);
    memory.rememberUse("a", 4);
    memory.rememberUse("b", 9);

    expect(["a", "b", "c"].map((counter) => memory.useOf(counter))).toEqual([4, 9, 0]);
  });

  it("does not grow without end: the oldest counter goes", () => {
    const memory = createMemory(2);
    for (const [counter, used] of Object.entries({ monday: 1, tuesday: 2, wednesday: 3 })) {
      memory.rememberUse(counter, used);
    }

    expect(["monday", "tuesday", "wednesday"].map((counter) => memory.useOf(counter))).toEqual([0, 2, 3]);
  });

  it("forgets nothing when a counter it holds is counted on", () => {
    const memory = createMemory(2);
    memory.rememberUse("monday", 1);
    memory.rememberUse("tuesday", 1);
    memory.rememberUse("tuesday", 2);

    expect(memory.useOf("monday")).toBe(1);
  });
});
