import type { Row, RowsMessage } from "./lib/ops/row.js";
import { read } from "./api.ts";
import { setServerTime } from "./time.ts";

/** How the page is connected: `live`, or why it is not. */
export type Connection = "connecting" | "live" | "lost" | "ended";

/** The credentials as the server sees them, kept up to date while the page is visible. */
export interface Rows {
  readonly all: ReadonlyMap<string, Row>;
  readonly connection: Connection;
}

/** What is told. */
export interface RowsListener {
  /** @param changed `undefined`: everything was read anew */
  onRows(changed: readonly Row[] | undefined, before: ReadonlyMap<string, Row>): void;
  onConnection(): void;
}

/** Connects, and calls back whenever something has changed. */
export function followRows(listener: RowsListener): Rows {
  const state = { all: new Map<string, Row>() as ReadonlyMap<string, Row>, connection: "connecting" as Connection };
  let rev = -1;
  let at = 0;
  /** Changes that came while everything was being read. */
  let waiting: RowsMessage[] | undefined;
  let source: EventSource | undefined;

  function set(connection: Connection): void {
    state.connection = connection;
    listener.onConnection();
  }

  function apply(message: RowsMessage): void {
    if (message.rev <= rev) return;
    if (message.rev > rev + 1) return void readAll();
    rev = message.rev;
    setServerTime(message.now);
    const before = state.all;
    const all = new Map(before);
    for (const row of message.rows) all.set(row.id, row);
    for (const id of message.gone ?? []) all.delete(id);
    state.all = all;
    listener.onRows(message.rows, before);
  }

  async function readAll(): Promise<void> {
    if (waiting) return;
    waiting = [];
    try {
      const { rows, now, rev: newest } = await read<RowsMessage>("/api/credentials");
      const before = state.all;
      [rev, state.all] = [newest, new Map(rows.map((row) => [row.id, row]))];
      setServerTime(now);
      listener.onRows(undefined, before);
      const missed = waiting;
      waiting = undefined;
      for (const message of missed) apply(message);
      if (rev < at) await readAll();
      else set("live");
    } catch {
      waiting = undefined;
      set("lost");
      setTimeout(() => void readAll(), 2_000);
    }
  }

  function connect(): void {
    source = new EventSource("/api/events");
    source.addEventListener("at", ({ data }: MessageEvent<string>) => {
      at = Number(data);
      if (waiting) return;
      if (rev < at) void readAll();
      else set("live");
    });
    source.addEventListener("rows", ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as RowsMessage;
      if (waiting) waiting.push(message);
      else apply(message);
    });
    source.addEventListener("error", () => set(source?.readyState === EventSource.CLOSED ? "ended" : "lost"));
  }

  // A page that nobody sees costs the server nothing, and a browser has only six connections to a host.
  document.addEventListener("visibilitychange", () => {
    source?.close();
    if (document.visibilityState === "visible") connect();
  });
  connect();
  void readAll();
  return state;
}
