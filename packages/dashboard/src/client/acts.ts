import type { TestResult } from "@tokenkeeper/alerts";
import type { Detail, Row } from "./lib/ops/row.js";
import { act, ApiError, type Ref } from "./api.ts";
import { say } from "./frame.ts";
import { reader, t } from "./preferences.ts";
import { ask } from "./question.ts";
import { instant } from "./time.ts";

// What the buttons do. Each says how it went; what it led to shows by itself.

const credentialPath = ({ account, kind }: Ref): string => `/api/credentials/${account}/${kind}`;

export function refresh(row: Row): void {
  void tell(async () => {
    await act(`${credentialPath(row)}/refresh`);
    return t().askedFor(`${t().refresh} · ${row.name}`);
  });
}

/** The failed jobs of these; more than one credential is asked about first. */
export function rerun(rows: readonly Row[]): void {
  void tell(async () => {
    const title = rows.length === 1 ? t().rerun(rows[0]?.failedJobs ?? 1) : t().rerunAll(rows.length);
    if (rows.length > 1 && !(await ask(title, t().confirmRerun(rows.length)))) return undefined;
    const credentials = rows.map(({ account, kind }) => ({ account, kind }));
    const { rerun: jobs } = await act<{ rerun: number }>("/api/jobs/rerun", { credentials });
    return t().reran(jobs);
  });
}

export function force({ row, facts }: Detail): void {
  void confirmed(t().force, t().confirmForce(row.token, facts.forced, facts.forcedCap), async () => {
    await act(`${credentialPath(row)}/force`);
    return t().askedFor(`${t().force} · ${row.name}`);
  });
}

export function pause({ account, name, expiresAt }: Row): void {
  const end = expiresAt === undefined ? t().now : instant(expiresAt);
  void confirmed(`${t().pause} · ${name}`, t().confirmPause(end), async () => {
    await act(`/api/accounts/${account}/pause`);
    return t().paused(reader.user);
  });
}

export function resume({ account }: Row): void {
  void tell(async () => {
    await act(`/api/accounts/${account}/resume`);
    return t().resumed;
  });
}

export function resetQuota({ account, name }: Row): void {
  void confirmed(t().resetQuota, t().confirmReset, async () => {
    await act(`/api/accounts/${account}/reset-quota`);
    return t().askedFor(`${t().resetQuota} · ${name}`);
  });
}

/** Says of each receiver whether a message came through. */
export function testAlerts(): void {
  void tell(async () => {
    const { results } = await act<{ results: readonly TestResult[] }>("/api/alerts/test");
    const parts = results.map(({ receiver, delivered, code, reason }) =>
      delivered ? t().testDelivered(receiver) : t().testFailed(receiver, `${code}: ${reason?.[reader.language]}`),
    );
    return parts.join(" ");
  });
}

function confirmed(title: string, text: string, run: () => Promise<string>): Promise<void> {
  return tell(async () => ((await ask(title, text)) ? run() : undefined));
}

async function tell(run: () => Promise<string | undefined>): Promise<void> {
  try {
    const text = await run();
    if (text !== undefined) say(text);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    say(error.message);
  }
}
