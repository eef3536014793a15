import type { Language } from "./language.ts";
import type { Role } from "@tokenkeeper/ops";

/** The words of our own pages. */
export interface Texts {
  readonly signIn: string;
  readonly signOut: string;
  readonly back: string;
  readonly user: string;
  readonly password: string;
  readonly missing: string;
  readonly wrong: string;
  readonly tooMany: (minutes: number) => string;
  readonly signedInAs: (user: string, role: string) => string;
  readonly signedInByProxy: string;
  readonly signOutEverywhere: string;
  readonly roles: Readonly<Record<Role, string>>;
  readonly audit: string;
  readonly refreshQueue: string;
  readonly scheduleQueue: string;
  readonly alertsQueue: string;
  readonly pages: string;
  readonly credentials: string;
  readonly fleet: string;
  readonly jobs: string;
}

/** The words of our own pages, in each language. */
export const TEXTS: Readonly<Record<Language, Texts>> = {
  en: {
    signIn: "Sign in",
    signOut: "Sign out",
    back: "Back to the credentials",
    user: "User name",
    password: "Password",
    missing: "Enter the user name and the password.",
    wrong: "User name or password is wrong.",
    tooMany: (minutes) => `Too many attempts. Try again in ${minutes} min.`,
    signedInAs: (user, role) => `You are signed in as ${user} (${role}).`,
    signedInByProxy: "You came by single sign-on: sign out there.",
    signOutEverywhere: "Sign out on all devices",
    roles: { viewer: "viewer", operator: "operator", admin: "admin" },
    audit: "Audit: who did what",
    refreshQueue: "The work. Delayed: the plan. Failed: the reason says what to do; mend it, then retry.",
    scheduleQueue: "The job schedulers that keep the plan. Read only.",
    alertsQueue:
      "Messages to people on call. Failed: the receiver did not take it; the reason says what to do, then retry.",
    pages: "Pages",
    credentials: "Credentials",
    fleet: "Fleet",
    jobs: "Jobs",
  },
  zh: {
    signIn: "登录",
    signOut: "退出登录",
    back: "返回凭证页",
    user: "用户名",
    password: "密码",
    missing: "请输入用户名和密码。",
    wrong: "用户名或密码错误。",
    tooMany: (minutes) => `尝试次数过多，请在 ${minutes} 分钟后重试。`,
    signedInAs: (user, role) => `当前登录用户：${user}（${role}）。`,
    signedInByProxy: "您通过单点登录进入，请在单点登录处退出。",
    signOutEverywhere: "退出所有设备上的登录",
    roles: { viewer: "只读", operator: "操作员", admin: "管理员" },
    audit: "操作审计：谁做了什么",
    refreshQueue: "刷新任务。“延迟”即计划；“失败”的原因里写明处理方法，处理后点重试。",
    scheduleQueue: "维持计划的定时调度，只读。",
    alertsQueue: "发给值班人员的告警消息。“失败”表示接收方未接收，原因里写明处理方法，处理后点重试。",
    pages: "页面",
    credentials: "凭证",
    fleet: "集群",
    jobs: "任务",
  },
};

/** Answers of the API and to requests that no page of ours sends: one text in both languages, the same whoever asks. */
export const REFUSALS = {
  unauthenticated: "The sign-in has ended: reload the page. 登录已失效，请刷新页面。",
  forbidden:
    "Not allowed: the board reads, and retries failed jobs of the queues refresh and alerts. 不允许：看板只能查看，以及重试 refresh 与 alerts 队列中失败的任务。",
  role: {
    viewer: "Not allowed: this needs somebody who is signed in. 不允许：需要登录。",
    operator: "Not allowed: this needs the role operator. 不允许：需要操作员（operator）角色。",
    admin: "Not allowed: this needs the role admin. 不允许：需要管理员（admin）角色。",
  },
  stranger:
    "Not allowed: single sign-on names somebody who is not in the file of users. Ask an admin to add you. 不允许：单点登录的用户不在用户文件中，请联系管理员添加。",
  foreign: "Not allowed: the request did not come from this dashboard's own page. 不允许：请求并非来自本看板的页面。",
  notFound: "There is no such page. 页面不存在。",
  badRequest: "The request cannot be read. 无法识别该请求。",
  tooLarge: "The request is too large. 请求过大。",
  unavailable: "Redis does not answer. Check that it runs and try again. Redis 无响应，请检查其是否在运行，然后重试。",
  notAudited:
    "Redis takes no audit entry, so nothing was done. Check its memory, disk and rights, then try again. Redis 无法写入审计记录，操作未执行。请检查其内存、磁盘与权限，然后重试。",
  noAlerts:
    "No file of alerts is set: name it in TOKENKEEPER_ALERTS and restart. 未设置告警文件，请在 TOKENKEEPER_ALERTS 中指定后重启。",
  failure: "The dashboard failed; its log says where. 看板内部错误，详见日志。",
} as const;
