/** What a reader process is told, as JSON in `CHAOS_READER`. */
export interface ReaderSettings {
  readonly redisUrl: string;
  readonly wechatUrl: string;
  readonly scale: number;
  /** Names and appids, called in turn. */
  readonly accounts: readonly string[];
  readonly callsPerSecond: number;
  readonly mostAtOnce: number;
}

/** One call to WeChat inside a business call. */
export interface ReaderTry {
  readonly fp: string;
  readonly errcode: number;
}

/** One business call through `withToken`, as the app saw it. */
export interface ReaderLine {
  /** When it ended, epoch ms. */
  readonly at: number;
  readonly ms: number;
  /** Name or appid. */
  readonly account: string;
  /** `refused`: WeChat's last word was no. `unavailable`: there was no token. `failed`: anything else. */
  readonly outcome: "ok" | "refused" | "unavailable" | "failed";
  readonly detail?: string;
  readonly tries: readonly ReaderTry[];
}

/** @returns the calls among what a reader wrote. */
export function parseReaderLines(texts: readonly string[]): ReaderLine[] {
  return texts.filter((text) => text.startsWith('{"at":')).map((text) => JSON.parse(text) as ReaderLine);
}
