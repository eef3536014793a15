// Makes the simulator know the example accounts.
import { EXIT, type Account } from "@tokenkeeper/core";
import { StartError } from "./start-error.ts";

/** The account whose token lives 3 minutes, so that a first run shows a refresh soon. */
export const SHORT_LIVED = "shop";
/** The account that WeChat refuses with 40164: its whitelist lacks the address it calls from. */
export const FAILING = "failing";

const PECULIARITIES: Readonly<Record<string, object>> = {
  [SHORT_LIVED]: { tokenLifeSeconds: 180 },
  [FAILING]: { whitelist: ["203.0.113.10"], egressIp: "198.51.100.7" },
};

/**
 * Adds those of `accounts` that the simulator does not know. A known one stays as it is: a person may have mended it. Adds the
 * robot to which alerts go.
 * @param simulatorUrl `http://host:port`
 * @throws StartError when the simulator does not do as told.
 */
export async function registerExamples(
  simulatorUrl: string,
  accounts: readonly Account[],
  robot: { readonly type: string; readonly id: string },
): Promise<void> {
  await control(`${simulatorUrl}/__sim/robots/${robot.type}/${robot.id}`, { method: "PUT", body: "{}" });
  const known = await control(`${simulatorUrl}/__sim/accounts`, {});
  for (const { id, name, type, secret } of accounts) {
    if (JSON.stringify(known).includes(`"${id}"`)) continue;
    await control(`${simulatorUrl}/__sim/accounts/${id}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, type, secret: secret.reveal(), ...PECULIARITIES[name] }),
    });
  }
}

/** The command that shows the alerts that came. */
export function alertsCommand(simulatorUrl: string): string {
  return `curl ${simulatorUrl}/__sim/robots/messages`;
}

/** The command that mends the failing account. */
export function mendCommand(simulatorUrl: string, appId: string): string {
  return `curl -X PATCH ${simulatorUrl}/__sim/accounts/${appId} -d '{"whitelist":null}'`;
}

async function control(url: string, init: RequestInit): Promise<unknown> {
  try {
    const reply = await fetch(url, { ...init, signal: AbortSignal.timeout(5_000) });
    if (reply.ok) return await reply.json();
  } catch {
    // The sentence below says all that helps.
  }
  throw new StartError("The simulator did not take the example accounts. Its messages above say why.", EXIT.failure);
}
