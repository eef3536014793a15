// A WeChat that answers as fast as it can and knows nothing: a process of its own, so that it shares no event loop with
// what is measured. Arguments: delay of an answer ms, number of ports.
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { StubMessage } from "./wechat-stub.ts";

const [delayMs = 0, ports = 1] = process.argv.slice(2).map(Number);
const tell = (message: StubMessage): void => void process.send?.(message);
let calls = 0;

function listenerOf(port: number): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      calls += 1;
      const value = `${calls}_`.padEnd(136, "x");
      const answer = JSON.stringify({ access_token: value, expires_in: 7_200 });
      const { appid } = JSON.parse(Buffer.concat(chunks).toString()) as { appid: string };
      if (delayMs > 0) tell({ type: "call", port, appId: appid });
      const send = (): void => void response.setHeader("content-type", "application/json").end(answer);
      if (delayMs > 0) setTimeout(send, delayMs);
      else send();
    });
  };
}

const servers = Array.from({ length: ports }, (_, port) => createServer(listenerOf(port)).listen(0, "127.0.0.1"));
await Promise.all(servers.map((server) => once(server, "listening")));
process.on("message", () => tell({ type: "calls", calls }));
process.on("disconnect", () => process.exit());
tell({ type: "ready", origins: servers.map((s) => `http://127.0.0.1:${(s.address() as AddressInfo).port}`) });
