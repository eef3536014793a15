import type { Account } from "@tokenkeeper/core";
import { credentialId, fingerprint, type CredentialKind, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Family, Recipe } from "./families/family.ts";

/** One configured credential with everything that is known of it without asking Redis. */
export interface Credential {
  readonly ref: CredentialRef;
  /** `<account>:<kind>` */
  readonly id: string;
  readonly account: Account;
  /** Fingerprint of the account's secret, or of its key and its leader: what failures belong to. */
  readonly secret: string;
  readonly family: Family;
  /** How its value is obtained as configured. */
  readonly recipe: Recipe;
}

/** The configured credentials. They change when the configuration does. */
export interface Credentials {
  readonly all: readonly Credential[];
  find(ref: CredentialRef): Credential | undefined;
  /** The account's id behind an id or a name. */
  accountId(idOrName: string): string | undefined;
  childrenOf(ref: CredentialRef): readonly Credential[];
  /** Takes over another configuration's accounts. */
  replace(accounts: readonly Account[]): void;
}

/** @param familyOf which family keeps an account's credentials. */
export function createCredentials(accounts: readonly Account[], familyOf: (account: Account) => Family): Credentials {
  let byId = new Map<string, Credential>();
  let idsByWord = new Map<string, string>();
  let children = new Map<string, Credential[]>();
  let all: readonly Credential[] = [];

  function replace(next: readonly Account[]): void {
    idsByWord = new Map(next.flatMap(({ id, name }) => [[name, id] as const, [id, id] as const]));
    all = next.flatMap((account) => account.kinds.map((kind) => credentialOf(account, kind, familyOf(account))));
    byId = new Map(all.map((credential) => [credential.id, credential]));
    children = Map.groupBy(
      all.filter(({ recipe }) => recipe.parent !== undefined),
      ({ ref, recipe }) => credentialId({ account: ref.account, kind: recipe.parent ?? ref.kind }),
    );
  }

  replace(accounts);
  return {
    get all() {
      return all;
    },
    find: (ref) => byId.get(credentialId(ref)),
    accountId: (idOrName) => idsByWord.get(idOrName),
    childrenOf: (ref) => children.get(credentialId(ref)) ?? [],
    replace,
  };
}

function credentialOf(account: Account, kind: CredentialKind, family: Family): Credential {
  const ref: CredentialRef = { account: account.id, kind };
  return {
    ref,
    id: credentialId(ref),
    account,
    secret: fingerprint(
      account.leader ? `${account.leader.origin}${account.leader.key.reveal()}` : account.secret.reveal(),
    ),
    family,
    recipe: family.recipe(account, kind, false),
  };
}
