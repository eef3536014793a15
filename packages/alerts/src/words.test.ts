import { describe, expect, it } from "vitest";
import { RISKS } from "./incident.ts";
import { explain } from "./words.ts";

describe("explain", () => {
  it.each(RISKS)("names no threshold of the risk %s, which the file of alerts may set to another", (risk) => {
    const { sentence, remedy } = explain("RedisRisk", { risks: [risk] }, undefined);

    for (const text of [sentence.en, sentence.zh, remedy?.en, remedy?.zh]) expect(text).toMatch(/^\D+$/);
  });
});
