import type { AccessSpec, Audit, AuditResult } from "@tokenkeeper/ops";
import type { DashboardMeter } from "./dashboard-metrics.ts";

/** The audit trail as it is, with sign-ins and actions counted: whatever is worth an entry there is worth a count. */
export function observeAudit(audit: Audit, meter: DashboardMeter): Audit {
  function countAccess({ action, result }: AccessSpec): void {
    if (action === "sign_in") meter.add("wxtok_dashboard_auth_total", { result });
  }

  return {
    async act(spec, run, resultOf = () => "done") {
      let result: AuditResult | undefined;
      const begun: typeof run = () => {
        result = "failed";
        return run();
      };
      try {
        return await audit.act(spec, begun, (value) => (result = resultOf(value)));
      } finally {
        // What could not be written down was not done.
        if (result !== undefined) meter.add("wxtok_dashboard_action_total", { action: spec.action, result });
      }
    },
    async grant(spec) {
      await audit.grant(spec);
      countAccess(spec);
    },
    note(spec) {
      audit.note(spec);
      countAccess(spec);
    },
  };
}
