import { errorFields, type Log, type Mirror } from "@tokenkeeper/core";
import { fingerprint } from "@tokenkeeper/shared/contract";
import type { Credential, Credentials } from "../credentials.ts";
import type { MirrorReply, MirrorStore, MirrorWrite } from "../store/mirror-store.ts";
import { StorageError } from "../store/run-script.ts";
import { MIRROR_FORMS } from "./forms.ts";
import { remedyOf } from "./remedy.ts";

/** Keeps the values under the SDKs' own keys. */
export interface Mirrors {
  /** Writes a credential that was just committed. Never rejects: a mirror cannot fail a refresh, and the sweep writes it later. */
  write(credential: Credential): Promise<void>;
  /** Looks at every mirrored credential and puts right what is not as it should be. Rejects with `StorageError` when Redis fails. */
  sweep(): Promise<void>;
}

/** What an SDK did to a mirrored key: the sign that WeChat refused the value, or that the SDK fetches by itself. */
export type Disturbance = "overwritten" | "removed";

/** What mirrors work with. */
export interface MirrorsDeps {
  readonly credentials: Credentials;
  readonly store: MirrorStore;
  /** Told whenever something is seen to have changed what stood there as it should. */
  readonly onDisturbed: (credential: Credential, value: { fingerprint: string; what: Disturbance }) => Promise<void>;
  readonly log: Log;
}

interface Write extends MirrorWrite {
  readonly id: string;
  readonly owner: Credential;
  readonly mirror: Mirror;
}

/** What this worker knows of one mirror of one credential. */
interface Known {
  /** The version that stood there when this worker looked last. */
  readonly version?: string;
  /** Whether the log has it that this version was disturbed. */
  readonly logged?: boolean;
  /** Why it cannot be written. */
  readonly failing?: string;
}

const CHUNK = 500;
const DISTURBANCE_OF: Readonly<Partial<Record<MirrorReply, Disturbance>>> = {
  another: "overwritten",
  absent: "removed",
};
const SENTENCES: Readonly<Record<Disturbance, string>> = {
  overwritten:
    "SDK 自行获取了凭证并覆盖了镜像，已恢复；关闭方法见 docs/sdk-mirrors.md。 An SDK fetched by itself and overwrote the mirror, which was put back; docs/sdk-mirrors.md says how to stop that.",
  removed:
    "镜像的键被删除，通常是 SDK 收到 40001 后所为，已恢复。 The mirror's key was removed, most likely by an SDK that met 40001; it was put back.",
};

/** One look at each mirror is one script, fenced by the committed generation; they go out in batches. */
export function createMirrors({ credentials, store, onDisturbed, log }: MirrorsDeps): Mirrors {
  const known = new Map<string, Known>();

  async function keep(owners: readonly Credential[]): Promise<void> {
    const records = await store.read(owners.map(({ ref }) => ref));
    const writes = owners.flatMap((owner, index): Write[] => {
      const record = records[index];
      if (!record) return [];
      return owner.account.mirrors.flatMap((mirror): Write[] => {
        const { account, ref } = owner;
        const keys = MIRROR_FORMS[mirror.sdk]({ account, kind: ref.kind, record }, mirror.prefix);
        return keys.length > 0 ? [{ id: idOf(owner, mirror), owner, mirror, credential: ref, record, keys }] : [];
      });
    });
    const replies = await store.write(writes);
    const results = writes.flatMap((write, index) => {
      const reply = replies[index];
      return reply === undefined || reply === "overtaken" ? [] : [{ write, reply }];
    });
    noteFailures(results);
    for (const { write, reply } of results) if (!(reply instanceof StorageError)) await note(write, reply);
  }

  /** What the SDK's keys held before they were put right. A difference counts when this very value was seen there before. */
  async function note({ id, owner, mirror, record }: Write, found: MirrorReply): Promise<void> {
    const before = known.get(id);
    const seenBefore = before?.version === record.version;
    const what = seenBefore ? DISTURBANCE_OF[found] : undefined;
    const logged = seenBefore && before.logged === true;
    known.set(id, { version: record.version, logged: logged || what !== undefined });
    if (what === undefined) return;
    const fields = { credential: owner.id, account: owner.account.name, sdk: mirror.sdk };
    if (!logged) log.warn(fields, `mirror.${what} ${SENTENCES[what]}`);
    await onDisturbed(owner, { fingerprint: fingerprint(record.value), what });
  }

  /** One line for all mirrors that fail, or that go on again, for the same reason. */
  function noteFailures(results: readonly { write: Write; reply: MirrorReply | StorageError }[]): void {
    const changed = new Map<string, { sdk: string; code?: string; ids: string[] }>();
    for (const { write, reply } of results) {
      const code = reply instanceof StorageError ? reply.code : undefined;
      const before = known.get(write.id);
      if (before?.failing === code) continue;
      const { failing: _ended, ...rest } = before ?? {};
      known.set(write.id, { ...rest, ...(code !== undefined && { failing: code }) });
      const group = `${write.mirror.sdk} ${code}`;
      const { ids = [] } = changed.get(group) ?? {};
      changed.set(group, { sdk: write.mirror.sdk, ...(code !== undefined && { code }), ids: [...ids, write.owner.id] });
    }
    for (const { sdk, code, ids } of changed.values()) {
      const fields = { sdk, mirrors: ids.length, credential: ids[0] };
      if (code === undefined) log.info(fields, "mirror.recovered");
      else log.warn({ ...fields, code }, `mirror.failed ${remedyOf(code)}`);
    }
  }

  return {
    async write(credential) {
      if (credential.account.mirrors.length === 0) return;
      await keep([credential]).catch((error: unknown) =>
        log.warn({ credential: credential.id, err: errorFields(error) }, "mirror.postponed"),
      );
    },

    async sweep() {
      const owners = credentials.all.filter(({ account }) => account.mirrors.length > 0);
      const configured = new Set(owners.flatMap((owner) => owner.account.mirrors.map((mirror) => idOf(owner, mirror))));
      for (const id of known.keys()) if (!configured.has(id)) known.delete(id);
      for (let start = 0; start < owners.length; start += CHUNK) await keep(owners.slice(start, start + CHUNK));
    },
  };
}

function idOf({ id }: Credential, { sdk, prefix }: Mirror): string {
  return `${id} ${sdk} ${prefix}`;
}
