import { describe, expect, it } from "vitest";
import { jsApiSignature } from "./signature.ts";

// The example of WeChat's JS-SDK page.
const published = {
  ticket: "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg",
  nonceStr: "Wm3WZYTPz0wzccnW",
  timestamp: 1414587457,
};

describe("jsApiSignature", () => {
  it("gives the signature of WeChat's published example", () => {
    const signature = jsApiSignature({ ...published, url: "http://mp.weixin.qq.com?params=value" });

    expect(signature).toBe("0f9de62fce790f9a083d5c99e95740ceb90c27ed");
  });

  it("gives the signature of the older published example without a query", () => {
    expect(jsApiSignature({ ...published, url: "http://mp.weixin.qq.com" })).toBe(
      "f4d90daf4b3bca3078ab155816175ba34c443a7b",
    );
  });

  it("leaves the fragment of the page out", () => {
    expect(jsApiSignature({ ...published, url: "http://mp.weixin.qq.com?params=value#top" })).toBe(
      "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
    );
  });
});
