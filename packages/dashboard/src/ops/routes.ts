import { gzip } from "node:zlib";
import { promisify } from "node:util";
import type { Alerts } from "@tokenkeeper/alerts";
import type { AccountEntry } from "@tokenkeeper/core";
import {
  factsOnPage,
  readFleet,
  readSlo,
  rowOf,
  type Act,
  type Actions,
  type Audit,
  type Data,
  type Detail,
  type FleetPage,
  type History,
} from "@tokenkeeper/ops";
import { CREDENTIAL_KINDS, credentialId, isCredentialKind, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Queue } from "bullmq";
import express, { type Request, type Response, type Router } from "express";
import type { Redis } from "ioredis";
import { z } from "zod";
import { languageOf, LOCALES, themeOf } from "../language.ts";
import { signedInUser } from "../signed-in-user.ts";
import { REFUSALS } from "../texts.ts";
import type { Changes } from "./changes.ts";
import { streamChanges } from "./event-stream.ts";

/** What the pages are made of. */
export interface OpsDeps {
  readonly data: Data;
  readonly changes: Changes;
  readonly history: History;
  readonly actions: Actions;
  readonly audit: Pick<Audit, "act">;
  readonly redis: Redis;
  readonly refresh: Queue;
  readonly schedule: Queue;
  /** The queue of messages to people on call. */
  readonly alertsQueue: Queue;
  /** Absent without a file of alerts. */
  readonly alerts: Alerts | undefined;
  /** Paths below `/ui` of what the list imports: a browser fetches them together instead of one after the other. */
  readonly modules: readonly string[];
}

/** Largest body, bytes: the ids of ten thousand credentials. */
const BODY_LIMIT = 1024 * 1024;
const rerunBody = z.strictObject({
  credentials: z
    .array(z.strictObject({ account: z.string().max(64), kind: z.enum(CREDENTIAL_KINDS) }))
    .min(1)
    .max(30_000),
});
const zipped = promisify(gzip);

/** The pages about credentials and the fleet, what they read, and what people may do there. */
export function createOpsRoutes(deps: OpsDeps): Router {
  const { data, changes, history, actions, audit, redis, refresh, schedule, alertsQueue, modules, alerts } = deps;
  const router = express.Router();
  const list = createList(changes);

  for (const path of ["/", "/fleet", "/credentials/:account/:kind"]) {
    router.get(path, (request, response) => {
      const language = languageOf(request);
      const { name, role } = signedInUser(response);
      const look = { locale: LOCALES[language], language, theme: themeOf(request) };
      response.render("ops", { ...look, name, role, modules: path === "/" ? modules : [] });
    });
  }

  router.get("/api/credentials", (request, response) => sendList(request, response));
  router.get("/api/credentials/:account/:kind", (request, response) => sendDetail(request, response));
  router.get("/api/fleet", (_request, response) => sendFleet(response));
  router.get("/api/alerts", async (_request, response) => void response.json((await alerts?.overview()) ?? null));
  router.post("/api/alerts/test", (_request, response) => sendTest(response));
  router.get("/api/events", (request, response) => streamChanges(request, response, changes));
  router.post("/api/credentials/:account/:kind/refresh", (request, response) =>
    onCredential(request, response, { action: "refresh", run: (entry, kind) => actions.refresh(entry, kind) }),
  );
  router.post("/api/credentials/:account/:kind/force", (request, response) =>
    onCredential(request, response, { action: "force", run: (entry, kind) => actions.force(entry, kind) }),
  );
  router.post("/api/accounts/:account/pause", (request, response) =>
    onAccount(request, response, { action: "pause", run: ({ id }) => actions.pause(id, signedInUser(response).name) }),
  );
  router.post("/api/accounts/:account/resume", (request, response) =>
    onAccount(request, response, { action: "resume", run: ({ id }) => actions.resume(id) }),
  );
  router.post("/api/accounts/:account/reset-quota", (request, response) =>
    onAccount(request, response, { action: "reset_quota", run: (entry) => actions.resetQuota(entry) }),
  );
  router.post("/api/jobs/rerun", express.json({ limit: BODY_LIMIT }), (request, response) => rerun(request, response));
  return router;

  async function sendList(request: Request, response: Response): Promise<void> {
    const { body, compressed } = await list();
    response.type("application/json").vary("Accept-Encoding");
    if (request.acceptsEncodings("gzip") === "gzip") response.set("Content-Encoding", "gzip").send(compressed);
    else response.send(body);
  }

  async function sendDetail(request: Request<{ account: string; kind: string }>, response: Response): Promise<void> {
    const facts = await changes.factsOf(request.params.account, request.params.kind);
    if (!facts) return notFound(response);
    const ref = { account: facts.entry.id, kind: facts.kind };
    const [reporters] = await Promise.all([data.reporters(ref), history.update()]);
    const detail: Detail = {
      now: facts.now,
      row: rowOf(facts),
      history: history.of(ref),
      reporters,
      facts: factsOnPage(facts),
    };
    response.json(detail);
  }

  async function sendFleet(response: Response): Promise<void> {
    const { rows } = await changes.current();
    const fleet = await readFleet({ redis, refresh, schedule, alerts: alertsQueue }, [...rows.values()]);
    const page: FleetPage = { ...fleet, slo: await readSlo(redis, fleet.now) };
    response.json(page);
  }

  async function rerun(request: Request, response: Response): Promise<void> {
    const body = rerunBody.safeParse(request.body).data;
    if (!body) return void response.status(400).json({ error: REFUSALS.badRequest });
    const target = body.credentials.map(credentialId);
    const user = signedInUser(response);
    const done = await audit.act({ user, action: "rerun", target }, () => actions.rerun(body.credentials));
    for (const { account } of body.credentials) changes.hint(account);
    response.json(done);
  }

  async function sendTest(response: Response): Promise<void> {
    if (!alerts) return void response.status(409).json({ error: REFUSALS.noAlerts });
    const act = { user: signedInUser(response), action: "test_alert", target: "alerts" } as const;
    const results = await audit.act(
      act,
      () => alerts.sendTest(),
      (sent) => (sent.every(({ delivered }) => delivered) ? "done" : "failed"),
    );
    response.json({ results });
  }

  async function entryOf(account: string): Promise<AccountEntry | undefined> {
    return (await data.accountsOf([account]))[0];
  }

  async function onCredential(
    request: Request<{ account: string; kind: string }>,
    response: Response,
    { action, run }: { action: Act; run: (entry: AccountEntry, kind: CredentialRef["kind"]) => Promise<string> },
  ): Promise<void> {
    const { account, kind } = request.params;
    const entry = await entryOf(account);
    if (!entry || !isCredentialKind(kind) || !entry.kinds.includes(kind)) return notFound(response);
    const act = { user: signedInUser(response), action, target: credentialId({ account, kind }) };
    const job = await audit.act(act, () => run(entry, kind));
    changes.hint(account);
    response.status(202).json({ job });
  }

  async function onAccount(
    request: Request<{ account: string }>,
    response: Response,
    { action, run }: { action: Act; run: (entry: AccountEntry) => Promise<unknown> },
  ): Promise<void> {
    const entry = await entryOf(request.params.account);
    if (!entry) return notFound(response);
    const act = { user: signedInUser(response), action, target: entry.id };
    await audit.act(act, () => run(entry));
    changes.hint(entry.id);
    response.json({ ok: true });
  }
}

function notFound(response: Response): void {
  response.status(404).json({ error: REFUSALS.notFound });
}

/** The list as it goes over the wire, made once for all pages that open at the same revision. */
function createList(changes: Changes): () => Promise<{ body: Buffer; compressed: Buffer }> {
  let made: { rev: number; list: Promise<{ body: Buffer; compressed: Buffer }> } | undefined;
  return async () => {
    const { rev, now, rows } = await changes.current();
    if (made?.rev !== rev) {
      const body = Buffer.from(JSON.stringify({ rev, now, rows: [...rows.values()] }));
      made = { rev, list: zipped(body, { level: 1 }).then((compressed) => ({ body, compressed })) };
    }
    return made.list;
  };
}
