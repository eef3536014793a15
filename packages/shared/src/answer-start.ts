import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { MAX_REFUSAL_LENGTH, refusedCode } from "./refusal.ts";

const DECODERS: Readonly<Record<string, typeof gunzipSync>> = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

/** Looks at the start of an answer to find out whether it can be WeChat's refusal. Holds 4 KiB and one chunk at most. */
export interface AnswerStart {
  /** Whether more must be seen; once false, the answer cannot be a refusal. */
  add(chunk: Uint8Array): boolean;
  /** To be called at the end of the answer. @returns 40001, 40014, 42001, or `undefined` for no refusal. */
  refusal(): number | undefined;
}

/**
 * @param encoding `content-encoding` of the chunks, if they come as they were sent.
 */
export function createAnswerStart(encoding = ""): AnswerStart {
  const decode = DECODERS[encoding.trim().toLowerCase()];
  const chunks: Uint8Array[] = [];
  let length = 0;

  return {
    add(chunk) {
      chunks.push(chunk);
      length += chunk.byteLength;
      if (length > MAX_REFUSAL_LENGTH) return false;
      if (encoding) return decode !== undefined;
      const first = /[^\s\ufeff]/.exec(new TextDecoder().decode(Buffer.concat(chunks)))?.[0];
      return first === undefined || first === "{";
    },

    refusal() {
      if (length > MAX_REFUSAL_LENGTH) return undefined;
      const bytes = Buffer.concat(chunks);
      const value = decode ? tryDecode(decode, bytes) : bytes;
      return refusedCode({ status: "fulfilled", value });
    },
  };
}

function tryDecode(decode: typeof gunzipSync, bytes: Uint8Array): Uint8Array | undefined {
  try {
    return decode(bytes, { maxOutputLength: MAX_REFUSAL_LENGTH });
  } catch {
    return undefined;
  }
}

/** Whether an answer says by its length that it is more than an error. */
export function isLong(contentLength: unknown): boolean {
  return Number(contentLength) > MAX_REFUSAL_LENGTH;
}
