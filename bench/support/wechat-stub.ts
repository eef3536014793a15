import { join } from "node:path";
import { startChild, type Child } from "./child.ts";

/** What the stub's process says. */
export type StubMessage =
  | { readonly type: "ready"; readonly origins: readonly string[] }
  /** A call has arrived; said only by a stub that delays its answers. */
  | { readonly type: "call"; readonly port: number; readonly appId: string }
  | { readonly type: "calls"; readonly calls: number };

/** A WeChat that only answers. */
export interface WechatStub extends AsyncDisposable {
  /** One for each port. */
  readonly origins: readonly string[];
  readonly process: Child<StubMessage>;
  /** How many calls it has answered so far. */
  calls(): Promise<number>;
}

/** @param delayMs how long an answer takes. @param ports how many it listens on, to tell its callers apart. */
export async function startWechatStub({ delayMs = 0, ports = 1 } = {}): Promise<WechatStub> {
  const file = join(import.meta.dirname, "wechat-main.ts");
  const child = startChild<StubMessage>({ file, args: [String(delayMs), String(ports)] });
  const ready = await child.next(({ type }) => type === "ready");
  return {
    origins: ready.type === "ready" ? ready.origins : [],
    process: child,
    async calls() {
      const answer = child.next(({ type }) => type === "calls");
      child.send({ type: "count" });
      const message = await answer;
      return message.type === "calls" ? message.calls : 0;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
