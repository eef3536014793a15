import { createHash } from "node:crypto";

/** A card that a person is to be offered. */
export interface CardForAdding {
  readonly cardId: string;
  /** The card's own code; only for cards whose codes the merchant sets (`use_custom_code`). */
  readonly code?: string;
  /** Who alone may take the card; only for cards bound to a person (`bind_openid`). */
  readonly openid?: string;
}

/** An element of the `cardList` that `wx.addCard` takes. */
export interface SignedCard {
  readonly cardId: string;
  /** JSON of `code`, `openid`, `timestamp`, `nonce_str` and `signature`. */
  readonly cardExt: string;
}

/** Which of a person's cards are shown; all of them without any. */
export interface CardsToChoose {
  /** The shop's id (`location_id` in the signature). */
  readonly shopId?: string;
  /** `GROUPON`, `CASH`, `DISCOUNT`, `GIFT`, … */
  readonly cardType?: string;
  readonly cardId?: string;
}

/** What `wx.chooseCard` takes. */
export interface SignedCardChoice {
  readonly shopId: string;
  readonly cardType: string;
  readonly cardId: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly nonceStr: string;
  readonly signType: "SHA1";
  readonly cardSign: string;
}

/** What both signatures are made with. */
export interface CardSigning {
  /** The ticket of type `wx_card`. */
  readonly ticket: string;
  readonly nonceStr: string;
  /** Epoch seconds. */
  readonly timestamp: number;
}

/**
 * Card signature: SHA-1 over the values alone, sorted as texts and joined with nothing; what is absent is left out.
 * Source: WeChat, "JS-SDK 说明文档", appendix 4 (卡券扩展字段及签名生成算法).
 * @returns 40 hex digits.
 */
export function cardSignature(values: readonly (string | number | undefined)[]): string {
  const texts = values.filter((value) => value !== undefined).map(String);
  return createHash("sha1").update(texts.toSorted().join("")).digest("hex");
}

/** Signs a card for `wx.addCard`: ticket, timestamp, card id, code, openid and nonce are signed. */
export function addCardSignature(input: CardForAdding & CardSigning): SignedCard {
  const { ticket, timestamp, nonceStr, cardId, code, openid } = input;
  const signature = cardSignature([ticket, timestamp, cardId, code, openid, nonceStr]);
  return {
    cardId,
    cardExt: JSON.stringify({ code, openid, timestamp: String(timestamp), nonce_str: nonceStr, signature }),
  };
}

/** Signs a choice for `wx.chooseCard`: ticket, appid, shop, timestamp, nonce, card id and card type are signed. */
export function chooseCardSignature(input: CardsToChoose & CardSigning & { readonly appId: string }): SignedCardChoice {
  const { ticket, appId, timestamp, nonceStr, shopId, cardId, cardType } = input;
  const cardSign = cardSignature([ticket, appId, shopId, timestamp, nonceStr, cardId, cardType]);
  return {
    shopId: shopId ?? "",
    cardType: cardType ?? "",
    cardId: cardId ?? "",
    timestamp,
    nonceStr,
    signType: "SHA1",
    cardSign,
  };
}
