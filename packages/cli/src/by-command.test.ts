import { ERRCODES, WORD_CODES } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import { aboutAll, byCommand } from "./by-command.ts";

describe("byCommand", () => {
  it("names a command where a page names a button", () => {
    const about = { rerun: "17", refresh: "wx1 access_token" };

    expect(byCommand("Wait some minutes, then press retry.", "en", about)).toBe(
      "Wait some minutes, then run `tokenkeeper rerun 17`.",
    );
    expect(byCommand("等待几分钟后点击重试。", "zh")).toBe("等待几分钟后执行 `tokenkeeper rerun --all`。");
    expect(byCommand("可点“立即刷新”马上再试。", "zh", about)).toBe(
      "可执行 `tokenkeeper refresh wx1 access_token` 马上再试。",
    );
  });

  it("is about the account of the credentials, and about all when they are of several", () => {
    const token = { account: "wx1", kind: "access_token" } as const;

    expect(aboutAll([token, { ...token, kind: "jsapi_ticket" }])).toEqual({
      rerun: "--account wx1",
      refresh: "wx1 access_token",
    });
    expect(aboutAll([token, { ...token, account: "wx2" }])).toBeUndefined();
    expect(byCommand("Press retry: press retry.", "en", aboutAll([]))).toContain("rerun --all");
  });

  it("leaves no button in any remedy", () => {
    const remedies = [...ERRCODES, ...WORD_CODES].map(({ remedy }) => remedy);

    expect(remedies.filter(({ zh }) => zh !== byCommand(zh, "zh")).length).toBeGreaterThan(5);
    for (const { en, zh } of remedies) {
      expect(byCommand(en, "en")).not.toMatch(/\bpress/i);
      expect(byCommand(zh, "zh")).not.toMatch(/点[击“]|按“/);
    }
  });
});
