import type { Evidence, Finding, Violation } from "./evidence.ts";

const ERROR_LINES_PER_FAULT = 20;
const FAILED_JOBS = 1_000;
const QUEUE_EVENTS = 10_100;

/** I10: nothing grows without end, nobody ends by himself, nothing is rejected without being handled. */
export function judgeLimits({ workers, outputs, faults, unexpectedEnds, queues, to }: Evidence): Finding {
  const errors = workers.filter(
    ({ level, msg }) => (level === "warn" || level === "error" || level === "fatal") && !isAboutCredential(msg),
  );
  const unhandled = outputs.filter(
    ({ place, text }) =>
      place.includes("output of") && /UnhandledPromise|triggerUncaught|Error \[ERR_UNHANDLED/.test(text),
  );
  const bound = ERROR_LINES_PER_FAULT * Math.max(1, faults.length);
  const violations: Violation[] = [];
  const report = (text: string): void => void violations.push({ invariant: "I10", at: to, text });
  if (errors.length > bound) report(`${errors.length} lines of errors, bound ${bound}`);
  for (const { place } of unhandled) report(`an error was not handled: ${place}`);
  for (const end of unexpectedEnds) report(`a process ended by itself: ${end}`);
  if (queues.failed > FAILED_JOBS) report(`${queues.failed} failed jobs`);
  if (queues.events > QUEUE_EVENTS) report(`${queues.events} entries in the stream of queue events`);
  return { violations, figures: { errorLines: errors.length, failedJobs: queues.failed } };
}

/** What the log tells of a credential is not an error of the worker. */
function isAboutCredential(msg: string): boolean {
  return /^(?:refresh|credential|commit|report)\./.test(msg);
}
