// A process's connection to Redis, as ioredis behaves: it waits, gives up, and sends again what got no reply.
import type { Clock, CredentialRef } from "@tokenkeeper/shared/contract";
import type { CredentialStore } from "../../packages/worker/src/store/credential-store.ts";
import { StorageError } from "../../packages/worker/src/store/run-script.ts";
import type { Point } from "./faults.ts";
import type { Process } from "./process.ts";
import type { Server } from "./server.ts";
import type { Timeline } from "./timeline.ts";

/** What a connection is made of. */
export interface ConnectionDeps {
  readonly timeline: Timeline;
  readonly process: Process;
  readonly server: Server;
  readonly random: () => number;
  /** A worker comes by a point. @returns whether the reply is to be dropped */
  readonly pass: (point: Point, process: Process, credential?: CredentialRef) => boolean;
}

type Step = "begin" | "commit" | "fail" | "report" | "repair" | "look";

/** One command. */
export interface Command<T> {
  /** The name of its points; without one no fault is aimed at it. */
  readonly step?: Step;
  /** What it turned out to be, where only the reply tells. */
  readonly stepOf?: (result: T) => Step;
  readonly credential?: CredentialRef;
  readonly writes: boolean;
  readonly run: () => T;
}

/** Sends a command. Rejects with `StorageError` as the real connection does. */
export type Send = <T>(command: Command<T>) => Promise<T>;

const TIMEOUT_MS = 3_000;

export function createConnection({ timeline, process, server, random, pass }: ConnectionDeps): Send {
  const latency = (): number => (random() < 0.01 ? random() * 1_000 : 0.2 + random() * 4);

  return <T>({ step, stepOf, credential, writes, run }: Command<T>) =>
    new Promise<T>((resolve, reject) => {
      const sentAt = timeline.now();
      const giveUp = (): void => reject(new StorageError("UNREACHABLE"));

      function arrive(): void {
        if (server.condition() === "down") {
          process.after(Math.max(0, sentAt + TIMEOUT_MS - timeline.now()), giveUp);
          // What was given up may still be in the queue that is sent when Redis is back.
          const stays = server.upAt() - sentAt < TIMEOUT_MS || random() < 0.5;
          timeline.at(server.upAt() + latency(), () => stays && process.isAlive() && arrive());
          return;
        }
        if (writes && server.condition() === "read_only") {
          timeline.after(latency(), () => process.deliver(() => reject(new StorageError("READONLY"))));
          return;
        }
        const result = run();
        const done = stepOf?.(result) ?? step;
        const dropped = done !== undefined && done !== "look" && pass(`${done}.done`, process, credential);
        if (done === "look") pass("look.done", process, credential);
        if (dropped) timeline.after(50 + random() * 2_000, () => process.deliver(arrive));
        else timeline.after(latency(), () => process.deliver(() => answer(result)));
      }

      function answer(result: T): void {
        // A process that was stopped finds its own timeout and the reply at once.
        if (timeline.now() - sentAt > TIMEOUT_MS && random() < 0.5) giveUp();
        else resolve(result);
      }

      if (step !== undefined && step !== "look") pass(`${step}.sent`, process, credential);
      timeline.after(latency(), arrive);
    });
}

/** The store of the refresh engine over such a connection. */
export function connectStore(send: Send, { store }: Server, clock: Clock): CredentialStore {
  return {
    readStates: (credentials) => {
      const day = clock.now();
      return send({ step: "look", writes: false, run: () => store.readStates(credentials, day) });
    },
    readValue: (credential) => send({ writes: false, run: () => store.readValue(credential) }),
    beginIfDue: (offer) => {
      const day = clock.now();
      return send({
        step: "begin",
        stepOf: ({ begun }) => (begun ? "begin" : "look"),
        credential: offer.credential,
        writes: true,
        run: () => store.beginIfDue(offer, day),
      });
    },
    begin: (input) =>
      send({ step: "begin", credential: input.credential, writes: true, run: () => store.begin(input) }),
    commit: (input) =>
      send({ step: "commit", credential: input.credential, writes: true, run: () => store.commit(input) }),
    fail: (input) =>
      send({ step: "fail", credential: input.credential, writes: true, run: () => void store.fail(input) }),
    report: (input) =>
      send({ step: "report", credential: input.credential, writes: true, run: () => store.report(input) }),
    repair: (input) =>
      send({ step: "repair", credential: input.commit.credential, writes: true, run: () => store.repair(input) }),
    restoreUnknown: (input) =>
      send({ step: "repair", credential: input.credential, writes: true, run: () => store.restoreUnknown(input) }),
    addFailedJob: (credential, id) => send({ writes: true, run: () => store.addFailedJob(credential, id) }),
    removeFailedJob: (credential, id) => send({ writes: true, run: () => store.removeFailedJob(credential, id) }),
  };
}
