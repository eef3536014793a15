// The few things that the tests use of packages that bring no types.
declare module "wechat-api" {
  type Callback<T> = (error: Error | null, result: T) => void;
  interface Token {
    readonly accessToken: string;
    readonly expireTime: number;
  }
  export default class WechatApi {
    constructor(appid: string, secret: string, getToken?: (callback: Callback<Token>) => void);
    endpoint: string;
    setEndpoint(domain: string): void;
    setOpts(options: object): void;
    getLatestToken(callback: Callback<Token>): void;
    getTicket(type: string, callback: Callback<{ ticket: string }>): void;
    getUser(openid: string, callback: Callback<{ openid: string }>): void;
  }
}

declare module "wechat-jssdk" {
  interface Signature {
    readonly appId: string;
    readonly timestamp: string;
    readonly nonceStr: string;
    readonly signature: string;
    readonly url: string;
  }
  export const Store: new () => object;
  export class Wechat {
    constructor(options: object);
    readonly jssdk: { getSignature(url: string): Promise<Signature> };
  }
}
