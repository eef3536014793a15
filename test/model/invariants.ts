// What must hold of every run, checked from what the run left behind.
import { controlKey, credentialId, recordKey } from "@tokenkeeper/shared/contract";
import { nextLookAt } from "../../packages/worker/src/decide/decide.ts";
import type { World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** How long the first values may take, ms. */
const WARM_UP = MINUTE;

/** How long a ticket that has ended may be served: its last looks are a minute apart, and a tick may come a minute later; ms. */
const TICKET_GAP = 75_000;

/** Broken promises of a run under the assumptions of the first promise; none when all is well. */
export async function brokenPromises(world: World): Promise<string[]> {
  return [
    ...surfacedAfter(world, WARM_UP),
    ...world.audit.settledTooLate().map((id) => `${id}: an unknown outcome was settled too late`),
    ...(await brokenInvariants(world)),
  ];
}

/** What must hold whatever strikes: nothing unsafe ever, and all well a while after the last fault. */
export async function brokenInvariants(world: World): Promise<string[]> {
  const decisions = await world.decisions();
  const end = world.calls.at(-1)?.at ?? 0;
  return [
    ...world.violations,
    ...surfacedAfter(world, end - 2 * MINUTE),
    ...unhealthyAtTheEnd(world),
    ...deadTickets(world),
    ...stuck(world, decisions),
    ...tooManyFetches(world),
    ...world.audit.unsettled().map((id) => `${id}: an unknown outcome was never settled`),
  ];
}

/**
 * A ticket's end is known only to a Redis that lost nothing, for WeChat names the full life of an old one too; and its last
 * looks are a minute apart, too far for ticks alone when a fault comes between.
 */
function surfacedAfter({ calls, server, planners }: World, from: number): string[] {
  return calls
    .filter(({ at, surfaced }) => surfaced !== undefined && at >= from)
    .filter(({ credential }) => credential.kind === "access_token" || (planners !== "ticks" && server.losses() === 0))
    .map(({ at, app, credential, surfaced }) => `${at / 1_000} s ${app} ${credentialId(credential)}: ${surfaced}`);
}

/** The stored value is the newest of WeChat's, unless the next one is just being fetched, and nothing is left open. */
function unhealthyAtTheEnd({ credentials, server: { keys }, wechat }: World): string[] {
  return credentials.flatMap((credential) => {
    const id = credentialId(credential);
    const standing = wechat.standing(credential, keys.get(recordKey(credential), "value"));
    const control = keys.all(controlKey(credential));
    const underWay = Number(control["lease_until"] ?? 0) > keys.now();
    const wrong =
      credential.kind === "access_token" && standing !== "newest" && !underWay
        ? [`${id}: what is stored at the end is ${standing}`]
        : [];
    for (const field of ["intent_at", "settle_due"]) {
      if (Number(control[field] ?? keys.now()) < keys.now() - MINUTE) wrong.push(`${id}: ${field} is left over`);
    }
    return wrong;
  });
}

/** WeChat changes a ticket when it ends and not before; the next one is there after one look at the most. */
function deadTickets({ calls, credentials, server, planners, aftermathFrom }: World): string[] {
  // WeChat names the full life for an old ticket too: a Redis that has lost when it was first seen cannot know its end.
  if (server.losses() > 0) return [];
  return credentials.flatMap((credential) => {
    if (credential.kind === "access_token") return [];
    let since: number | undefined;
    let longest = 0;
    for (const { at, refusedFirst, credential: of } of calls) {
      if (of !== credential || at < aftermathFrom) continue;
      since = refusedFirst ? (since ?? at) : undefined;
      longest = Math.max(longest, at - (since ?? at));
    }
    return longest > TICKET_GAP * (planners === "ticks" ? 2 : 1)
      ? [`${credentialId(credential)}: a dead ticket was served for ${longest / 1_000} s`]
      : [];
  });
}

function stuck({ credentials, server }: World, decisions: readonly Parameters<typeof nextLookAt>[0][]): string[] {
  return credentials.flatMap((credential, index) => {
    const at = nextLookAt(decisions[index], server.keys.now());
    const soon = at !== undefined && at < server.keys.now() + HOUR;
    return soon ? [] : [`${credentialId(credential)}: nobody will look at it again`];
  });
}

/** Every fetch has a reason: its time, an unknown outcome, a report, a lost store; and failures have a fault behind them. */
function tooManyFetches(world: World): string[] {
  const { credentials, audit, flights, attempts, server, struck } = world;
  return credentials.flatMap((credential) => {
    const id = credentialId(credential);
    const commits = audit.committed.filter((entry) => entry.id === id);
    const unplanned = commits.filter(({ reason }) => reason !== "due").length;
    const allowed = 1 + audit.unknowns(id) * 2 + audit.confirmed.filter((each) => each === id).length;
    const losses = server.losses() * 2;
    const own = attempts.filter((attempt) => credentialId(attempt.credential) === id);
    const begun = own.filter(({ outcome }) => !["busy", "blocked", "changed"].includes(outcome ?? "begun")).length;
    const wrong: string[] = [];
    if (unplanned > allowed + losses + struck.length)
      wrong.push(`${id}: ${unplanned} unplanned fetches, ${allowed} had a reason`);
    if (flights.sent(credential) > begun)
      wrong.push(`${id}: ${flights.sent(credential)} fetches, but ${begun} attempts`);
    return wrong;
  });
}
