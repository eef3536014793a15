import type { AlertsOverview } from "@tokenkeeper/alerts/overview";
import type { Fleet, FleetPage } from "./lib/ops/row.js";
import { ApiError, read } from "./api.ts";
import { alertsSection } from "./fleet-alerts.ts";
import { redraw, show } from "./frame.ts";
import { html, nothing, type TemplateResult } from "./lib/lit-html/lit-html.js";
import { plainTable } from "./plain-table.ts";
import { t } from "./preferences.ts";
import type { Connection } from "./rows.ts";
import { ago, setServerTime, span } from "./time.ts";

const EVERY = 5_000;

/** Workers, queues, schedulers and Redis. */
export function showFleet(): void {
  let fleet: FleetPage | undefined;
  let alerts: AlertsOverview | null = null;
  let connection: Connection = "connecting";
  show(() => ({ title: t().fleet, content: fleet ? content(fleet, alerts) : html``, connection }));
  void keepReading();

  async function keepReading(): Promise<void> {
    try {
      [fleet, alerts] = await Promise.all([read<FleetPage>("/api/fleet"), read<AlertsOverview | null>("/api/alerts")]);
      setServerTime(fleet.now);
      connection = "live";
    } catch (error) {
      connection = error instanceof ApiError && error.message === t().signedOut ? "ended" : "lost";
    }
    redraw();
    setTimeout(() => void keepReading(), EVERY);
  }
}

function content(fleet: FleetPage, alerts: AlertsOverview | null): TemplateResult {
  const { credentials, schedulers } = fleet;
  return html`
    ${numbers([
      [t().credentials, credentials.all, false],
      [t().unserved, credentials.unserved, credentials.unserved > 0],
      [t().overdue, credentials.overdue, credentials.overdue > 0],
      [t().unknownNow, credentials.unknown, credentials.unknown > 0],
      [t().settles, credentials.settles, false],
      [t().foreignToday, credentials.foreign, credentials.foreign > 0],
    ])}
    <h2>${t().alerts}</h2>
    ${alertsSection(alerts)}
    <h2>${t().workers}</h2>
    ${fleet.workers.length === 0 ? html`<p class="banner" role="alert">${t().noWorkers}</p>` : workers(fleet)}
    <h2>${t().queues}</h2>
    ${queues(fleet)}
    <h2>${t().followers}</h2>
    ${fleet.followers.length === 0 ? html`<p class="quiet">${t().noFollowers}</p>` : followers(fleet)}
    <h2>${t().requests}</h2>
    ${fleet.requests.length === 0 ? html`<p class="quiet">${t().noRequests}</p>` : requests(fleet)}
    <h2>${t().schedulers}</h2>
    <p class=${schedulers.overdue > 0 ? "low" : ""}>
      ${schedulers.count} · ${t().schedulersOverdue(schedulers.overdue)}
    </p>
    <h2>Redis</h2>
    ${redis(fleet.redis)}
    <h2>${t().slo}</h2>
    ${levels(fleet)}
  `;
}

function numbers(all: readonly (readonly [string, number, boolean])[]): TemplateResult {
  return html`<dl class="numbers">
    ${all.map(
      ([name, count, bad]) =>
        html`<div class=${bad ? "bad" : ""}>
          <dt>${name}</dt>
          <dd>${bad ? html`<span aria-hidden="true">■ </span>` : nothing}${count}</dd>
        </div>`,
    )}
  </dl>`;
}

function workers({ workers: all }: Fleet): TemplateResult {
  const heads = [t().worker, t().host, t().version, t().started, t().seen, t().credentials];
  return plainTable(
    heads,
    all.map(({ name, host, pid, version, startedAt, seenMsAgo, credentials }) => [
      name,
      `${host} · ${pid}`,
      version,
      ago(Date.parse(startedAt)),
      t().ago(span(seenMsAgo)),
      String(credentials),
    ]),
  );
}

function queues({ queues: all }: Fleet): TemplateResult {
  const counted = Object.entries(t().counts);
  return plainTable(
    [t().queue, t().state, ...counted.map(([, word]) => word)],
    all.map(({ name, paused, counts }) => [
      html`<a href="/queues/queue/${name}">${name}</a>`,
      paused ? html`<span class="badge warn"><span aria-hidden="true">▲</span> ${t().isPaused}</span>` : t().runs,
      ...counted.map(([state]) => String(counts[state] ?? 0)),
    ]),
  );
}

function followers({ followers: all }: Fleet): TemplateResult {
  return plainTable(
    [t().apiKey, t().following, t().seen, t().accounts, t().names],
    all.map(({ key, follows, seenMsAgo, accounts, names }) => [
      key,
      follows ? t().yes : html`<span class="badge warn"><span aria-hidden="true">▲</span> ${t().notNow}</span>`,
      t().ago(span(seenMsAgo)),
      String(accounts),
      names.join(", ") + (accounts > names.length ? t().andMore(accounts - names.length) : ""),
    ]),
  );
}

/** Who asks the token HTTP API, and how often. */
function requests({ requests: all }: Fleet): TemplateResult {
  const counted = t().requestCounts;
  return plainTable(
    [t().apiKey, counted.served, counted.reported, counted.followed, counted.refused],
    all.map(({ key, served, reported, followed, refused }) => [
      key === "-" ? html`<span class="quiet">${t().unknownKey}</span>` : key,
      ...[served, reported, followed].map(String),
      refused > 0 ? html`<span class="low">${refused}</span>` : "0",
    ]),
  );
}

/** What is promised against what was seen, and what only the apps can see. */
function levels({ slo }: FleetPage): TemplateResult {
  const rows = slo.map(({ slo: name, share, target }) => {
    const { word, sentence } = t().slos[name];
    const most = name === "quota";
    const kept = share === undefined || (most ? share <= target : share >= target);
    const text = share === undefined ? "–" : percent(share);
    return [
      word,
      html`<span class=${kept ? "" : "low"}>${kept ? nothing : html`<span aria-hidden="true">▲ </span>`}${text}</span>`,
      `${most ? "≤" : "≥"} ${percent(target)}`,
      sentence,
    ];
  });
  const { word, sentence } = t().slos.acceptance;
  return html`
    ${plainTable(
      [t().sloPromise, t().sloSeen, t().sloTarget, t().sloMeaning],
      [...rows, [word, "–", "≥ 99.999 %", sentence]],
    )}
  `;
}

/** Rounded down, so that less than all never reads as 100 %. */
function percent(share: number): string {
  return `${Math.floor(share * 1e6 + 1e-3) / 1e4} %`;
}

function redis({
  version,
  role,
  uptimeS,
  usedBytes,
  limitBytes,
  policy,
  appendOnly,
  persistenceOk,
}: Fleet["redis"]): TemplateResult {
  const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  const persistence = appendOnly ? t().appendOnly : t().snapshots;
  const facts: [string, string, boolean][] = [
    [t().version, version, false],
    [t().role, role, role !== "master"],
    [t().uptime, span(uptimeS * 1_000), false],
    [
      t().memory,
      `${mebibytes(usedBytes)} / ${limitBytes > 0 ? mebibytes(limitBytes) : t().noLimit}`,
      limitBytes > 0 && usedBytes > 0.8 * limitBytes,
    ],
    [t().policy, policy === "noeviction" ? policy : `${policy}: ${t().policyBad}`, policy !== "noeviction"],
    [
      t().persistence,
      persistenceOk ? persistence : `${persistence}: ${t().persistenceBad}`,
      !persistenceOk || !appendOnly,
    ],
  ];
  return html`<dl class="facts">
    ${facts.map(
      ([name, text, bad]) =>
        html`<div>
          <dt>${name}</dt>
          <dd class=${bad ? "low" : ""}>${bad ? html`<span aria-hidden="true">▲ </span>` : nothing}${text}</dd>
        </div>`,
    )}
  </dl>`;
}
