// A worker's calls to WeChat: how they travel, and what can become of them.
import { wordFailure } from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { WechatRequest } from "../../packages/worker/src/families/family.ts";
import type { WechatHttp } from "../../packages/worker/src/wechat/http.ts";
import type { WireReply } from "../../packages/worker/src/wechat/reply.ts";
import type { FetchFault } from "./faults.ts";
import type { Flights } from "./flights.ts";
import type { Process } from "./process.ts";
import type { Timeline } from "./timeline.ts";
import type { Wechat } from "./wechat.ts";

/** What the edge of a worker is made of. */
export interface EdgeDeps {
  readonly timeline: Timeline;
  readonly process: Process;
  readonly random: () => number;
  readonly wechat: Wechat;
  readonly flights: Flights;
  /** The fault that hits a call about to be sent. */
  readonly faultOf: (process: Process, credential: CredentialRef | undefined) => FetchFault | undefined;
  readonly pass: (point: "fetch.issued" | "fetch.replied", process: Process, credential: CredentialRef) => void;
  readonly deadlineMs: number;
}

const NO_REPLY: WireReply = { type: "failure", failure: wordFailure("no_reply") };
const HTTP_STATUS: WireReply = { type: "failure", failure: wordFailure("http_status") };
const MALFORMED: WireReply = { type: "failure", failure: wordFailure("malformed") };
const BUSY: WireReply = { type: "body", body: { errcode: -1, errmsg: "system error" } };

export function createEdge(deps: EdgeDeps): WechatHttp {
  const { timeline, process, random, flights, deadlineMs } = deps;

  function send(call: WechatRequest): Promise<WireReply> {
    const { promise, resolve } = Promise.withResolvers<WireReply>();
    const credential = deps.wechat.credentialOf(call);
    const flight = credential && flights.start(process, credential);
    const way = 15 + 300 * random() ** 3;
    let over = false;

    function end(wire: WireReply): void {
      if (over) return;
      over = true;
      flight?.end();
      resolve(wire);
    }

    function reply(wire: WireReply, ms: number): void {
      // A process that was stopped finds the reply and the end of its deadline at once: either may win.
      const late = random() < 0.5 ? 1 : 0;
      timeline.after(ms, () =>
        process.deliver(() => {
          if (credential) deps.pass("fetch.replied", process, credential);
          if (late > 0) process.after(late, () => end(wire));
          else process.deliver(() => end(wire));
        }),
      );
    }

    function execute(): WireReply {
      const body = deps.wechat.execute(call);
      if (credential) {
        flight?.executed();
        deps.pass("fetch.issued", process, credential);
      }
      return { type: "body", body };
    }

    const fault = deps.faultOf(process, credential);
    process.after(deadlineMs, () => end(NO_REPLY));
    const at = (ms: number, act: () => void): void => timeline.after(ms, act);
    switch (fault?.type) {
      case undefined:
        at(way, () => reply(execute(), way));
        break;
      case "slow":
        at(way, () => reply(execute(), deadlineMs - 200 - way));
        break;
      case "late":
        at(deadlineMs + fault.ms, execute);
        break;
      case "hang":
        at(way, execute);
        break;
      case "lost_reply":
        at(way, () => {
          execute();
          reply(NO_REPLY, way);
        });
        break;
      case "truncated":
        at(way, () => {
          execute();
          reply(MALFORMED, way);
        });
        break;
      case "reset":
        at(way, () => reply(NO_REPLY, way));
        break;
      case "busy":
        at(way, () => reply(BUSY, way));
        break;
      case "bad_gateway":
        at(way, () => reply(HTTP_STATUS, way));
        break;
    }
    return promise;
  }

  return { send, abort: () => {}, close: async () => {} };
}
