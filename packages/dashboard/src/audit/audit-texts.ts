import type { Access, Act, AuditResult } from "@tokenkeeper/ops";
import type { Language } from "../language.ts";

/** The words of the audit page. */
export interface AuditTexts {
  readonly title: string;
  readonly when: string;
  readonly who: string;
  readonly what: string;
  readonly target: string;
  readonly result: string;
  readonly address: string;
  readonly nobody: string;
  readonly empty: string;
  readonly older: string;
  readonly newest: string;
  readonly actions: Readonly<Record<Act | Access, string>>;
  readonly results: Readonly<Record<AuditResult, string>>;
}

/** The words of the audit page, in each language. */
export const AUDIT_TEXTS: Readonly<Record<Language, AuditTexts>> = {
  en: {
    title: "Audit",
    when: "When",
    who: "Who",
    what: "What",
    target: "On what",
    result: "Result",
    address: "Address",
    nobody: "nobody known",
    empty: "Nothing was done yet.",
    older: "Older",
    newest: "Newest",
    actions: {
      retry_job: "Retried a job",
      retry_failed: "Retried all failed jobs",
      refresh: "Refreshed",
      rerun: "Re-ran failed jobs",
      force: "Forced a refresh",
      reset_quota: "Reset WeChat's quota",
      pause: "Paused an account",
      resume: "Resumed an account",
      test_alert: "Sent a test alert",
      sign_in: "Signed in",
      sign_out: "Signed out",
      sign_out_everywhere: "Signed out everywhere",
      denied: "Tried what is not allowed",
      foreign_header: "Sent the sign-on header without being a trusted proxy",
    },
    results: {
      done: "done",
      failed: "failed",
      refused: "refused",
      limited: "too many attempts",
      unknown: "not known: its end was not written down",
    },
  },
  zh: {
    title: "操作审计",
    when: "时间",
    who: "用户",
    what: "操作",
    target: "对象",
    result: "结果",
    address: "来源地址",
    nobody: "未知用户",
    empty: "尚无任何操作。",
    older: "更早",
    newest: "最新",
    actions: {
      retry_job: "重试任务",
      retry_failed: "重试全部失败任务",
      refresh: "刷新",
      rerun: "重跑失败任务",
      force: "强制刷新",
      reset_quota: "重置微信配额",
      pause: "暂停账号",
      resume: "恢复账号",
      test_alert: "发送测试告警",
      sign_in: "登录",
      sign_out: "退出登录",
      sign_out_everywhere: "退出所有会话",
      denied: "尝试越权操作",
      foreign_header: "非受信代理发送了单点登录请求头",
    },
    results: {
      done: "成功",
      failed: "失败",
      refused: "已拒绝",
      limited: "尝试次数过多",
      unknown: "未知：结束状态未被记录",
    },
  },
};
