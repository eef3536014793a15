import { Agent, request } from "undici";
import type { Clock } from "@tokenkeeper/shared/contract";
import { FORMATS } from "./formats/formats.ts";
import type { OutgoingRequest, Verdict } from "./formats/format.ts";
import type { Message } from "./message.ts";
import type { Receiver } from "./receiver.ts";

/** Sends messages. Never throws: what goes wrong is a verdict too. */
export interface Sender {
  send(receiver: Receiver, message: Message): Promise<Verdict>;
  close(): Promise<void>;
}

/** How patient a sender is, ms. */
export interface SenderOptions {
  /** For the whole call, answer included. */
  readonly deadlineMs: number;
  readonly connectMs: number;
  readonly clock: Pick<Clock, "now">;
}

const MOST_BYTES = 64 * 1024;

const UNREACHABLE: Verdict = {
  type: "retry",
  code: "unreachable",
  reason: {
    en: "The receiver does not answer: check DNS, firewall and the address of this machine",
    zh: "无法连接接收方，请检查 DNS、防火墙与本机网络",
  },
};

/** The only place that speaks HTTP to receivers, and the boundary that no URL, answer or third party's message passes. */
export function createSender({ deadlineMs, connectMs, clock }: SenderOptions): Sender {
  const agent = new Agent({ connect: { timeout: connectMs }, connections: 8 });

  /** Redirects are not followed: a message is for the address that was configured. */
  async function post({ url, headers, body }: OutgoingRequest): Promise<Answer> {
    const signal = AbortSignal.timeout(deadlineMs);
    const response = await request(url, { method: "POST", headers, body, dispatcher: agent, signal });
    const retryAfter = response.headers["retry-after"];
    return {
      status: response.statusCode,
      body: await readCapped(response.body),
      ...(typeof retryAfter === "string" && /^\d{1,4}$/.test(retryAfter) && { afterMs: Number(retryAfter) * 1_000 }),
    };
  }

  return {
    async send({ type, url, secret }, message) {
      const format = FORMATS[type];
      const target = { url: url.reveal(), secret: secret?.reveal(), now: clock.now() };
      try {
        const answer = await post(format.request(message, target));
        if (answer.status >= 200 && answer.status <= 299) return format.judge(answer.body);
        return refusedBy(answer);
      } catch {
        return UNREACHABLE;
      }
    },
    close: () => agent.destroy(),
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly afterMs?: number;
}

/** By the status alone. 408, 425, 429 and those from 500 on may pass by themselves. */
function refusedBy({ status, afterMs }: Answer): Verdict {
  const passes = status >= 500 || [408, 425, 429].includes(status);
  return {
    type: passes ? "retry" : "refused",
    code: `http ${status}`,
    reason: passes
      ? { en: `The receiver answers with status ${status}`, zh: `接收方返回状态码 ${status}` }
      : {
          en: `The receiver answers with status ${status}: check its address in the file of alerts`,
          zh: `接收方返回状态码 ${status}，请核对告警文件中的地址`,
        },
    ...(afterMs !== undefined && { afterMs }),
  };
}

async function readCapped(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) return "";
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
