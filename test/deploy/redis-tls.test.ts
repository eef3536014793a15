// Redis over TLS, as docs/deployment.md says: certificates are checked, and a CA of your own is named to Node.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { generate } from "selfsigned";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "@tokenkeeper/core";
import { anyFreePort } from "@tokenkeeper/launcher";
import { startWorld, spawnWorker, type World } from "../support/world.ts";

const WORKER = join(import.meta.dirname, "../../packages/worker/src/main.ts");

let world: World;
let server: Server | undefined;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  world = await startWorld({ accounts: [{ name: "shop" }] });
  folder = await mkdtemp(join(tmpdir(), "tokenkeeper-tls-"));
  const { private: key, cert } = await generate([{ name: "commonName", value: "127.0.0.1" }], {
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
  const [certificate, config] = [join(folder, "ca.pem"), join(folder, "tokenkeeper.yaml")];
  await writeFile(certificate, cert);
  await writeFile(config, world.yaml(), { mode: 0o600 });
  const url = new URL(world.redis.url);
  const plainPort = Number(url.port);
  server = createServer({ key, cert }, (client) => {
    const redis = connect(plainPort, "127.0.0.1");
    for (const socket of [client, redis]) socket.on("error", () => socket.destroy());
    client.pipe(redis).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url.protocol = "rediss:";
  url.port = String((server.address() as AddressInfo).port);
  env = {
    REDIS_URL: url.href,
    WECHAT_API_BASE_URL: world.simulator.url,
    TOKENKEEPER_CONFIG: config,
    WORKER_HEALTH_PORT: String(await anyFreePort()),
    NODE_ENV: "production",
    NODE_EXTRA_CA_CERTS: certificate,
  };
});
afterAll(async () => {
  server?.close();
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a worker that does not come up. */
function refused(changed: Record<string, string>): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [WORKER], { env: { ...env, ...changed } }, (error, _stdout, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
}

describe("Redis over TLS", () => {
  it("is used when the server's CA is one that Node was told of", async () => {
    const worker = await spawnWorker({ ...env, NODE_ENV: "test", TOKENKEEPER_TIME_SCALE: String(world.scale) });

    expect(await world.client({ waitMs: 10_000 }).getAccessToken("shop")).not.toBe("");
    expect((await worker.stop()).code).toBe(0);
  });

  it("is refused when nobody vouches for the server, or when it is not to be asked who does", async () => {
    const [stranger, blind] = await Promise.all([
      refused({ NODE_EXTRA_CA_CERTS: "" }),
      refused({ NODE_TLS_REJECT_UNAUTHORIZED: "0" }),
    ]);

    expect(stranger.code).toBe(EXIT.unavailable);
    expect(stranger.stderr).toContain("Redis does not answer");
    expect(blind.code).toBe(EXIT.configuration);
    expect(blind.stderr).toContain("NODE_TLS_REJECT_UNAUTHORIZED: expected nothing");
  });
});
