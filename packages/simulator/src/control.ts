import type { Accounts } from "./accounts.ts";
import { unknownAccount, ControlError } from "./control-error.ts";
import { checked, expireSchema, foreignFetchSchema, resetSchema } from "./control-input.ts";
import type { Expire, ForeignFetch, Reset } from "./control-input.ts";
import type { EventLog, LogEvent, LogFilter } from "./event-log.ts";
import { faultInputSchema } from "./faults.ts";
import type { Fault, FaultInput } from "./faults.ts";
import { findToken } from "./rules/admission.ts";
import { fetchClassic } from "./rules/classic-token.ts";
import { expireAll, findIssued, verdictOf } from "./rules/line.ts";
import { fetchStable } from "./rules/stable-token.ts";
import type { TicketType } from "./rules/ticket.ts";
import { fingerprint } from "./rules/value.ts";
import type { Simulation } from "./simulation.ts";
import { newAccount } from "./state/account.ts";
import type { Account, LineName } from "./state/account.ts";
import { accountInputSchema, accountPatchSchema, completeSettings, mergeSettings } from "./state/settings.ts";
import type { AccountInput, AccountPatch } from "./state/settings.ts";
import { viewAccount, viewState } from "./state/view.ts";
import type { AccountStateView, AccountView } from "./state/view.ts";

export type ValueVerdict = "accepted" | "superseded" | "expired" | "unknown";

export interface StateView {
  now: number;
  scale: number;
  accounts: AccountStateView[];
}

/** The control API as functions. Input is checked as over HTTP: a ControlError names the field or the unknown account. */
export interface Control {
  accounts(): AccountView[];
  account(appId: string): AccountView;
  /** Creates the account, or gives an existing one these settings; what it issued stays. */
  putAccount(input: AccountInput): AccountView;
  /** Merges settings: this is how a failing account is mended. */
  patchAccount(appId: string, patch: AccountPatch): AccountView;
  deleteAccount(appId: string): void;
  addFault(appId: string, input: FaultInput): Fault;
  faults(appId?: string): Fault[];
  /** Deletes one fault, or without an id all of this appId. */
  deleteFaults(appId: string, id?: number): void;
  /** Someone else fetches a token of this account, with its own right to: no fault, no whitelist. */
  foreignFetch(appId: string, input: ForeignFetch): LogEvent;
  /** Ends the life of everything live of one kind, or of both token families. */
  expire(appId: string, input?: Expire): AccountStateView;
  state(): StateView;
  log(filter?: LogFilter): LogEvent[];
  /** Forgets tokens, tickets, counters, faults and log; the accounts are those of the start, or stay with `keepAccounts`. */
  reset(input?: Reset): void;
  tokenVerdict(appId: string, token: string): ValueVerdict;
  ticketVerdict(appId: string, type: TicketType, ticket: string): ValueVerdict;
}

export interface ControlDeps {
  accounts: Accounts;
  simulation: Simulation;
  log: EventLog;
  initial: readonly AccountInput[];
  nextFaultId: () => number;
  changed: () => void;
}

/** Creates the control functions over one simulation. */
export function createControl(deps: ControlDeps): Control {
  const { accounts, simulation, log, initial, nextFaultId, changed } = deps;
  const { faults } = simulation;

  function known(appId: string): Account {
    const account = accounts.get(appId);
    if (account === undefined) throw unknownAccount(appId);
    return account;
  }

  function keep(account: Account): Account {
    accounts.set(account);
    changed();
    return account;
  }

  function putAccount(input: AccountInput): AccountView {
    const settings = completeSettings(checked(accountInputSchema, input));
    const before = accounts.get(settings.appId);
    return viewAccount(keep(before ? { ...before, settings } : newAccount(settings, accounts.newSerial())));
  }

  function patchAccount(appId: string, patch: AccountPatch): AccountView {
    const account = known(appId);
    return viewAccount(
      keep({ ...account, settings: mergeSettings(account.settings, checked(accountPatchSchema, patch)) }),
    );
  }

  function deleteAccount(appId: string): void {
    known(appId);
    accounts.delete(appId);
    faults.replace(faults.list().filter((fault) => fault.appId !== appId));
  }

  function addFault(appId: string, input: FaultInput): Fault {
    if (appId !== "*") known(appId);
    const fault: Fault = { id: nextFaultId(), appId, ...checked(faultInputSchema, input) };
    faults.replace([...faults.list(), fault]);
    return fault;
  }

  function deleteFaults(appId: string, id?: number): void {
    const chosen = faults.list().filter((fault) => fault.appId === appId && (id === undefined || fault.id === id));
    if (id !== undefined && chosen.length === 0) throw new ControlError(404, `no fault ${id} of ${appId}`);
    faults.replace(faults.list().filter((fault) => !chosen.includes(fault)));
  }

  function foreignFetch(appId: string, input: ForeignFetch): LogEvent {
    const { family, force } = checked(foreignFetchSchema, input);
    const account = known(appId);
    return family === "classic"
      ? simulation.foreign(appId, "token", (context) => fetchClassic(account, context))
      : simulation.foreign(appId, "stable_token", (context) =>
          fetchStable(account, force ? "force" : "normal", context),
        );
  }

  function expire(appId: string, input: Expire = {}): AccountStateView {
    const { what } = checked(expireSchema, input);
    const names: LineName[] = what === undefined ? ["classic", "stable"] : [what];
    const account = known(appId);
    const lines = { ...account.lines };
    for (const name of names) lines[name] = expireAll(lines[name], simulation.context().now);
    return viewState(keep({ ...account, lines }), simulation.context());
  }

  function reset(input: Reset = {}): void {
    const { keepAccounts } = checked(resetSchema, input);
    const settings = keepAccounts ? accounts.list().map((account) => account.settings) : initial;
    accounts.clear();
    log.clear();
    faults.replace([]);
    for (const each of settings) putAccount(each);
    changed();
  }

  return {
    accounts: () => accounts.list().map(viewAccount),
    account: (appId) => viewAccount(known(appId)),
    putAccount,
    patchAccount,
    deleteAccount,
    addFault,
    faults: (appId) => faults.list().filter((fault) => appId === undefined || fault.appId === appId),
    deleteFaults,
    foreignFetch,
    expire,
    state: () => {
      const context = simulation.context();
      const views = accounts.list().map((account) => viewState(account, context));
      return { now: context.now, scale: context.scale, accounts: views };
    },
    log: (filter) => log.read(filter),
    reset,
    tokenVerdict: (appId, token) => {
      const found = findToken(known(appId), token);
      return found === undefined ? "unknown" : verdictOf(found.entry, simulation.context().now);
    },
    ticketVerdict: (appId, type, ticket) => {
      const entry = findIssued(known(appId).lines[type], fingerprint(ticket));
      return entry === undefined ? "unknown" : verdictOf(entry, simulation.context().now);
    },
  };
}
