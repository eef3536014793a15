import { ALERTS_QUEUE, type Bilingual } from "@tokenkeeper/core";
import { fleetCheck } from "../check.ts";
import { ok, warning } from "../finding.ts";

/** Whether a queue is paused. */
export const queues = fleetCheck("queues", ({ fleet }) => {
  const paused = fleet.queues.filter((queue) => queue.paused).map(({ name }) => name);
  if (paused.length === 0) return ok("None is paused.", "没有暂停的队列。");
  return paused.flatMap((name) =>
    warning(name === ALERTS_QUEUE ? NOBODY_IS_TOLD : refreshedPast(name), {
      en: `Resume it on the job page of the dashboard, as an admin, or with BullMQ's \`queue.resume()\`.`,
      zh: "请由管理员在看板的任务页恢复，或使用 BullMQ 的 `queue.resume()`。",
    }),
  );
});

const NOBODY_IS_TOLD: Bilingual = {
  en: `The queue ${ALERTS_QUEUE} is paused: nobody is told what is wrong.`,
  zh: `队列 ${ALERTS_QUEUE} 已暂停：不会发出任何告警。`,
};

function refreshedPast(name: string): Bilingual {
  return {
    en: `The queue ${name} is paused: workers refresh past it, and what people ask for waits.`,
    zh: `队列 ${name} 已暂停：worker 会绕过它刷新，但人工操作会一直等待。`,
  };
}
