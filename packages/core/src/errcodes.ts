/** What a failure means for what happens next. */
export const FAILURE_CLASSES = [
  "transient",
  "unknown_outcome",
  "cool_down",
  "needs_person",
  "permanent",
  "stale_parent",
  "malformed",
  "storage",
] as const;

/** One of `FAILURE_CLASSES`. */
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** A text in both languages. */
export interface Bilingual {
  readonly en: string;
  readonly zh: string;
}

/** One row: a code, where it was seen, what it means, what to do. `{ip}` stands for the address that WeChat saw. */
export interface ErrcodeRow {
  readonly code: number | string;
  readonly on: "token" | "ticket" | "any";
  readonly class: FailureClass;
  readonly meaning: Bilingual;
  readonly remedy: Bilingual;
}

const NOTHING: Bilingual = { en: "Nothing: it is tried again by itself", zh: "无需处理，系统会自动重试" };
const BUG: Bilingual = {
  en: "Report it as a bug of Tokenkeeper with the request id",
  zh: "请附上 rid 向 Tokenkeeper 反馈此缺陷",
};
const SECRET_CHECK: Bilingual = {
  en: "Compare appId and secret in the configuration with the WeChat console; a reset secret replaces the old one at once. Mend the file; it is picked up within seconds (a secret in a variable needs a restart)",
  zh: "核对配置中的 appId 与 AppSecret 是否与公众平台一致（重置后旧密钥立即失效），改正后数秒内自动生效（密钥写在环境变量中时需重启 worker）",
};
const IP_CHECK: Bilingual = {
  en: "Add {ip} to the IP whitelist in the WeChat console (基本配置), wait some minutes, then press retry",
  zh: "在公众平台“基本配置”的 IP 白名单中加入 {ip}，等待几分钟后点击重试",
};
const CONSOLE: Bilingual = {
  en: "Look at the account's notices in the WeChat console; when the account is in order again, press retry",
  zh: "登录公众平台查看该账号的通知，账号恢复正常后点击重试",
};
const ADMIN: Bilingual = {
  en: "The account's administrator must confirm this IP in the template message of WeChat; then press retry",
  zh: "请公众号管理员在微信模板消息中确认此 IP，然后点击重试",
};
const PARENT: Bilingual = {
  en: "Nothing: the access token is checked and the ticket follows it",
  zh: "无需处理，系统会检查 access_token，随后自动获取票据",
};

/**
 * WeChat's error codes of the token and ticket calls.
 * Source: WeChat, "全局返回码" and the error lists of `token`, `stable_token` and `getticket`.
 */
export const ERRCODES: readonly ErrcodeRow[] = [
  { code: -1, on: "any", class: "transient", meaning: { en: "WeChat is busy", zh: "微信系统繁忙" }, remedy: NOTHING },
  {
    code: 40001,
    on: "token",
    class: "permanent",
    meaning: { en: "The secret does not belong to this appId", zh: "AppSecret 错误或不属于该 appId" },
    remedy: SECRET_CHECK,
  },
  {
    code: 40001,
    on: "ticket",
    class: "stale_parent",
    meaning: { en: "The access token is not the newest", zh: "access_token 无效或不是最新的" },
    remedy: PARENT,
  },
  {
    code: 40002,
    on: "any",
    class: "permanent",
    meaning: { en: "The grant type is wrong", zh: "grant_type 不合法" },
    remedy: BUG,
  },
  {
    code: 40013,
    on: "any",
    class: "permanent",
    meaning: { en: "The appId is wrong (case matters)", zh: "appId 不合法（区分大小写）" },
    remedy: SECRET_CHECK,
  },
  {
    code: 40014,
    on: "any",
    class: "stale_parent",
    meaning: { en: "The access token is not a valid one", zh: "access_token 不合法" },
    remedy: PARENT,
  },
  {
    code: 40125,
    on: "any",
    class: "permanent",
    meaning: { en: "The secret is wrong", zh: "AppSecret 不合法" },
    remedy: SECRET_CHECK,
  },
  {
    code: 40164,
    on: "any",
    class: "needs_person",
    meaning: { en: "The IP {ip} is not on the account's whitelist", zh: "IP {ip} 不在该账号的白名单中" },
    remedy: IP_CHECK,
  },
  {
    code: 40243,
    on: "any",
    class: "needs_person",
    meaning: { en: "The secret is frozen", zh: "AppSecret 已被冻结" },
    remedy: {
      en: "Unfreeze the secret in the WeChat console, wait 10 minutes, then press retry",
      zh: "在公众平台解冻 AppSecret，约 10 分钟后点击重试",
    },
  },
  {
    code: 41001,
    on: "any",
    class: "stale_parent",
    meaning: { en: "The access token was missing in the call", zh: "调用缺少 access_token" },
    remedy: PARENT,
  },
  {
    code: 41002,
    on: "any",
    class: "permanent",
    meaning: { en: "The appId was missing in the call", zh: "调用缺少 appId" },
    remedy: BUG,
  },
  {
    code: 41004,
    on: "any",
    class: "permanent",
    meaning: { en: "The secret was missing in the call", zh: "调用缺少 AppSecret" },
    remedy: BUG,
  },
  {
    code: 42001,
    on: "any",
    class: "stale_parent",
    meaning: { en: "The access token has expired", zh: "access_token 已过期" },
    remedy: PARENT,
  },
  {
    code: 43002,
    on: "any",
    class: "permanent",
    meaning: { en: "WeChat wants POST for this call", zh: "该接口需要使用 POST" },
    remedy: BUG,
  },
  {
    code: 43003,
    on: "any",
    class: "permanent",
    meaning: { en: "WeChat wants HTTPS for this call", zh: "该接口需要使用 HTTPS" },
    remedy: { en: "Set WECHAT_API_BASE_URL to an https address", zh: "请将 WECHAT_API_BASE_URL 设置为 https 地址" },
  },
  {
    code: 45009,
    on: "any",
    class: "cool_down",
    meaning: { en: "The day's quota of this call is used up", zh: "该接口当日调用次数已用完" },
    remedy: {
      en: "It goes on at midnight in Beijing; find out who else fetches for this account",
      zh: "北京时间零点后自动恢复；请查明还有谁在获取该账号的凭证",
    },
  },
  {
    code: 45011,
    on: "any",
    class: "transient",
    meaning: { en: "Too many calls in this minute", zh: "调用过于频繁（每分钟限制）" },
    remedy: NOTHING,
  },
  {
    code: 45035,
    on: "any",
    class: "needs_person",
    meaning: { en: "The IP {ip} may not make this call", zh: "IP {ip} 无权调用该接口" },
    remedy: IP_CHECK,
  },
  {
    code: 47001,
    on: "any",
    class: "permanent",
    meaning: { en: "WeChat could not read the body of the call", zh: "微信无法解析请求内容" },
    remedy: BUG,
  },
  {
    code: 48001,
    on: "any",
    class: "permanent",
    meaning: { en: "The account has no right to this call", zh: "该账号没有此接口权限" },
    remedy: {
      en: "Take the ticket out of the account's `tickets`, or get the right in the WeChat console and press retry",
      zh: "从该账号的 tickets 中移除此票据，或在公众平台开通接口权限后点击重试",
    },
  },
  {
    code: 48004,
    on: "any",
    class: "permanent",
    meaning: { en: "The call is banned for this account", zh: "该账号的此接口已被封禁" },
    remedy: CONSOLE,
  },
  {
    code: 50002,
    on: "any",
    class: "permanent",
    meaning: { en: "The account is restricted", zh: "该账号受限" },
    remedy: CONSOLE,
  },
  {
    code: 50004,
    on: "any",
    class: "permanent",
    meaning: { en: "The account may not fetch tokens", zh: "该账号被禁止获取 access_token" },
    remedy: CONSOLE,
  },
  {
    code: 50007,
    on: "any",
    class: "permanent",
    meaning: { en: "The account is frozen", zh: "该账号已被冻结" },
    remedy: CONSOLE,
  },
  {
    code: 61004,
    on: "any",
    class: "needs_person",
    meaning: { en: "The IP {ip} is not registered", zh: "IP {ip} 未登记" },
    remedy: IP_CHECK,
  },
  {
    code: 61024,
    on: "any",
    class: "permanent",
    meaning: { en: "A third-party platform keeps this account's token", zh: "该账号的凭证由第三方平台获取" },
    remedy: {
      en: "Take the account out of the configuration; its platform fetches the token",
      zh: "从配置中移除该账号，应由第三方平台获取其凭证",
    },
  },
  {
    code: 89501,
    on: "any",
    class: "needs_person",
    meaning: { en: "This IP waits for the administrator's confirmation", zh: "此 IP 正在等待管理员确认" },
    remedy: ADMIN,
  },
  {
    code: 89503,
    on: "any",
    class: "needs_person",
    meaning: { en: "Calls from this IP need the administrator's confirmation", zh: "此 IP 的调用需要管理员确认" },
    remedy: ADMIN,
  },
  {
    code: 89506,
    on: "any",
    class: "cool_down",
    meaning: {
      en: "The administrator refused this IP twice: barred for 24 hours",
      zh: "管理员两次拒绝此 IP，24 小时内禁止调用",
    },
    remedy: {
      en: "Talk to the account's administrator before the 24 hours are over",
      zh: "请在 24 小时内与公众号管理员沟通确认",
    },
  },
  {
    code: 89507,
    on: "any",
    class: "cool_down",
    meaning: { en: "The administrator refused this IP: barred for 1 hour", zh: "管理员拒绝了此 IP，1 小时内禁止调用" },
    remedy: {
      en: "Talk to the account's administrator before the hour is over",
      zh: "请在 1 小时内与公众号管理员沟通确认",
    },
  },
];

/** What we call failures that come without a code of WeChat's. */
export const WORD_CODES = [
  {
    code: "unreachable",
    on: "any",
    class: "transient",
    meaning: { en: "WeChat could not be reached; nothing was sent", zh: "无法连接微信，请求未发出" },
    remedy: {
      en: "It is tried again by itself; when it lasts, check DNS, proxy and firewall of the worker",
      zh: "系统会自动重试；若持续出现，请检查 worker 的 DNS、代理与防火墙",
    },
  },
  {
    code: "no_reply",
    on: "any",
    class: "unknown_outcome",
    meaning: { en: "The request was sent and no whole reply came", zh: "请求已发出，但未收到完整回复" },
    remedy: NOTHING,
  },
  {
    code: "http_status",
    on: "any",
    class: "unknown_outcome",
    meaning: { en: "WeChat answered with an HTTP error instead of a result", zh: "微信返回了 HTTP 错误" },
    remedy: NOTHING,
  },
  {
    code: "malformed",
    on: "any",
    class: "unknown_outcome",
    meaning: { en: "WeChat's reply could not be read", zh: "微信的回复无法解析" },
    remedy: NOTHING,
  },
  {
    code: "absurd",
    on: "any",
    class: "malformed",
    meaning: { en: "WeChat's reply held no usable value or lifetime", zh: "微信的回复中没有可用的凭证或有效期" },
    remedy: NOTHING,
  },
  {
    code: "not_stored",
    on: "any",
    class: "storage",
    meaning: { en: "Redis did not take the new value", zh: "Redis 未能写入新值" },
    remedy: {
      en: "Check Redis: memory, disk, and whether it is a read-only replica; it is tried again by itself",
      zh: "请检查 Redis 的内存、磁盘及是否为只读副本；系统会自动重试",
    },
  },
  {
    code: "leader_away",
    on: "any",
    class: "transient",
    meaning: {
      en: "The leader could not be reached, or what answered is no token API",
      zh: "无法连接上游实例（leader），或应答的不是凭证 HTTP 接口",
    },
    remedy: {
      en: "It is tried again by itself, and the value stays in use while it is valid; when it lasts, check that the leader runs with a section api, leader.url, and the network between",
      zh: "系统会自动重试，现有凭证在有效期内继续使用；若持续出现，请检查上游是否在运行并配置了 api 段、leader.url 是否正确、网络是否可达",
    },
  },
  {
    code: "leader_unavailable",
    on: "any",
    class: "transient",
    meaning: { en: "The leader has no valid value right now", zh: "上游实例（leader）暂时没有有效的凭证" },
    remedy: {
      en: "It is tried again by itself; when it lasts, the failed jobs on the leader's dashboard tell the cause",
      zh: "系统会自动重试；若持续出现，请查看上游看板中失败的任务",
    },
  },
  {
    code: "leader_busy",
    on: "any",
    class: "transient",
    meaning: { en: "The key has asked the leader too often", zh: "该密钥请求上游（leader）过于频繁" },
    remedy: {
      en: "It is tried again by itself; when it lasts, raise perMinute of the key under api.keys at the leader",
      zh: "系统会自动重试；若持续出现，请在上游的 api.keys 中提高该密钥的 perMinute",
    },
  },
  {
    code: "leader_key",
    on: "any",
    class: "needs_person",
    meaning: { en: "The leader does not accept the key", zh: "上游实例（leader）不接受该密钥" },
    remedy: {
      en: "Compare leader.key here with its hash under api.keys at the leader (`pnpm api-key` makes both); a mended file is picked up within seconds (a key in a variable needs a restart)",
      zh: "核对此处的 leader.key 与上游 api.keys 中的哈希是否为同一对（由 `pnpm api-key` 生成），改正后数秒内自动生效（密钥写在环境变量中时需重启 worker）",
    },
  },
  {
    code: "leader_scope",
    on: "any",
    class: "needs_person",
    meaning: {
      en: "The leader does not have this credential, or the key may not know it",
      zh: "上游实例（leader）没有此凭证，或该密钥无权读取",
    },
    remedy: {
      en: "At the leader, check the account with its tickets, and accounts and kinds of the key under api.keys; here, check appId and tickets",
      zh: "请检查上游的账号及其 tickets、api.keys 中该密钥的 accounts 与 kinds，以及此处的 appId 与 tickets",
    },
  },
] as const satisfies readonly ErrcodeRow[];

/** One of the words in `WORD_CODES`. */
export type WordCode = (typeof WORD_CODES)[number]["code"];
