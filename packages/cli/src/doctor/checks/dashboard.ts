import type { Check } from "../check.ts";
import { ok, problem, skipped } from "../finding.ts";

/** Whether the dashboard answers at the address that people use. */
export const dashboard: Check = {
  name: "dashboard",
  judge({ dashboard: reach }) {
    if (!reach) return skipped("DASHBOARD_PUBLIC_URL is not set here.", "此处未设置 DASHBOARD_PUBLIC_URL。");
    if (reach.type === "answered" && reach.status === 200) return ok("It answers.", "正常应答。");
    const [en, zh] =
      reach.type === "answered"
        ? [`It answers with the status ${reach.status}.`, `应答状态为 ${reach.status}。`]
        : ["It does not answer at DASHBOARD_PUBLIC_URL.", "在 DASHBOARD_PUBLIC_URL 处没有应答。"];
    return problem(
      { en, zh },
      {
        en: "Check that the dashboard runs, that the proxy before it leads to it, and DASHBOARD_PUBLIC_URL itself.",
        zh: "请检查看板是否在运行、其前方的代理是否正确转发，以及 DASHBOARD_PUBLIC_URL 本身。",
      },
    );
  },
};
