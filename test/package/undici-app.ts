// An app that calls WeChat through undici; only compiled.
import { createTokenClient } from "@tokenkeeper/shared";
import { wechatToken } from "@tokenkeeper/shared/undici";
import { Agent, type Dispatcher } from "undici";

/** A dispatcher whose calls bring the account's token. */
export const wechat: Dispatcher = new Agent().compose(wechatToken(createTokenClient(), "shop"));

// @ts-expect-error an account has a name: were the types lost, it could be anything
wechatToken(createTokenClient(), 40001);
