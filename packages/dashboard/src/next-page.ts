import { audienceOf } from "./access.ts";

const HOME = "/";
/** Parts of pages, and the page on which people sign out. */
const NO_PAGE = /^(?:\/queues)?\/(?:api|static)\/|^\/ui\/|^\/logout$|\.\w+$/;
const LONGEST = 1_000;
/** Any origin that is nobody's: what leads elsewhere than to a path shows by another one. */
const HERE = "http://here.invalid";

/**
 * Where somebody goes after signing in: the page that was asked for, with its query, when it is one of ours; else the start page.
 * @param wanted as it came, from an address or a form: anybody can write a link with it.
 * @returns a path that begins with one slash.
 */
export function nextPage(wanted: unknown): string {
  if (typeof wanted !== "string" || wanted.length > LONGEST || !URL.canParse(wanted, HERE)) return HOME;
  const { origin, pathname, search } = new URL(wanted, HERE);
  if (origin !== HERE || NO_PAGE.test(pathname)) return HOME;
  const audience = audienceOf("GET", pathname);
  return audience === undefined || audience === "anyone" ? HOME : `${pathname}${search}`;
}

/** The address of the form for signing in, that leads on to a page. @param wanted path and query as they came. */
export function signInPath(wanted: string): string {
  const next = nextPage(wanted);
  return next === HOME ? "/login" : `/login?${new URLSearchParams({ next }).toString()}`;
}
