// An app of the model: the real reader and withToken, calling WeChat every few seconds.
import { credentialId, REFUSED_TOKEN_CODES, type CredentialRef } from "@tokenkeeper/shared/contract";
import { createReader } from "../../packages/shared/src/reader.ts";
import type { ReaderTimes } from "../../packages/shared/src/reader-times.ts";
import { decodeRecord, RECORD_FIELDS } from "../../packages/shared/src/record.ts";
import { createWithToken } from "../../packages/shared/src/with-token.ts";
import { fingerprint } from "../../packages/shared/src/fingerprint.ts";
import { recordKey } from "../../packages/shared/src/keys.ts";
import type { RotationListener } from "../../packages/shared/src/rotations.ts";
import type { AppMessage } from "../../packages/worker/src/intake/stream.ts";
import type { Send } from "./connection.ts";
import type { Process } from "./process.ts";
import type { Server } from "./server.ts";

/** One business call, or one use of a ticket. */
export interface AppCall {
  readonly at: number;
  readonly app: string;
  readonly credential: CredentialRef;
  /** WeChat refused the first token. */
  readonly refusedFirst: boolean;
  /** What the app was left with: an errcode about the token, or `unavailable`. */
  readonly surfaced?: string;
}

/** What an app is made of. */
export interface AppDeps {
  readonly process: Process;
  readonly send: Send;
  readonly server: Server;
  readonly random: () => number;
  readonly credentials: readonly CredentialRef[];
  /** A business call. @returns errcode */
  readonly call: (token: string) => number;
  /** Whether WeChat would still take this ticket. */
  readonly accepts: (credential: CredentialRef, ticket: string) => boolean;
  readonly tell: (message: AppMessage) => Promise<void>;
  readonly onCall: (call: AppCall) => void;
  /** Whether the app repeats a refused call once (`withToken`). */
  readonly retries: boolean;
  readonly times: ReaderTimes;
}

const EVERY_MS = 5_000;

export function startApp(deps: AppDeps): void {
  const { process, send, server, random, credentials, times } = deps;
  const { clock } = process;
  const listeners = new Set<RotationListener>();
  server.onRotation((credential) => {
    // Hints are lost now and then.
    if (random() < 0.05 || server.condition() === "down") return;
    const record = readRecord(server, credential);
    const fp = record && fingerprint(record.value);
    process.after(0.3 + random() * 3, () => listeners.forEach((listener) => listener(credentialId(credential), fp)));
  });
  const told = new Map<string, number>();
  const reports = {
    async tell(message: AppMessage): Promise<boolean> {
      const key = `${credentialId(message)} ${message.fp ?? ""}`;
      if (clock.monotonic() < (told.get(key) ?? 0)) return true;
      told.set(key, clock.monotonic() + times.waitMs);
      return deps.tell(message).then(
        () => true,
        () => !told.delete(key),
      );
    },
  };
  const reader = createReader({
    store: {
      read: (credential) => send({ writes: false, run: () => readRecord(server, credential) }),
      accountId: async (id) => id,
    },
    rotations: {
      listen(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: () => listeners.clear(),
    },
    reports,
    clock,
    times,
  });
  const withToken = createWithToken({ reader, reports });

  async function useToken(credential: CredentialRef): Promise<Omit<AppCall, "at">> {
    const errcodes: number[] = [];
    const call = async (token: string): Promise<{ errcode: number }> => {
      const errcode = deps.call(token);
      errcodes.push(errcode);
      return { errcode };
    };
    const app = process.name;
    try {
      const { errcode } = deps.retries ? await withToken(credential, call) : await call(await reader.read(credential));
      const surfaced = REFUSED_TOKEN_CODES.includes(errcode) ? { surfaced: String(errcode) } : {};
      return { app, credential, refusedFirst: errcodes[0] !== 0, ...surfaced };
    } catch {
      return { app, credential, refusedFirst: false, surfaced: "unavailable" };
    }
  }

  async function useTicket(credential: CredentialRef): Promise<Omit<AppCall, "at">> {
    const app = process.name;
    try {
      const accepted = deps.accepts(credential, await reader.read(credential));
      return { app, credential, refusedFirst: !accepted };
    } catch {
      return { app, credential, refusedFirst: false, surfaced: "unavailable" };
    }
  }

  function loop(credential: CredentialRef): void {
    const at = clock.monotonic();
    const use = credential.kind === "access_token" ? useToken : useTicket;
    void use(credential).then((call) => deps.onCall({ ...call, at }));
    process.after(EVERY_MS, () => loop(credential));
  }

  for (const credential of credentials) process.after(random() * EVERY_MS, () => loop(credential));
}

function readRecord(
  { keys }: Server,
  credential: CredentialRef,
): (ReturnType<typeof decodeRecord> & { remainingMs: number }) | undefined {
  const key = recordKey(credential);
  const fields = keys.all(key);
  const record = decodeRecord(RECORD_FIELDS.map((field) => fields[field] ?? null));
  const ttl = keys.ttl(key);
  return record && ttl > 0 ? { ...record, remainingMs: Math.min(ttl, record.expiresAt - record.issuedAt) } : undefined;
}
