import type { Command } from "../command.ts";
import { accounts } from "./accounts.ts";
import { alertTest } from "./alert-test.ts";
import { doctor } from "./doctor.ts";
import { failed } from "./failed.ts";
import { get } from "./get.ts";
import { hashKey } from "./hash-key.ts";
import { hashPassword } from "./hash-password.ts";
import { refresh } from "./refresh.ts";
import { rerun } from "./rerun.ts";
import { status } from "./status.ts";

/** Every command but `completion`, which is the library's; in the order of the help. */
export const COMMANDS: readonly Command[] = [
  status,
  accounts,
  failed,
  get,
  refresh,
  rerun,
  doctor,
  alertTest,
  hashPassword,
  hashKey,
];
