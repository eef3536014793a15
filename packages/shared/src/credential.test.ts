import { describe, expect, it } from "vitest";
import { CREDENTIAL_KINDS, credentialId, credentialOf } from "./credential.ts";

describe("credentialOf", () => {
  it.each(CREDENTIAL_KINDS)("gives back the credential of an id of kind %s", (kind) => {
    for (const account of ["wx1234567890abcdef", "ww1234567890abcdef.1000002"]) {
      expect(credentialOf(credentialId({ account, kind }))).toEqual({ account, kind });
    }
  });
});
