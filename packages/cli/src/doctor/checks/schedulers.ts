import { fleetCheck } from "../check.ts";
import { ok, problem } from "../finding.ts";

/** Whether the job schedulers run on. */
export const schedulers = fleetCheck("schedulers", ({ fleet }) => {
  const { count, overdue } = fleet.schedulers;
  const remedy = {
    en: "Workers arm them again each minute. If it stays so: see that a worker runs and that the queue `schedule` is not paused, then restart the workers; meanwhile they refresh without the queue.",
    zh: "worker 每分钟会重新启用。若持续如此：请确认有 worker 在运行且 `schedule` 队列未暂停，然后重启 worker；在此期间 worker 会绕过队列刷新。",
  };
  if (overdue > 0)
    return problem({ en: `${overdue} of ${count} are overdue.`, zh: `${count} 个中有 ${overdue} 个逾期。` }, remedy);
  if (count === 0 && fleet.workers.length > 0)
    return problem({ en: "There are none, although workers run.", zh: "有 worker 运行，却没有任何定时调度。" }, remedy);
  return ok(`${count}, none overdue.`, `共 ${count} 个，没有逾期。`);
});
