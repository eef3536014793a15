// The words for what happens, in both languages. Pages in the browser load this file as it is.
import type { Reporter, Row, State } from "./row.ts";

type Bilingual = { readonly en: string; readonly zh: string };

/** A state as a word and as a sentence. */
export const STATE_WORDS: Readonly<Record<State, { readonly word: Bilingual; readonly sentence: Bilingual }>> = {
  healthy: {
    word: { en: "Healthy", zh: "正常" },
    sentence: { en: "Apps have a valid value and the next refresh is planned.", zh: "凭证有效，下次刷新已安排。" },
  },
  refreshing: {
    word: { en: "Refreshing", zh: "刷新中" },
    sentence: { en: "A worker is fetching a new value at this moment.", zh: "worker 正在获取新值。" },
  },
  new: {
    word: { en: "New", zh: "新增" },
    sentence: {
      en: "It was never fetched. A worker does so within seconds; if not, look at the fleet page.",
      zh: "尚未获取过，worker 会在数秒内获取；否则请查看集群页。",
    },
  },
  paused: {
    word: { en: "Paused", zh: "已暂停" },
    sentence: { en: "A person paused the account: nothing is fetched.", zh: "该账号已被人工暂停，不会获取任何凭证。" },
  },
  retrying: {
    word: { en: "Retrying", zh: "重试中" },
    sentence: { en: "The last attempt failed; it is tried again by itself.", zh: "最近一次尝试失败，系统会自动重试。" },
  },
  cooling: {
    word: { en: "Cooling down", zh: "冷却中" },
    sentence: {
      en: "WeChat bars fetches for a while; nobody can pass that. It goes on by itself afterwards.",
      zh: "微信暂时禁止获取，任何人都无法绕过，到期后自动恢复。",
    },
  },
  overdue: {
    word: { en: "Overdue", zh: "已逾期" },
    sentence: {
      en: "The refresh is due and no worker makes it. Look at the fleet page: do workers run and reach Redis?",
      zh: "刷新已到期，但没有 worker 执行。请查看集群页：worker 是否在运行并能连接 Redis？",
    },
  },
  missing: {
    word: { en: "Missing", zh: "缺失" },
    sentence: {
      en: "Apps have no value; it is fetched as soon as possible.",
      zh: "业务应用没有可用的值，系统会尽快获取。",
    },
  },
  refused: {
    word: { en: "Refused", zh: "被拒绝" },
    sentence: {
      en: "WeChat refuses the stored value; another one is being fetched.",
      zh: "微信拒绝了已存储的值，正在获取新值。",
    },
  },
  suspect: {
    word: { en: "Suspect", zh: "可疑" },
    sentence: {
      en: "WeChat refuses this value and yet returns it. Only a forced refresh helps.",
      zh: "微信拒绝该值却仍返回它，只能强制刷新。",
    },
  },
  blocked: {
    word: { en: "Needs you", zh: "待处理" },
    sentence: { en: "Automatic refreshes stand still until somebody acts.", zh: "自动刷新已停止，需要人工处理。" },
  },
};

const UNSERVED: Bilingual = { en: "Apps have no value.", zh: "业务应用没有可用的值。" };
const FOREIGN: Bilingual = {
  en: "Another system fetches this account's token: find it and make it read from here.",
  zh: "有其他系统在获取该账号的凭证：请找到它，改为从这里读取。",
};

/** Ids of states in which the sentence says already that apps have no value. */
const SAYS_SO: readonly State[] = ["missing", "new", "refreshing"];

/** What there is to say of a credential, in one or two sentences, and what to do about it when something is wrong. */
export function sentencesOf(row: Pick<Row, "state" | "served" | "trouble" | "foreign">): {
  readonly sentence: Bilingual;
  readonly remedy?: Bilingual;
} {
  const { state, served, trouble, foreign } = row;
  const parts = [
    ...(trouble ? [stopped(trouble.meaning)] : []),
    STATE_WORDS[state].sentence,
    ...(served || SAYS_SO.includes(state) ? [] : [UNSERVED]),
  ];
  const remedies = [...(trouble ? [stopped(trouble.remedy)] : []), ...(foreign > 0 ? [FOREIGN] : [])];
  const sentence = joined(parts);
  return remedies.length > 0 ? { sentence, remedy: joined(remedies) } : { sentence };
}

function stopped({ en, zh }: Bilingual): Bilingual {
  return { en: /[.!?]$/.test(en) ? en : `${en}.`, zh: /[。！？]$/.test(zh) ? zh : `${zh}。` };
}

function joined(parts: readonly Bilingual[]): Bilingual {
  return { en: parts.map(({ en }) => en).join(" "), zh: parts.map(({ zh }) => zh).join("") };
}

/** What a report came to. */
export const REPORT_WORDS: Readonly<Record<Reporter["result"], Bilingual>> = {
  confirmed: { en: "confirmed: WeChat refuses the value, it is refreshed", zh: "已确认：微信拒绝该值，随即刷新" },
  foreign: {
    en: "confirmed: another system fetched, so this value died",
    zh: "已确认：其他系统获取了凭证，导致该值失效",
  },
  absent: { en: "no value was stored: it is fetched", zh: "当时没有存储的值，已开始获取" },
  accepted_by_wechat: { en: "WeChat accepts the value: nothing to do", zh: "微信接受该值，无需处理" },
  stale: { en: "about a value that was replaced already", zh: "针对的值已被替换" },
  too_soon: {
    en: "refused by WeChat, but another report counted a moment ago",
    zh: "微信拒绝该值，但刚处理过另一次上报",
  },
  budget: { en: "refused by WeChat, but the day's reports are used up", zh: "微信拒绝该值，但今日可处理的上报已用完" },
  inconclusive: { en: "could not be checked", zh: "无法核实" },
  passed_on: { en: "passed on to the leader", zh: "已转给上游" },
  denied: { en: "the leader takes no reports of this key", zh: "上游不接受该密钥的上报" },
};

/** Why, by whom and how it ended: words of jobs and control state that people read. */
const WORDS: Readonly<Record<string, Bilingual>> = {
  plan: { en: "plan", zh: "计划" },
  missing: { en: "missing", zh: "缺失" },
  expired: { en: "expired", zh: "已过期" },
  intent_open: { en: "unknown outcome", zh: "结果未知" },
  settle_due: { en: "settle", zh: "补刷" },
  reported: { en: "reported", zh: "失效上报" },
  due: { en: "due", zh: "到期" },
  forced: { en: "forced", zh: "强制" },
  operator: { en: "a person", zh: "人工" },
  leader: { en: "new value at the leader", zh: "上游已更新" },
  parent: { en: "new access token", zh: "access_token 已更新" },
  fallback: { en: "without the queue", zh: "未经队列" },
  quota_reset: { en: "quota reset", zh: "重置配额" },
  refreshed: { en: "refreshed", zh: "已刷新" },
  fresh: { en: "fresh: nothing to do", zh: "仍有效，无需刷新" },
  fenced: { en: "a newer value was there", zh: "已有更新的值" },
  waiting: { en: "waits for the access token", zh: "等待 access_token" },
  blocked: { en: "blocked", zh: "受阻" },
  failed: { en: "failed", zh: "失败" },
  transient: { en: "failed, passes by itself", zh: "失败（可自行恢复）" },
  unknown_outcome: { en: "outcome not known", zh: "结果未知" },
  cool_down: { en: "barred for a while", zh: "被暂时禁止" },
  needs_person: { en: "failed, needs a person", zh: "失败（需人工处理）" },
  permanent: { en: "failed for good", zh: "失败（不可恢复）" },
  stale_parent: { en: "access token refused", zh: "access_token 被拒绝" },
  malformed: { en: "reply made no sense", zh: "回复异常" },
  storage: { en: "Redis did not take it", zh: "Redis 未写入" },
};

/** A word of ours in the reader's language; one that is not known, as it is. */
export function wordOf(word: string, language: keyof Bilingual): string {
  return WORDS[word]?.[language] ?? word;
}

const UNITS = {
  en: { day: "d", hour: "h", minute: "min", second: "s" },
  zh: { day: "天", hour: "小时", minute: "分", second: "秒" },
} as const;

/** A span of time as people say it, in one or two units. @param ms 0 or more */
export function spanOf(ms: number, language: keyof Bilingual): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const units = UNITS[language];
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} ${units.day} ${hours} ${units.hour}`;
  if (hours > 0) return `${hours} ${units.hour} ${minutes} ${units.minute}`;
  if (minutes >= 10) return `${minutes} ${units.minute}`;
  if (minutes > 0) return `${minutes} ${units.minute} ${seconds % 60} ${units.second}`;
  return `${seconds} ${units.second}`;
}
