// What an incident is called, what there is to say of it and what to do, in both languages.
import { explainCode, type Bilingual } from "@tokenkeeper/core";
import { sentencesOf } from "@tokenkeeper/ops";
import type { IncidentFacts, Risk, Subject } from "./incident.ts";
import type { Rule, Severity } from "./rules.ts";

/** A language of messages. */
export type Language = keyof Bilingual;

/** What a rule is called. */
export const RULE_WORDS: Readonly<Record<Rule, Bilingual>> = {
  TokenMissing: { en: "Apps have no value", zh: "业务应用没有可用的凭证" },
  TokenExpiringSoon: { en: "The value ends soon", zh: "凭证即将过期" },
  NeedsPerson: { en: "Needs a person", zh: "需要人工处理" },
  PermanentFailure: { en: "Refreshes have stopped", zh: "刷新已停止" },
  CoolDown: { en: "Cooling down", zh: "冷却中" },
  RefreshFailing: { en: "Refreshes keep failing", zh: "刷新持续失败" },
  SuspectToken: { en: "Suspect value", zh: "凭证可疑" },
  ForeignRefresh: { en: "Foreign refresh", zh: "其他系统在获取凭证" },
  QuotaHigh: { en: "Many fetches today", zh: "今日获取次数偏高" },
  RefreshOverdue: { en: "Refresh overdue", zh: "刷新已逾期" },
  NoWorker: { en: "No worker runs", zh: "没有 worker 在运行" },
  SchedulerOverdue: { en: "Job schedulers have stopped", zh: "定时调度已停止" },
  RedisRisk: { en: "Redis is at risk", zh: "Redis 存在风险" },
};

/** How much it matters, at the beginning of a message. */
export const SEVERITY_WORDS: Readonly<Record<Severity | "recovered" | "test", Bilingual>> = {
  page: { en: "Urgent", zh: "紧急" },
  ticket: { en: "Can wait", zh: "可稍后处理" },
  recovered: { en: "Recovered", zh: "已恢复" },
  test: { en: "Test", zh: "测试" },
};

/** Labels and sentences of messages. */
export const MESSAGE_WORDS = {
  credential: { en: "Credential", zh: "凭证" },
  since: { en: "Since", zh: "开始时间" },
  lasted: { en: "Lasted", zh: "持续" },
  ends: { en: "Value ends", zh: "有效期至" },
  goesOn: { en: "Goes on", zh: "自动恢复于" },
  facts: { en: "Facts", zh: "信息" },
  what: { en: "What", zh: "说明" },
  remedy: { en: "What to do", zh: "处理方法" },
  open: { en: "Open the dashboard", zh: "打开看板" },
  gone: { en: "The account is no longer configured.", zh: "该账号已不在配置中。" },
  test: {
    en: "This is a test alert: the way to this receiver works. Nothing is wrong.",
    zh: "这是一条测试告警：到该接收方的通道正常，系统没有异常。",
  },
} as const satisfies Readonly<Record<string, Bilingual>>;

const RISK_WORDS: Readonly<Record<Risk, Bilingual>> = {
  policy: {
    en: "The eviction policy is not noeviction: Redis may throw tokens and jobs away.",
    zh: "淘汰策略不是 noeviction：Redis 可能丢弃凭证与任务。",
  },
  // The share is a setting, which may differ between what found it and what tells it.
  memory: {
    en: "It uses more of its memory limit than the rule's share.",
    zh: "内存占用超过了规则设定的上限比例。",
  },
  persistence: { en: "The last write to disk failed.", zh: "最近一次写盘失败。" },
  role: { en: "It is not a master: it takes no writes.", zh: "它不是主节点，无法写入。" },
  unreachable: {
    en: "It does not answer the dashboard, or refuses its writes. Where workers meet the same, nothing is refreshed.",
    zh: "看板无法访问 Redis，或写入被拒绝；若 worker 也如此，则不会有任何刷新。",
  },
};
const RISK_REMEDIES: Readonly<Record<Risk, Bilingual>> = {
  policy: { en: "Set maxmemory-policy noeviction.", zh: "请设置 maxmemory-policy noeviction。" },
  memory: { en: "Raise maxmemory, or find what fills it.", zh: "请调大 maxmemory，或查明占用来源。" },
  persistence: { en: "Check disk space and the rights of its folder.", zh: "请检查磁盘空间与数据目录权限。" },
  role: { en: "Point REDIS_URL at the master.", zh: "请将 REDIS_URL 指向主节点。" },
  unreachable: {
    en: "Check that it runs, that it can be reached, and its memory and disk. Apps keep their values until these end.",
    zh: "请检查它是否在运行、网络能否连通，以及内存与磁盘。在凭证过期之前业务应用不受影响。",
  },
};

/** What to do where neither the code nor the state says it. */
const REMEDIES: Readonly<Partial<Record<Rule, Bilingual>>> = {
  TokenMissing: {
    en: "Look at the credential's page: its history says why. On the fleet page: do workers run and reach Redis and WeChat?",
    zh: "请查看该凭证的页面，历史中写有原因；并在集群页确认 worker 是否在运行、能否连接 Redis 与微信。",
  },
  SuspectToken: {
    en: "Force a refresh on the credential's page.",
    zh: "请在该凭证的页面强制刷新。",
  },
  RefreshOverdue: {
    en: "Look at the fleet page: do workers run and reach Redis? Restart them if they hang.",
    zh: "请查看集群页：worker 是否在运行并能连接 Redis？若卡住请重启。",
  },
};

/** A sentence and what to do about it. */
export interface Explanation {
  readonly sentence: Bilingual;
  readonly remedy?: Bilingual;
}

/** What there is to say of an incident, in the words of the pages. */
export function explain(rule: Rule, facts: IncidentFacts, subject: Subject | undefined): Explanation {
  const fleet = fleetWords(rule, facts);
  if (fleet) return fleet;
  const { state = "healthy", served = false, foreign = 0, code, ip } = facts;
  const scope = subject?.kind === "access_token" ? "token" : "ticket";
  const trouble = code === undefined ? undefined : { code, ...explainCode(code, scope, ip) };
  const said = sentencesOf({ state, served, foreign, ...(trouble && { trouble }) });
  const own = ownSentence(rule, facts);
  const remedy = said.remedy ?? REMEDIES[rule];
  return {
    sentence: own ? { en: `${own.en} ${said.sentence.en}`, zh: `${own.zh}${said.sentence.zh}` } : said.sentence,
    ...(remedy && { remedy }),
  };
}

function ownSentence(rule: Rule, { used = 0, cap = 0, foreign = 0 }: IncidentFacts): Bilingual | undefined {
  if (rule === "QuotaHigh") {
    return {
      en: `${used} of the ${cap} fetches that may happen by themselves today are used: the history says what for.`,
      zh: `今日自动获取已用 ${used} 次，上限 ${cap} 次，原因见历史记录。`,
    };
  }
  if (rule === "ForeignRefresh") {
    return {
      en: `Another system was seen to fetch this token, ${foreign} times today; each time the tokens of all others end.`,
      zh: `今日发现其他系统获取该凭证 ${foreign} 次，每次都会使其他各方的凭证失效。`,
    };
  }
  return undefined;
}

function fleetWords(rule: Rule, { overdue = 0, risks = [] }: IncidentFacts): Explanation | undefined {
  if (rule === "NoWorker") {
    return {
      sentence: {
        en: "No worker gives a sign of life: nothing is refreshed.",
        zh: "没有任何 worker 存活，不会有任何刷新。",
      },
      remedy: {
        en: "Start one; its log says why it ended. Apps keep their values until these end.",
        zh: "请启动 worker，其日志中有退出原因。在凭证过期之前业务应用不受影响。",
      },
    };
  }
  if (rule === "SchedulerOverdue") {
    return {
      sentence: {
        en: `${overdue} job schedulers are overdue. The sweep keeps credentials fresh meanwhile.`,
        zh: `${overdue} 个定时调度已逾期，其间由巡检保持凭证有效。`,
      },
      remedy: {
        en: "Workers arm them again each minute. If it lasts, look at the queue schedule and restart the workers.",
        zh: "worker 每分钟会重新安排。若持续存在，请查看 schedule 队列并重启 worker。",
      },
    };
  }
  if (rule !== "RedisRisk") return undefined;
  return {
    sentence: joined(risks.map((risk) => RISK_WORDS[risk])),
    remedy: joined(risks.map((risk) => RISK_REMEDIES[risk])),
  };
}

function joined(parts: readonly Bilingual[]): Bilingual {
  return { en: parts.map(({ en }) => en).join(" "), zh: parts.map(({ zh }) => zh).join("") };
}
