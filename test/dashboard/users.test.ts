// The file of users: its changes, and what they do to sessions.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { PASSWORD, startDashboard, USERS, type FileUser, type Running } from "./running.ts";

describe("users of the file", () => {
  let board: Running;

  beforeAll(async () => {
    board = await startDashboard();
  });
  afterAll(() => board[Symbol.asyncDispose]());
  beforeEach(async () => {
    await board.writeUsers(USERS);
    await signInWhenKnown("viewer");
    await board.server.redis.flushall();
  });

  /** Tries until the dashboard knows the user; what was tried is not counted. @returns the status of the sign-in */
  const signInWhenKnown = (user: string): Promise<number> =>
    eventually(
      async () => {
        await board.server.redis.flushall();
        const { status } = await board.signIn({ user, password: PASSWORD });
        if (status !== 303) throw new Error(`the answer was ${status}`);
        return status;
      },
      { what: `${user} to be known` },
    );
  const statusWith = async (cookie: string, path = "/queues/api/queues"): Promise<number> =>
    (await board.send({ path, headers: { Cookie: cookie } })).status;
  const [viewer, operator, admin] = USERS as readonly [FileUser, FileUser, FileUser];

  it("who are removed, or get another role or password, lose their sessions at once; the others keep theirs", async () => {
    const cookies = { viewer: await board.session("viewer"), operator: await board.session("operator") };
    const kept = { admin: await board.session("admin"), keeper: await board.session() };

    await board.writeUsers([{ ...operator, role: "viewer" }, admin]);

    await eventually(async () => expect(await statusWith(cookies.viewer)).toBe(401), { what: "the session to end" });
    expect(await statusWith(cookies.operator)).toBe(401);
    expect(await statusWith(kept.admin)).toBe(200);
    expect(await statusWith(kept.keeper)).toBe(200);
    expect((await board.signIn({ user: "viewer", password: PASSWORD })).status).toBe(401);
    const demoted = await board.session("operator");
    expect(await statusWith(demoted, "/queues/api/queues/refresh/workers")).toBe(403);
  });

  it("who are removed are sent nothing more by a page that is open", { timeout: 60_000 }, async () => {
    const cookie = await board.session("viewer");
    const stream = await fetch(`${board.url}/api/events`, { headers: { Cookie: cookie } });
    expect(stream.status).toBe(200);
    const ended = stream.text().then(
      () => "ended",
      () => "cut off",
    );

    await board.writeUsers([operator, admin]);

    expect(await ended).toMatch(/ended|cut off/);
    expect((await fetch(`${board.url}/api/events`, { headers: { Cookie: cookie } })).status).toBe(401);
  });

  it("are added without a restart", async () => {
    await board.writeUsers([...USERS, { ...viewer, name: "new" }]);

    expect(await signInWhenKnown("new")).toBe(303);
  });

  it("sign out on all their devices at once, and on no one else's", async () => {
    const devices = [await board.session("viewer"), await board.session("viewer")];
    const other = await board.session("operator");

    const answer = await board.sendOwn({
      method: "POST",
      path: "/logout/everywhere",
      headers: { Cookie: devices[0] },
    });

    expect(answer).toMatchObject({ status: 303, headers: { location: "/login" } });
    expect(await Promise.all(devices.map((cookie) => statusWith(cookie)))).toEqual([401, 401]);
    expect(await statusWith(other)).toBe(200);
  });
});
