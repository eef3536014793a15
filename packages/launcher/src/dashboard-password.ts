import { randomBytes } from "node:crypto";
import { readIfPresent, writePrivateFile } from "./private-file.ts";

/** The password of the first run's dashboard: made once, kept in `file` (mode 0600). */
export async function keepDashboardPassword(file: string): Promise<string> {
  const kept = (await readIfPresent(file))?.trim();
  if (kept) return kept;
  const password = randomBytes(12).toString("base64url");
  await writePrivateFile(file, `${password}\n`);
  return password;
}
