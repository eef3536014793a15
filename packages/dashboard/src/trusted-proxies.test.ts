import { describe, expect, it } from "vitest";
import { parseTrustedProxies } from "./trusted-proxies.ts";

function trusting(list: string): (address: string) => boolean {
  const parsed = parseTrustedProxies(list, "X-Forwarded-User");
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  return (address) => parsed.proxies.trusts(address);
}

describe("trusted proxies", () => {
  it("are addresses and networks of both families, and an IPv4 address in IPv6's clothes", () => {
    const trusts = trusting("10.0.0.5, 192.0.2.0/24,fd00::/8 , ::1");

    for (const address of ["10.0.0.5", "192.0.2.255", "fd12::1", "::1", "::ffff:10.0.0.5", "::ffff:c000:0201"]) {
      expect({ address, trusted: trusts(address) }).toEqual({ address, trusted: true });
    }
    for (const address of ["10.0.0.6", "192.0.3.1", "fe80::1", "127.0.0.1", "::ffff:10.0.0.6", "", "unknown"]) {
      expect({ address, trusted: trusts(address) }).toEqual({ address, trusted: false });
    }
  });

  it("are none when none are listed", () => {
    const parsed = parseTrustedProxies(undefined, undefined);

    expect("proxies" in parsed && parsed.proxies.trusts("127.0.0.1")).toBe(false);
    expect("proxies" in parsed && parsed.proxies.userHeader).toBeUndefined();
  });

  it("must be listed when they may say who is signed in", () => {
    expect(parseTrustedProxies(undefined, "X-Forwarded-User")).toEqual({
      problems: [
        {
          path: "DASHBOARD_TRUSTED_PROXIES",
          expected: "the addresses of the proxies that may set DASHBOARD_TRUSTED_HEADER",
          got: "nothing",
        },
      ],
    });
  });

  it.each([
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/33",
    "10.0.0",
    "proxy.example",
    "",
    "10.0.0.5,",
    "10.0.0.5/-1",
    "fd00::/129",
  ])("are not %j", (list) => {
    expect(parseTrustedProxies(list, undefined)).toMatchObject({
      problems: [{ path: "DASHBOARD_TRUSTED_PROXIES", got: expect.stringMatching(/^another text as entry \d of \d$/) }],
    });
  });
});
