import { auditKey } from "@tokenkeeper/shared/contract";
import type { Log } from "@tokenkeeper/core";
import type { Redis } from "ioredis";
import { TARGET_LENGTH, type Access, type Act, type AuditResult } from "./audit-entry.ts";
import { NotAuditedError } from "./not-audited-error.ts";
import type { Role } from "./roles.ts";

/** Entries that each of the two streams keeps, about. */
const KEPT = 20_000;

/** Who does it, and from where. */
export interface Actor {
  /** A user of the dashboard; `cli:` and the user of the machine for the command line. */
  readonly name: string;
  /** Empty for the command line, whose rights are those of its Redis user. */
  readonly role: Role | "";
  /** The address that the request came from; of the command line the machine's name. */
  readonly address: string;
}

/** Somebody does something to something. */
export interface ActSpec {
  readonly user: Actor;
  readonly action: Act;
  /** The credential, account or job. Of several credentials the trail has the first ones and their number, the log all. */
  readonly target: string | readonly string[];
}

/** Coming, going, or something denied. */
export interface AccessSpec {
  /** Without name and role when it is nobody of ours. */
  readonly user: Pick<Actor, "address"> & Partial<Actor>;
  readonly action: Access;
  readonly target?: string;
  readonly result: AuditResult;
}

/** The audit trail: who did what, when, from where, and what it came to. */
export interface Audit {
  /**
   * Does something that is written down before it is done, and its result afterwards.
   * @param run what is done; the act counts as failed when it rejects.
   * @param resultOf what it came to; `done` unless told otherwise.
   * @returns what `run` returns; rejects as `run` does.
   * @throws NotAuditedError when it cannot be written down: then `run` was not called.
   */
  act<T>(spec: ActSpec, run: () => Promise<T>, resultOf?: (value: T) => AuditResult): Promise<T>;
  /** Writes down an access before it is granted. @throws NotAuditedError */
  grant(spec: AccessSpec): Promise<void>;
  /** Writes down an access that changes nothing, as soon as Redis takes it; when it does not, the log alone says so. */
  note(spec: AccessSpec): void;
}

/** What an audit trail is made from. */
export interface AuditDeps {
  readonly redis: Redis;
  /** Told of each line that Redis does not take. */
  readonly onLost?: () => void;
  readonly log: Log;
}

/** An audit trail in Redis; the log has a copy of every line. */
export function createAudit({ redis, onLost = () => {}, log }: AuditDeps): Audit {
  async function append(trail: string, fields: Readonly<Record<string, string>>): Promise<string> {
    try {
      return String(await redis.xadd(auditKey(trail), "MAXLEN", "~", KEPT, "*", ...Object.entries(fields).flat()));
    } catch (error) {
      onLost();
      throw error;
    }
  }

  async function grant({ user, action, target = "", result }: AccessSpec): Promise<void> {
    const { name = "", role = "", address } = user;
    const fields = { user: name, role, action, target: shortened(target), address, result };
    log.info(fields, "audit.access");
    await append("access", fields).catch(refuse);
  }

  return {
    async act(spec, run, resultOf = () => "done") {
      const { user, action, target } = spec;
      const several = typeof target !== "string" && target.length > 1 ? { targets: target } : {};
      const fields = { user: user.name, role: user.role, action, target: textOf(target), address: user.address };
      const of = await append("acts", fields).catch(refuse);
      log.info({ ...fields, ...several, of }, "audit.begun");
      // What is done is done: an end that cannot be written makes nothing undone.
      const end = async (result: AuditResult): Promise<void> => {
        log.info({ of, result }, "audit.ended");
        await append("acts", { of, result }).catch((error: unknown) => log.error({ of, err: error }, "audit.end_lost"));
      };
      let value: Awaited<ReturnType<typeof run>>;
      try {
        value = await run();
      } catch (error) {
        await end("failed");
        throw error;
      }
      await end(resultOf(value));
      return value;
    },
    grant,
    note(spec) {
      grant(spec).catch((error: unknown) => log.error({ err: error }, "audit.access_lost"));
    },
  };
}

function textOf(target: ActSpec["target"]): string {
  const targets = [target].flat();
  const ids = targets.join(", ");
  return shortened(targets.length > 1 ? `${targets.length} credentials: ${ids}` : ids);
}

function shortened(text: string): string {
  return text.length > TARGET_LENGTH ? `${text.slice(0, TARGET_LENGTH)}…` : text;
}

function refuse(): never {
  // The error of ioredis carries the command with its arguments.
  throw new NotAuditedError();
}
