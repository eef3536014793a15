// The file by which a start recognises a live one beside it, and what a dead one left behind.
import { randomUUID } from "node:crypto";
import { link, rm } from "node:fs/promises";
import { endProcess, waitForEnd } from "./process-end.ts";
import { identityOf, isRunning, type ProcessIdentity } from "./process-identity.ts";
import { readIfPresent, writePrivateFile } from "./private-file.ts";
import { errorCode } from "./error-code.ts";

const ORPHAN_GRACE_MS = 12_000;

/** Where the parts listen, each `http://host:port`. */
export interface Addresses {
  readonly dashboard: string;
  readonly worker: string;
  /** Where the worker sends its calls when that is the simulator. */
  readonly simulator?: string;
}

/** What the file holds. */
export interface RunningStart extends ProcessIdentity {
  readonly children: readonly ProcessIdentity[];
  /** Present once everything is ready. */
  readonly addresses?: Addresses;
}

export interface Claim {
  /** Records the children that run now, and the addresses once all is ready. */
  record(state: Pick<RunningStart, "children" | "addresses">): Promise<void>;
  release(): Promise<void>;
}

/**
 * Makes this process the one start of the state folder. Children that a dead start left are given 12 s to end, then ended.
 * @returns the claim, or the live start that holds the folder.
 */
export async function claimStart(file: string): Promise<{ readonly claim: Claim } | { readonly other: RunningStart }> {
  const self = await identityOf(process.pid);
  if (self === undefined) throw new Error("the system does not say when this process started");
  for (;;) {
    if (await createWhole(file, { ...self, children: [] })) return { claim: claimOf(file, self) };
    const other = await readRunningStart(file);
    if (other !== undefined && (await isRunning(other))) return { other };
    for (const child of other?.children ?? []) await endOrphan(child);
    await rm(file, { force: true });
  }
}

/** What the file says, or `undefined` when it is absent or not ours. */
export async function readRunningStart(file: string): Promise<RunningStart | undefined> {
  const text = await readIfPresent(file);
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isRunningStart(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function claimOf(file: string, self: ProcessIdentity): Claim {
  let last = Promise.resolve();
  const after = (write: () => Promise<void>): Promise<void> => {
    last = last.then(write);
    return last;
  };
  return {
    record: (state) => after(() => writePrivateFile(file, JSON.stringify({ ...self, ...state }))),
    release: () => after(() => rm(file, { force: true })),
  };
}

// A link appears whole and only where nothing was: two starts at once cannot both make it.
async function createWhole(file: string, content: RunningStart): Promise<boolean> {
  const fresh = `${file}.${randomUUID()}`;
  await writePrivateFile(fresh, JSON.stringify(content));
  try {
    await link(fresh, file);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(fresh, { force: true });
  }
}

// A child ends by itself when the start that made it is gone: it only needs its time.
async function endOrphan(child: ProcessIdentity): Promise<void> {
  if (!(await isRunning(child)) || (await waitForEnd(child.pid, ORPHAN_GRACE_MS))) return;
  if (await isRunning(child)) await endProcess(child.pid, ORPHAN_GRACE_MS);
}

function isRunningStart(value: unknown): value is RunningStart {
  return isIdentity(value) && "children" in value && Array.isArray(value.children) && value.children.every(isIdentity);
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return (
    typeof value === "object" &&
    value !== null &&
    "pid" in value &&
    Number.isInteger(value.pid) &&
    "startedAt" in value &&
    typeof value.startedAt === "string"
  );
}
