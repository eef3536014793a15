import { BlockList, isIP } from "node:net";

const NEAR = new BlockList();
for (const [network, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  NEAR.addSubnet(network, prefix);
}
NEAR.addAddress("::1", "ipv6");
NEAR.addSubnet("fc00::", 7, "ipv6");

/** Whether a URL's host name is this machine, or an address that no network outside routes. */
export function isNear(hostname: string): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  const version = isIP(address);
  return hostname === "localhost" || (version !== 0 && NEAR.check(address, version === 4 ? "ipv4" : "ipv6"));
}

/** Whether a URL's host name is this machine. */
export function isLoopback(hostname: string): boolean {
  return ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}
