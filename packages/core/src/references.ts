import { pathText, type Problem } from "./problems.ts";
import type { Environment } from "./settings.ts";

const REFERENCE = /\$\{([^}]*)\}/g;
const VARIABLE_NAME = /^[A-Za-z_]\w{0,63}$/;
const SECRET_FORM = /^[0-9a-f]{32}$/i;

/** Replaces `${NAME}` in every text of the file by the environment's value; a variable that is not set is a problem. */
export function resolveReferences(value: unknown, env: Environment): { value: unknown; problems: Problem[] } {
  const problems: Problem[] = [];

  function resolve(item: unknown, path: readonly PropertyKey[]): unknown {
    if (typeof item === "string") {
      return item.replaceAll(REFERENCE, (_reference, name: string) => {
        const found = Object.hasOwn(env, name) ? env[name] : undefined;
        if (found) return found;
        problems.push({ path: pathText(path), expected: expectation(name), got: "nothing" });
        return "";
      });
    }
    if (Array.isArray(item)) return item.map((part, index) => resolve(part, [...path, index]));
    if (typeof item !== "object" || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([key, part]) => [key, resolve(part, [...path, key])]));
  }

  return { value: resolve(value, []), problems };
}

/** Somebody may have put the secret itself between the braces. */
function expectation(name: string): string {
  const shown = VARIABLE_NAME.test(name) && !SECRET_FORM.test(name);
  return shown ? `the environment variable ${name} to be set` : "the name of an environment variable in ${ }";
}
