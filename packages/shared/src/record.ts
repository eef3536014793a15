/** The layout of the record's fields; it changes when their meaning does. */
export const RECORD_SCHEMA = "1";

/** Fields of the record's hash, in the order in which they are read. */
export const RECORD_FIELDS = ["value", "expires_at", "issued_at", "version", "schema"] as const;

/** What Redis holds of a credential for readers. */
export interface CredentialRecord {
  /** The token or ticket itself. */
  readonly value: string;
  /** Epoch ms by Redis time. */
  readonly expiresAt: number;
  /** Epoch ms by Redis time at which the request that brought it was sent. */
  readonly issuedAt: number;
  /** The committed generation, as a decimal string. Compare for inequality only. */
  readonly version: string;
}

const MAX_VALUE_LENGTH = 4096;
const PRINTABLE = /^[\x21-\x7e]+$/;

/**
 * Reads the fields of a record as `HMGET` returned them, in the order of `RECORD_FIELDS`.
 * @returns the record, or `undefined` when the hash is absent or is not a record of this schema.
 */
export function decodeRecord(fields: readonly (string | null)[]): CredentialRecord | undefined {
  const [value, expiresAt, issuedAt, version, schema] = fields;
  if (schema !== RECORD_SCHEMA || !value || value.length > MAX_VALUE_LENGTH || !PRINTABLE.test(value)) return undefined;
  if (!isDecimal(expiresAt) || !isDecimal(issuedAt) || !isDecimal(version)) return undefined;
  const record = { value, expiresAt: Number(expiresAt), issuedAt: Number(issuedAt), version };
  return record.expiresAt > record.issuedAt && record.issuedAt > 0 ? record : undefined;
}

function isDecimal(text: string | null | undefined): text is string {
  return typeof text === "string" && /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
}
