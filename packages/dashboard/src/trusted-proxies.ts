import { BlockList, isIP, isIPv4 } from "node:net";
import type { Problem } from "@tokenkeeper/core";

/** The proxies that the dashboard believes, and what it believes them. */
export interface TrustedProxies {
  /** Whether a connection from this address is a trusted proxy's. */
  trusts(address: string): boolean;
  /** Name of the header that says who is signed in, in lower case. */
  readonly userHeader: string | undefined;
}

/** Believes nobody. */
export const NO_PROXIES: TrustedProxies = { trusts: () => false, userHeader: undefined };

const VARIABLE = "DASHBOARD_TRUSTED_PROXIES";

/**
 * The trusted proxies of the settings, or everything that is wrong with them.
 * @param list addresses and networks with commas between them: `10.0.0.5, 192.0.2.0/24, fd00::/8`
 */
export function parseTrustedProxies(
  list: string | undefined,
  header: string | undefined,
): { proxies: TrustedProxies } | { problems: Problem[] } {
  if (list === undefined) {
    if (header === undefined) return { proxies: NO_PROXIES };
    const expected = "the addresses of the proxies that may set DASHBOARD_TRUSTED_HEADER";
    return { problems: [{ path: VARIABLE, expected, got: "nothing" }] };
  }
  const entries = list.split(",").map((entry) => entry.trim());
  const networks = entries.map(parseNetwork);
  const problems = networks.flatMap((network, index): Problem[] => {
    if (network !== undefined) return [];
    const expected = "IP addresses and networks such as 10.0.0.5 or 192.0.2.0/24, and never everybody";
    return [{ path: VARIABLE, expected, got: `another text as entry ${index + 1} of ${entries.length}` }];
  });
  if (problems.length > 0) return { problems };

  const trusted = new BlockList();
  for (const { address, bits } of networks.flatMap((network) => network ?? [])) {
    trusted.addSubnet(address, bits, familyOf(address));
  }
  const trusts = (address: string): boolean => isIP(address) !== 0 && trusted.check(address, familyOf(address));
  return { proxies: { trusts, userHeader: header?.toLowerCase() } };
}

interface Network {
  readonly address: string;
  readonly bits: number;
}

function parseNetwork(text: string): Network | undefined {
  const [, address = "", written] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (isIP(address) === 0) return undefined;
  const most = isIPv4(address) ? 32 : 128;
  const bits = written === undefined ? most : Number(written);
  return bits >= 1 && bits <= most ? { address, bits } : undefined;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv4(address) ? "ipv4" : "ipv6";
}
