/** What of a request tells where it was started. */
export interface RequestOrigin {
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  readonly host: string | undefined;
}

/**
 * Whether a page of ours started the request. Browsers send `Sec-Fetch-Site` to https and loopback addresses only;
 * without it the `Origin` decides. A request with neither did not come from our pages.
 * @param publicUrl the address people use, when it is not the one the server listens on
 */
export function isSameOrigin({ secFetchSite, origin, host }: RequestOrigin, publicUrl: string | undefined): boolean {
  if (secFetchSite !== undefined) return secFetchSite === "same-origin";
  if (origin === undefined || host === undefined) return false;
  if (publicUrl !== undefined) return origin === new URL(publicUrl).origin;
  return origin === `http://${host}`;
}
