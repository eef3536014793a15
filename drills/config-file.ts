import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadWorkerConfig, type Account, type Environment } from "@tokenkeeper/core";
import { parseDocument } from "yaml";
import { ensure } from "./drill.ts";

/** The file of accounts that the workers read. */
export interface ConfigFile {
  /** The account as the workers read it. @throws ConfigError with every problem. */
  account(id: string): Account;
  setToken(id: string, token: Account["token"]): void;
  /** Into the file, or into the file that `secretFile` names. */
  setSecret(id: string, secret: string): void;
  /** Puts back what the files held before. */
  restore(): void;
}

/** @param path of the file */
export function openConfigFile(path: string, env: Environment): ConfigFile {
  const before = new Map<string, string>();
  const read = (file: string): { bytes: Uint8Array; mode: number } => ({
    bytes: readFileSync(file),
    mode: statSync(file).mode,
  });

  /** As the documents advise: a whole new file, moved into its place. */
  function write(file: string, text: string): void {
    if (!before.has(file)) before.set(file, readFileSync(file, "utf8"));
    const fresh = join(dirname(file), `.drill-${process.pid}`);
    writeFileSync(fresh, text, { mode: statSync(file).mode });
    renameSync(fresh, file);
  }

  function edit(
    id: string,
    change: (document: ReturnType<typeof parseDocument>, at: (string | number)[]) => void,
  ): void {
    const document = parseDocument(readFileSync(path, "utf8"));
    const { accounts } = document.toJS() as { accounts: { appId: string }[] };
    change(document, ["accounts", accounts.findIndex(({ appId }) => appId === id)]);
    write(path, document.toString());
  }

  return {
    account(id) {
      const { accounts } = loadWorkerConfig({ ...env, REDIS_URL: "redis://127.0.0.1", TOKENKEEPER_CONFIG: path }, read);
      const account = accounts.find((each) => each.id === id);
      ensure(account !== undefined, `${path} has no account ${id}`);
      return account;
    },
    setToken: (id, token) => edit(id, (document, at) => document.setIn([...at, "token"], token)),
    setSecret(id, secret) {
      edit(id, (document, at) => {
        const { secret: text, secretFile } = (document.getIn(at) as { toJSON(): Record<string, string> }).toJSON();
        if (secretFile !== undefined) return write(secretFile, secret);
        ensure(!text?.includes("${"), `the secret in ${path} is a variable: the workers would need a restart`);
        document.setIn([...at, "secret"], secret);
      });
    },
    restore() {
      for (const [file, text] of before) write(file, text);
    },
  };
}
