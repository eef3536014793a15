import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { addCardSignature, cardSignature, chooseCardSignature } from "./card-signature.ts";

// The example of WeChat's page about cards.
const published = {
  ticket: "ojZ8YtyVyr30HheH3CM73y7h4jJE",
  timestamp: 1404896688,
  nonceStr: "123",
  cardId: "pjZ8Yt1XGILfi-FUsewpnnolGgZk",
  code: "1434008071",
};

describe("addCardSignature", () => {
  it("gives the signature of WeChat's published example, in what wx.addCard takes", () => {
    const { cardId, cardExt } = addCardSignature(published);

    expect(cardId).toBe("pjZ8Yt1XGILfi-FUsewpnnolGgZk");
    expect(JSON.parse(cardExt)).toEqual({
      code: "1434008071",
      timestamp: "1404896688",
      nonce_str: "123",
      signature: "f137ab68b7f8112d20ee528ab6074564e2796250",
    });
  });

  it("signs without what is absent", () => {
    const { cardExt } = addCardSignature({
      ticket: "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg",
      timestamp: 1414587457,
      nonceStr: "Wm3WZYTPz0wzccnW",
      cardId: "random_card_id",
    });

    expect(JSON.parse(cardExt)).toMatchObject({ signature: "22dce6bad4db532d4a2ef82ca2ca7bbe1e10ef28" });
  });

  it("signs the person that the card is bound to", () => {
    const ext = JSON.parse(addCardSignature({ ...published, openid: "oPerson" }).cardExt) as Record<string, string>;

    expect(ext["openid"]).toBe("oPerson");
    expect(ext["signature"]).not.toBe("f137ab68b7f8112d20ee528ab6074564e2796250");
  });
});

describe("chooseCardSignature", () => {
  it("signs appid, shop, card and card type with the rest, and gives all that wx.chooseCard takes", () => {
    const { ticket, timestamp, nonceStr, cardId } = published;
    const choice = chooseCardSignature({
      ticket,
      timestamp,
      nonceStr,
      cardId,
      appId: "wx1234567890abcdef",
      shopId: "72",
      cardType: "GROUPON",
    });

    // sha1sum over the seven values in this order: sorted as texts.
    const sorted = ["123", "1404896688", "72", "GROUPON", ticket, cardId, "wx1234567890abcdef"].join("");
    expect(choice).toEqual({
      shopId: "72",
      cardType: "GROUPON",
      cardId,
      timestamp: 1404896688,
      nonceStr: "123",
      signType: "SHA1",
      cardSign: createHash("sha1").update(sorted).digest("hex"),
    });
    expect(choice.cardSign).toBe("3cf9acef0358026fce72b914f83b33ef4c9c6b04");
  });

  it("leaves open which card when nothing is said", () => {
    const { ticket, timestamp, nonceStr } = published;

    expect(chooseCardSignature({ ticket, timestamp, nonceStr, appId: "wx1234567890abcdef" })).toMatchObject({
      shopId: "",
      cardType: "",
      cardId: "",
      cardSign: cardSignature(["123", "1404896688", ticket, "wx1234567890abcdef"]),
    });
  });
});
