import { createHash } from "node:crypto";
import { TICKET_KINDS, type CredentialKind, type TicketType } from "@tokenkeeper/shared/contract";
import type { AccountInput, FaultInput } from "@tokenkeeper/simulator";

/** Divides every duration of ours and of WeChat's: WeChat's 5 minutes of grace and of the stable window are 30 s. */
export const SCALE = 10;

/** One account, on both sides. */
export interface ChaosAccount {
  readonly name: string;
  readonly appId: string;
  readonly secret: string;
  readonly type: "official-account" | "mini-program";
  readonly token: "stable" | "classic";
  readonly tickets: readonly TicketType[];
  /** Whether WeChat gives it tokens, so that its apps must never see an error. */
  readonly healthy: boolean;
  /** Our configuration has another secret. */
  readonly wrongSecret?: string;
  readonly fallback?: "never";
  readonly wechat: Partial<AccountInput>;
  /** What the simulator does to its fetches all the time. */
  readonly always?: FaultInput;
  /** Another system fetches it all the time. */
  readonly foreign?: true;
}

/** A credential of the population. */
export interface ChaosCredential {
  /** `<account>:<kind>` */
  readonly id: string;
  readonly account: ChaosAccount;
  readonly kind: CredentialKind;
  /** ms, compressed. */
  readonly lifeMs: number;
}

type Draft = Omit<ChaosAccount, "appId" | "secret" | "type" | "tickets" | "healthy"> &
  Partial<Pick<ChaosAccount, "type" | "tickets" | "healthy">>;

const TICKETS: readonly (readonly TicketType[])[] = [["jsapi"], [], ["jsapi", "wx_card"], [], ["wx_card"], []];

/** Lives are spread, so that some refresh falls due at any time; compressed: classic 40 to 117 s, stable 50 to 116 s. */
function healthyAccounts(): Draft[] {
  const spread = (index: number, from: number, step: number): Draft["wechat"] => ({
    tokenLifeSeconds: from + index * step,
    ticketLifeSeconds: 400 + ((index * 170) % 800),
  });
  return [
    ...Array.from({ length: 12 }, (_, index): Draft => ({
      name: `classic ${index}`,
      token: "classic",
      tickets: TICKETS[index % TICKETS.length] ?? [],
      wechat: spread(index, 400, 70),
    })),
    ...Array.from({ length: 12 }, (_, index): Draft => ({
      name: `stable ${index}`,
      token: "stable",
      tickets: TICKETS[(index + 2) % TICKETS.length] ?? [],
      wechat: spread(index, 500, 60),
    })),
    { name: "mini classic", type: "mini-program", token: "classic", wechat: spread(3, 500, 60) },
    { name: "mini stable", type: "mini-program", token: "stable", wechat: spread(1, 500, 60) },
  ];
}

const LIVES = { tokenLifeSeconds: 1_200, ticketLifeSeconds: 1_200 };

const UNHEALTHY: readonly Draft[] = [
  { name: "quota spent", token: "classic", fallback: "never", wechat: { ...LIVES, quotas: { classicPerDay: 0 } } },
  { name: "quota spent soon", token: "stable", wechat: { tokenLifeSeconds: 200, quotas: { stablePerDay: 1 } } },
  { name: "not on the whitelist", token: "stable", tickets: ["jsapi"], wechat: { whitelist: ["198.51.100.1"] } },
  { name: "wrong secret", token: "classic", wrongSecret: "deadbeefdeadbeefdeadbeefdeadbeef", wechat: LIVES },
  {
    name: "frozen",
    token: "stable",
    wechat: LIVES,
    always: { call: "stable_token", fault: { type: "errcode", errcode: 50002 }, times: null },
  },
  {
    name: "secret frozen",
    token: "classic",
    wechat: LIVES,
    always: { call: "token", fault: { type: "errcode", errcode: 40243 }, times: null },
  },
  { name: "fetched by others", token: "classic", foreign: true, wechat: LIVES },
];

/** Everybody: 26 healthy accounts and 7 that are not, and one that is not configured at first. */
export function createPopulation(): { accounts: readonly ChaosAccount[]; spare: ChaosAccount } {
  const drafts = [
    { name: "newcomer", token: "stable", wechat: LIVES } satisfies Draft,
    ...healthyAccounts().map((draft): Draft => ({ ...draft, healthy: true })),
    ...UNHEALTHY.map((draft): Draft => ({ ...draft, healthy: false })),
  ];
  const [spare, ...accounts] = drafts.map((draft: Draft, index): ChaosAccount => ({
    type: "official-account",
    tickets: [],
    healthy: false,
    ...draft,
    appId: `wx${String(index).padStart(16, "0")}`,
    secret: createHash("sha256").update(`chaos ${index}`).digest("hex").slice(0, 32),
  })) as [ChaosAccount, ...ChaosAccount[]];
  return { accounts, spare };
}

/** The credentials of some accounts. */
export function credentialsOf(accounts: readonly ChaosAccount[]): ChaosCredential[] {
  return accounts.flatMap((account) => {
    const kinds: CredentialKind[] = ["access_token", ...account.tickets.map((ticket) => TICKET_KINDS[ticket])];
    return kinds.map((kind) => {
      const { tokenLifeSeconds = 7_200, ticketLifeSeconds = 7_200 } = account.wechat;
      const seconds = kind === "access_token" ? tokenLifeSeconds : ticketLifeSeconds;
      return { id: `${account.appId}:${kind}`, account, kind, lifeMs: (seconds * 1_000) / SCALE };
    });
  });
}

/** The worker's configuration file. YAML takes JSON. */
export function configText(accounts: readonly ChaosAccount[]): string {
  return JSON.stringify({
    accounts: accounts.map(({ name, type, appId, secret, wrongSecret, token, tickets, fallback }) => ({
      name,
      type,
      appId,
      secret: wrongSecret ?? secret,
      token,
      tickets,
      fallback,
    })),
  });
}
