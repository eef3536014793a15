import { inspect } from "node:util";

/** A secret in a box: printing, logging or serialising the box shows only that there is one. */
export interface Secret {
  /** The only way to the value. */
  reveal(): string;
}

/** Puts a secret in a box. */
export function secretOf(value: string): Secret {
  const shown = (): string => "[secret]";
  return { reveal: () => value, toString: shown, toJSON: shown, [inspect.custom]: shown } as Secret;
}
