// The script that writes a mirror, on a real Redis: what it writes, and above all what it leaves alone.
import type { CredentialRecord } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createMirrorStore, type MirrorReply, type MirrorStore } from "../../packages/worker/src/store/mirror-store.ts";
import type { StorageError } from "../../packages/worker/src/store/run-script.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, type Stage } from "./stage.ts";

let server: TestRedis;
let stage: Stage;
let store: MirrorStore;
let key: string;
let endKey: string;

beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  stage = createStage({ redis: server.redis });
  store = createMirrorStore(server.redis);
  key = `sdk:${stage.credential.account}`;
  endKey = `${key}:end`;
});

async function committed(value: string): Promise<CredentialRecord> {
  await stage.commit(await stage.begun(), { value });
  return read();
}

async function read(): Promise<CredentialRecord> {
  const [record] = await store.read([stage.credential]);
  if (!record) throw new Error("there is no record");
  return record;
}

async function write(record: CredentialRecord, keys = keysOf(record)): Promise<MirrorReply | StorageError | undefined> {
  const [reply] = await store.write([{ credential: stage.credential, record, keys }]);
  return reply;
}

/** As an SDK's keys are: one with the value, one that must not be there. */
const keysOf = ({ value }: CredentialRecord): { key: string; value?: string }[] => [
  { key, value: `"${value}"` },
  { key: endKey },
];

const everything = (): Promise<unknown> => Promise.all([server.redis.get(key), server.redis.pexpiretime(key)]);

describe("a mirror", () => {
  it("is written with the form and the end of the committed value", async () => {
    const record = await committed("token");

    expect(await write(record)).toBe("absent");

    expect(await server.redis.get(key)).toBe('"token"');
    expect(await server.redis.pexpiretime(key)).toBe(record.expiresAt);
    expect(await server.redis.exists(endKey)).toBe(0);
  });

  it("is left alone when it is as it should be", async () => {
    const record = await committed("token");
    await write(record);
    const before = await everything();

    expect([await write(record), await write(record)]).toEqual(["intact", "intact"]);
    expect(await everything()).toEqual(before);
  });

  it("follows the next commit", async () => {
    await write(await committed("older"));

    expect(await write(await committed("newer"))).toBe("another");
    expect(await server.redis.get(key)).toBe('"newer"');
  });

  it("never has a newer value replaced by an older one, however late the older one comes", async () => {
    const older = await committed("older");
    const newer = await committed("newer");

    expect(await write(older)).toBe("overtaken");
    expect(await server.redis.exists(key)).toBe(0);

    await write(newer);
    const before = await everything();
    expect([await write(older), await write(older)]).toEqual(["overtaken", "overtaken"]);
    expect(await everything()).toEqual(before);
  });

  it("is not written for a credential whose control state is gone or no hash", async () => {
    const record = await committed("token");
    await server.redis.del(stage.keys.control);
    expect(await write(record)).toBe("overtaken");

    await server.redis.set(stage.keys.control, "not a hash");
    expect(await write(record)).toBe("overtaken");
    expect(await server.redis.exists(key)).toBe(0);
  });

  it("is not written with a value that has ended", async () => {
    const record = await committed("token");

    expect(await write({ ...record, expiresAt: (await stage.now()) - 1 })).toBe("overtaken");
    expect(await server.redis.exists(key)).toBe(0);
  });

  it.each<[string, MirrorReply, () => Promise<unknown>]>([
    ["was deleted", "absent", () => server.redis.del(key)],
    ["holds another value", "another", () => server.redis.set(key, '"foreign"', "EX", 7_000)],
    ["holds an empty text", "another", () => server.redis.set(key, "", "EX", 7_000)],
    ["holds the value in another form", "rewritten", () => server.redis.set(key, "token", "EX", 7_000)],
    ["ends sooner", "rewritten", () => server.redis.expire(key, 5_500)],
    ["ends later", "rewritten", () => server.redis.expire(key, 7_300)],
    ["never ends", "rewritten", () => server.redis.persist(key)],
    ["stands beside an end of the SDK's own", "rewritten", () => server.redis.set(endKey, "1700000000")],
  ])("that %s is put right", async (_case, reply, change) => {
    const record = await committed("token");
    await write(record);
    await change();

    expect(await write(record)).toBe(reply);

    expect(await everything()).toEqual(['"token"', record.expiresAt]);
    expect(await server.redis.exists(endKey)).toBe(0);
    expect(await write(record)).toBe("intact");
  });

  it("does not call another end beside the same value another value", async () => {
    const record = await committed("ticket");
    const keys = [
      { key, value: '"ticket"' },
      { key: endKey, value: "1700000000" },
    ];
    await write(record, keys);
    await server.redis.set(endKey, "1600000000", "EX", 100);

    expect(await write(record, keys)).toBe("rewritten");
    expect(await server.redis.get(endKey)).toBe("1700000000");
  });

  it.each(["the first", "the second"])(
    "leaves everything alone when a hash stands under %s of its keys",
    async (which) => {
      const record = await committed("token");
      const [taken, free] = which === "the first" ? [key, endKey] : [endKey, key];
      await server.redis.hset(taken, "belongs to", "somebody else");

      expect(await write(record)).toMatchObject({ name: "StorageError", code: "WRONGTYPE" });

      expect(await server.redis.hgetall(taken)).toEqual({ "belongs to": "somebody else" });
      expect(await server.redis.exists(free)).toBe(0);
    },
  );

  it("works after Redis forgot its scripts", async () => {
    const record = await committed("token");
    await server.redis.script("FLUSH");

    expect(await write(record)).toBe("absent");
  });
});

describe("a batch of mirrors", () => {
  it("writes all that can be written, and says of the others why not", async () => {
    const record = await committed("token");
    await server.redis.acl("SETUSER", "half", "on", ">half", "~wx:*", "~allowed:*", "+@all");
    const half = server.redis.duplicate({ username: "half", password: "half" });
    const keys = ["allowed:1", "forbidden:2", "allowed:3"].map((name) => `${name}:${stage.credential.account}`);

    const replies = await createMirrorStore(half).write(
      keys.map((name) => ({ credential: stage.credential, record, keys: [{ key: name, value: record.value }] })),
    );
    half.disconnect();

    expect(replies).toEqual(["absent", expect.objectContaining({ name: "StorageError", code: "NOPERM" }), "absent"]);
    expect(await server.redis.mget(keys)).toEqual(["token", null, "token"]);
  });

  it("says that memory is full, writes nothing, and goes on when there is some again", async () => {
    const record = await committed("token");
    await server.redis.config("SET", "maxmemory", "1");
    try {
      expect(await write(record)).toMatchObject({ name: "StorageError", code: "OOM" });
    } finally {
      await server.redis.config("SET", "maxmemory", "0");
    }

    expect(await write(record)).toBe("absent");
  });

  it("reads what is stored, and nothing of a credential that has no record or another thing in its place", async () => {
    await committed("token");
    const other = createStage({ redis: server.redis });
    const broken = createStage({ redis: server.redis });
    await server.redis.set(broken.keys.record, "no hash");

    const records = await store.read([other.credential, stage.credential, broken.credential]);

    expect(records).toEqual([undefined, expect.objectContaining({ value: "token" }), undefined]);
  });
});
