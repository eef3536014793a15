// The parts of a worker as they are, with what they do counted on the way. The parts themselves know of no meter.
import { MOST_LABELLED } from "@tokenkeeper/ops";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { ConfigSource } from "../config-watch.ts";
import type { Credential, Credentials } from "../credentials.ts";
import type { RefreshOutcome } from "../decide/outcome.ts";
import type { MessageResult } from "../intake/reports.ts";
import type { AppMessage } from "../intake/stream.ts";
import type { AttemptInput, RunAttempt } from "../refresh/attempt.ts";
import type { Refresher } from "../refresh/refresh.ts";
import type { CredentialStore } from "../store/credential-store.ts";
import type { WechatHttp } from "../wechat/http.ts";
import { endpointLabel, errcodeLabel, resultLabel } from "./request-labels.ts";
import type { WorkerMeter } from "./worker-metrics.ts";

/** What observing works with. */
export interface ObservedDeps {
  readonly meter: WorkerMeter;
  readonly clock: Clock;
}

const SECOND = 1_000;

/** Requests by endpoint and what came back, those under way, and their durations. */
export function observeHttp(http: WechatHttp, { meter, clock }: ObservedDeps): WechatHttp {
  const underWay = new Map<string, number>();

  function change(endpoint: string, by: number): void {
    const count = (underWay.get(endpoint) ?? 0) + by;
    underWay.set(endpoint, count);
    meter.set("wxtok_inflight_fetches", { endpoint }, count);
  }

  return {
    ...http,
    async send(call) {
      const endpoint = endpointLabel(call);
      const from = clock.monotonic();
      change(endpoint, 1);
      const reply = await http.send(call);
      change(endpoint, -1);
      meter.observe("wxtok_wechat_request_duration_seconds", { endpoint }, (clock.monotonic() - from) / SECOND);
      meter.add("wxtok_wechat_requests_total", { endpoint, result: resultLabel(reply) });
      const errcode = errcodeLabel(reply);
      if (errcode !== undefined) meter.add("wxtok_wechat_errcode_total", { endpoint, errcode });
      return reply;
    },
  };
}

/** Commits that were fenced, replayed or repaired, and foreign refreshes. */
export function observeStore(
  store: CredentialStore,
  { meter, credentials }: { readonly meter: WorkerMeter; readonly credentials: Credentials },
): CredentialStore {
  function labelsOf(account: string): { account: string; name: string } {
    if (credentials.all.length > MOST_LABELLED) return { account: "", name: "" };
    const name = credentials.find({ account, kind: "access_token" })?.account.name;
    return { account, name: name ?? account };
  }

  return {
    ...store,
    async commit(input) {
      const committed = await store.commit(input);
      const { kind } = input.credential;
      if (committed === "fenced") meter.add("wxtok_commit_fenced_total", { kind });
      if (committed === "already") meter.add("wxtok_commit_replayed_total", { kind });
      return committed;
    },
    async repair(input) {
      const found = await store.repair(input);
      if (found === "repaired") meter.add("wxtok_commit_repaired_total", { kind: input.commit.credential.kind });
      return found;
    },
    async report(input) {
      const reply = await store.report(input);
      if (reply === "foreign") meter.add("wxtok_foreign_rotation_total", labelsOf(input.credential.account));
      return reply;
    },
  };
}

/** Attempts by reason and outcome, how long they took, and how late they came. */
export function observeAttempts(runAttempt: RunAttempt, { meter, clock }: ObservedDeps): RunAttempt {
  function count(input: AttemptInput, outcome: string, tookMs: number): void {
    const { credential, reason, state } = input;
    const { kind } = credential.ref;
    const labels = { kind, mode: credential.account.token };
    meter.add("wxtok_refresh_total", { ...labels, reason, outcome });
    meter.observe("wxtok_refresh_duration_seconds", labels, tookMs / SECOND);
    if (outcome === "unknown_outcome" || outcome === "malformed") meter.add("wxtok_outcome_unknown_total", { kind });
    if (reason === "settle_due") meter.add("wxtok_settle_refresh_total", { kind });
    const { planAt, block } = state.control;
    const lateMs = planAt === undefined ? -1 : state.now + tookMs - planAt;
    // What stood still because of its own configuration did not come late.
    if (outcome !== "refreshed" || block !== undefined || lateMs < 0) return;
    meter.observe("wxtok_refresh_lateness_seconds", { kind }, lateMs / SECOND);
  }

  return async (input) => {
    const from = clock.monotonic();
    const outcome = await runAttempt(input);
    const word = outcome === "changed" ? undefined : attemptWord(outcome);
    if (word !== undefined) count(input, word, clock.monotonic() - from);
    return outcome;
  };
}

/** What an attempt came to, as the control state says it too; `undefined`: nothing was begun. */
function attemptWord(outcome: RefreshOutcome): string | undefined {
  switch (outcome.type) {
    case "failed":
      return outcome.failure.class;
    case "waiting":
      return "stale_parent";
    case "refreshed":
    case "fenced":
      return outcome.type;
    case "fresh":
    case "busy":
    case "blocked":
      return undefined;
  }
}

/** Looks that came to no attempt. @param onLook called after each look at what is due */
export function observeRefresher(
  refresher: Refresher,
  { meter, onLook }: { readonly meter: WorkerMeter; readonly onLook: () => void },
): Refresher {
  function count({ ref, account, recipe }: Credential, outcome: RefreshOutcome): void {
    const attempted = outcome.type === "waiting" ? outcome.refused : attemptWord(outcome);
    if (attempted !== undefined) return;
    meter.add("wxtok_refresh_total", { kind: ref.kind, mode: account.token, reason: "none", outcome: outcome.type });
    if (outcome.type === "blocked" && outcome.why === "budget")
      meter.add("wxtok_quota_refused_total", { endpoint: recipe.endpoint });
  }

  return {
    async refresh(credential, trigger) {
      const looked = await refresher.refresh(credential, trigger);
      count(credential, looked.outcome);
      return looked;
    },
    async look(credentials) {
      const decisions = await refresher.look(credentials);
      onLook();
      return decisions;
    },
  };
}

/** What apps tell, and what it came to. */
export function observeReports(
  handle: (message: AppMessage) => Promise<MessageResult>,
  meter: WorkerMeter,
): (message: AppMessage) => Promise<MessageResult> {
  return async (message) => {
    const result = await handle(message);
    if (result === "demand") meter.add("wxtok_demand_total", {});
    else meter.add("wxtok_invalid_report_total", { result });
    return result;
  };
}

/** Configurations that were refused; those that are put into force are counted there. */
export function observeConfigSource(source: ConfigSource, meter: WorkerMeter): ConfigSource {
  return {
    ...source,
    load() {
      try {
        return source.load();
      } catch (error) {
        meter.add("wxtok_config_reload_total", { result: "refused" });
        meter.set("wxtok_config_last_reload_successful", {}, 0);
        throw error;
      }
    },
  };
}
