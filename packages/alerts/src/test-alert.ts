import { randomUUID } from "node:crypto";
import { createDurations, type Bilingual, type Environment } from "@tokenkeeper/core";
import { systemClock, type Clock } from "@tokenkeeper/shared/contract";
import { styleOf } from "./delivery.ts";
import { testMessage } from "./message.ts";
import type { ReceiverType } from "./receiver.ts";
import { createSender, type Sender } from "./sender.ts";
import type { AlertSettings } from "./settings-file.ts";
import { createAlertsSource } from "./settings-source.ts";

/** What became of the test alert at one receiver. */
export interface TestResult {
  readonly receiver: string;
  readonly type: ReceiverType;
  readonly delivered: boolean;
  /** The receiver's code, or a word of ours, when it was not. */
  readonly code?: string;
  /** Why, and what to do. */
  readonly reason?: Bilingual;
}

/** With what a test alert is sent. */
export interface TestAlertDeps {
  readonly settings: AlertSettings;
  readonly publicUrl?: string | undefined;
  readonly sender: Pick<Sender, "send">;
  readonly clock: Pick<Clock, "now">;
}

/** Sends a message that says that it is a test to every receiver, past queue and quiet hours. Never rejects. */
export function sendTestAlert({ settings, publicUrl, sender, clock }: TestAlertDeps): Promise<TestResult[]> {
  const id = `test-${randomUUID()}`;
  return Promise.all(
    settings.receivers.map(async (receiver): Promise<TestResult> => {
      const message = testMessage(id, clock.now(), styleOf(receiver, settings, publicUrl));
      const verdict = await sender.send(receiver, message);
      const { name, type } = receiver;
      if (verdict.type === "accepted") return { receiver: name, type, delivered: true };
      return { receiver: name, type, delivered: false, code: verdict.code, reason: verdict.reason };
    }),
  );
}

/**
 * Sends a test alert to the receivers of the file that the environment names, for the command line.
 * @returns `undefined` when TOKENKEEPER_ALERTS is not set.
 * @throws ConfigError with every problem of the file at once.
 */
export async function sendTestAlertFrom(env: Environment): Promise<TestResult[] | undefined> {
  const source = createAlertsSource(env);
  if (!source) return undefined;
  const settings = source.load();
  const { http, httpConnect } = createDurations(1);
  const sender = createSender({ deadlineMs: http, connectMs: httpConnect, clock: systemClock });
  try {
    return await sendTestAlert({ settings, publicUrl: source.publicUrl, sender, clock: systemClock });
  } finally {
    await sender.close();
  }
}
