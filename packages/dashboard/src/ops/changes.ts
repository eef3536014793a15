import type { Log } from "@tokenkeeper/core";
import { rowOf, type Data, type Facts, type Row, type RowsMessage } from "@tokenkeeper/ops";
import { MINUTE, ROTATED_CHANNEL, SECOND, type Clock } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";

/** All credentials as they were seen last, and what changes of them. One for the process, whatever number of pages is open. */
export interface Changes {
  /** All rows, not older than a poll. Rejects with UnavailableError while Redis does not answer. */
  current(): Promise<Snapshot>;
  /** Facts of one credential, read now; `undefined` when there is none of that name. */
  factsOf(account: string, kind: string): Promise<Facts | undefined>;
  /**
   * Calls back with what has changed until the returned function is called. Rows are polled only while somebody listens.
   */
  listen(listener: (change: RowsMessage) => void): () => void;
  /** The newest revision. */
  rev(): number;
  /** An account's credentials are about to change: look at them sooner than the next poll. */
  hint(account: string): void;
  /** Aborted by `close`: whoever listens shall end. */
  readonly ended: AbortSignal;
  close(): Promise<void>;
}

/** Rows at one revision. */
export interface Snapshot {
  readonly rev: number;
  readonly now: number;
  readonly rows: ReadonlyMap<string, Row>;
}

/** What changes are made from. */
export interface ChangesDeps {
  readonly data: Data;
  /** Opens a connection for the rotation hints. */
  readonly subscribe: () => Redis;
  readonly clock: Clock;
  readonly log: Log;
  /** Shortest time between two polls, ms. @default 2 s */
  readonly pollMs?: number;
}

/** A poll takes at most this part of the process's time. */
const SHARE = 10;
const MOST_POLL = MINUTE;
/** Hints that come together are one read. */
const HINT_WAIT = 50;
/** More hints than this at once: the next poll sees them all. */
const MOST_HINTS = 200;

/** One poll loop; the difference to what was seen before is what listeners get. */
export function createChanges({ data, subscribe, clock, log, pollMs = 2 * SECOND }: ChangesDeps): Changes {
  const seen = new Map<string, { readonly row: Row; readonly json: string; readonly at: number }>();
  const listeners = new Set<(change: RowsMessage) => void>();
  const hints = new Set<string>();
  const closing = new AbortController();
  // Grows over restarts too: a page that was open before reads everything anew.
  let rev = clock.now();
  let [now, readAt, took] = [0, Number.NEGATIVE_INFINITY, 0];
  let reading: Promise<void> | undefined;
  let loop: Promise<void> | undefined;
  let hinted: Promise<void> | undefined;
  let subscription: Redis | undefined;

  const periodMs = (): number => Math.min(MOST_POLL, Math.max(pollMs, took * SHARE));

  /** Takes over what was read and tells the difference. @param whole whether it is everything that there is */
  function take(facts: readonly Facts[], whole: boolean): void {
    const changed: Row[] = [];
    const present = new Set<string>();
    for (const each of facts) {
      const row = rowOf(each);
      const json = JSON.stringify(row);
      const known = seen.get(row.id);
      present.add(row.id);
      // A long read of everything may end after a read of this one alone that began later.
      if (known && known.at > each.now) continue;
      seen.set(row.id, { row, json, at: each.now });
      if (known?.json !== json) changed.push(row);
    }
    const gone = whole ? [...seen.keys()].filter((id) => !present.has(id)) : [];
    for (const id of gone) seen.delete(id);
    now = facts.at(-1)?.now ?? now;
    if (changed.length === 0 && gone.length === 0) return;
    rev += 1;
    const change = { rev, now, rows: changed, ...(gone.length > 0 && { gone }) };
    for (const listener of listeners) listener(change);
  }

  function readAll(): Promise<void> {
    reading ??= (async () => {
      const from = clock.monotonic();
      take(await data.facts(await data.accounts()), true);
      readAt = clock.monotonic();
      took = readAt - from;
    })().finally(() => (reading = undefined));
    return reading;
  }

  async function readHinted(): Promise<void> {
    await clock.sleep(HINT_WAIT, closing.signal);
    const wanted = new Set(hints);
    hints.clear();
    hinted = undefined;
    if (wanted.size === 0 || wanted.size > MOST_HINTS || closing.signal.aborted) return;
    take(await data.facts(await data.accountsOf([...wanted])), false);
  }

  function hint(account: string): void {
    hints.add(account);
    hinted ??= readHinted().catch((err: unknown) => log.debug({ err }, "hint.unread"));
  }

  async function poll(): Promise<void> {
    while (listeners.size > 0 && !closing.signal.aborted) {
      await readAll().catch((err: unknown) => log.warn({ err }, "poll.failed"));
      await clock.sleep(periodMs(), closing.signal);
    }
    subscription?.disconnect();
    [subscription, loop] = [undefined, undefined];
  }

  function start(): void {
    if (loop) return;
    subscription = subscribe();
    subscription.on("message", (_channel, text) => hint(accountIn(text)));
    subscription.subscribe(ROTATED_CHANNEL).catch(() => {});
    loop = poll();
  }

  return {
    async current() {
      if (clock.monotonic() - readAt >= periodMs()) await readAll();
      return { rev, now, rows: new Map([...seen].map(([id, { row }]) => [id, row])) };
    },
    async factsOf(account, kind) {
      const entries = await data.accountsOf([account]);
      return (await data.facts(entries)).find((facts) => facts.kind === kind);
    },
    listen(listener) {
      listeners.add(listener);
      start();
      return () => void listeners.delete(listener);
    },
    rev: () => rev,
    hint,
    ended: closing.signal,
    async close() {
      listeners.clear();
      closing.abort();
      await Promise.allSettled([loop, hinted, reading]);
    },
  };
}

/** The account in a rotation hint, which anybody who may publish can forge: it is looked up, never trusted. */
function accountIn(text: string): string {
  try {
    const { account } = JSON.parse(text) as { account?: unknown };
    return typeof account === "string" ? account : "";
  } catch {
    return "";
  }
}
