/**
 * The error codes with which a business call is refused because of its token: not the newest or unknown (40001),
 * not a token (40014), expired (42001). Source: WeChat, global return codes.
 */
export const REFUSED_TOKEN_CODES: readonly number[] = [40001, 40014, 42001];

/** Whether the outcome of a business call (a body or a thrown error) says that WeChat refused the token. */
export function isRefusal(result: PromiseSettledResult<unknown>): boolean {
  const carrier: unknown = result.status === "fulfilled" ? result.value : result.reason;
  if (typeof carrier !== "object" || carrier === null || !("errcode" in carrier)) return false;
  return REFUSED_TOKEN_CODES.includes(Number(carrier.errcode));
}
