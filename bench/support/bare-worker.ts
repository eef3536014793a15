import { Worker, type Job } from "bullmq";
import { Redis } from "ioredis";
import { Agent, request } from "undici";

/** The baseline: what somebody writes in ten lines who wants WeChat tokens in Redis by way of BullMQ. */
export interface BareWorker extends AsyncDisposable {
  readonly worker: Worker;
}

/** The job of the baseline. */
export interface BareJob {
  readonly account: string;
}

/** How it runs. */
export interface BareWorkerOptions {
  readonly redisUrl: string;
  readonly origin: string;
  readonly concurrency: number;
  readonly onStored?: (job: Job<BareJob>) => void;
}

export const BARE_QUEUE = "bare";

/** One call to WeChat with a deadline, and one SET. */
export function createBareWorker({ redisUrl, origin, concurrency, onStored }: BareWorkerOptions): BareWorker {
  const redis = new Redis(redisUrl, { protocol: 2, maxRetriesPerRequest: null });
  const agent = new Agent({ connections: 64 });

  async function run(job: Job<BareJob>): Promise<void> {
    const { account } = job.data;
    const body = { grant_type: "client_credential", appid: account, secret: "secret", force_refresh: false };
    const response = await request(`${origin}/cgi-bin/stable_token`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
      dispatcher: agent,
      signal: AbortSignal.timeout(8_000),
    });
    const { access_token: value, expires_in: seconds } = (await response.body.json()) as {
      access_token: string;
      expires_in: number;
    };
    await redis.set(`bare:${account}`, value, "EX", seconds);
    onStored?.(job);
  }

  const settings = { lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 20, concurrency };
  const worker = new Worker<BareJob>(BARE_QUEUE, run, { connection: redis, autorun: false, ...settings });
  worker.on("error", () => undefined);
  return {
    worker,
    async [Symbol.asyncDispose]() {
      await worker.close();
      await agent.close();
      redis.disconnect();
    },
  };
}
