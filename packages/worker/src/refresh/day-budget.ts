import { automaticCap, beijingDate, type Control } from "@tokenkeeper/core";
import type { Credential } from "../credentials.ts";
import type { Recipe } from "../families/family.ts";

/**
 * How many fetches a day may happen by themselves.
 * @param control tells how long the current value was given to live; without it a usual life is taken, the least there can be.
 */
export function automaticCapOf(recipe: Recipe, control?: Control): number {
  if (recipe.automaticCap !== undefined) return recipe.automaticCap;
  const lifeMs = (control?.expiresAt ?? 0) - (control?.issuedAt ?? 0);
  return automaticCap({
    ...(recipe.dailyLimit !== undefined && { limit: recipe.dailyLimit }),
    ...(lifeMs > 0 && { lifeMs }),
  });
}

/** Name of a day's counter in a worker's memory. @param now epoch ms */
export function counterOf({ id }: Credential, { endpoint }: Recipe, now: number): string {
  return `${id}:${endpoint}:${beijingDate(now)}`;
}
