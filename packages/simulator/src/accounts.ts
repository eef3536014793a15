import type { Account } from "./state/account.ts";

const FIRST_SERIAL = 60;

/** The accounts by appid and by the serial that begins their tokens; a serial is never given twice. */
export interface Accounts {
  get(appId: string): Account | undefined;
  bySerial(serial: number): Account | undefined;
  set(account: Account): void;
  delete(appId: string): void;
  clear(): void;
  list(): Account[];
  newSerial(): number;
  nextSerial(): number;
}

/** Creates the collection, with the accounts and the serial counter of an earlier run where there is one. */
export function createAccounts(saved: { accounts: Account[]; nextSerial: number } | undefined): Accounts {
  const byAppId = new Map<string, Account>();
  const appIds = new Map<number, string>();
  let next = saved?.nextSerial ?? FIRST_SERIAL;

  function set(account: Account): void {
    byAppId.set(account.settings.appId, account);
    appIds.set(account.serial, account.settings.appId);
  }
  for (const account of saved?.accounts ?? []) set(account);

  return {
    get: (appId) => byAppId.get(appId),
    bySerial: (serial) => byAppId.get(appIds.get(serial) ?? ""),
    set,
    delete: (appId) => {
      const account = byAppId.get(appId);
      if (account !== undefined) appIds.delete(account.serial);
      byAppId.delete(appId);
    },
    clear: () => {
      byAppId.clear();
      appIds.clear();
    },
    list: () => [...byAppId.values()],
    newSerial: () => next++,
    nextSerial: () => next,
  };
}
