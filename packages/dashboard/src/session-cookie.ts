import type { CookieOptions } from "express";

/** The cookie that carries a session's id. */
export interface SessionCookie {
  readonly name: string;
  readonly options: CookieOptions;
  /** The id in a `Cookie` header; `undefined` when there is none, more than one, or none of our form. */
  read(header: string | undefined): string | undefined;
}

const ID = /^[A-Za-z0-9_-]{43}$/;

/** @param secure whether people reach the dashboard over https: then the cookie is bound to it. */
export function createSessionCookie(secure: boolean): SessionCookie {
  const name = secure ? "__Host-sid" : "sid";
  return {
    name,
    options: { httpOnly: true, sameSite: "strict", path: "/", secure },
    read(header) {
      const values = (header ?? "")
        .split(";")
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${name}=`))
        .map((pair) => pair.slice(name.length + 1));
      const [value] = values;
      return values.length === 1 && value !== undefined && ID.test(value) ? value : undefined;
    },
  };
}
