/** Every way in which a request is refused: its HTTP status and what to do. Stable words: clients may branch on them. */
export const REFUSALS = {
  bad_request: { status: 400, message: "The request is not well formed; see GET /v1/openapi.json." },
  unauthorized: {
    status: 401,
    message:
      "No key that is known came in the header `Authorization: Bearer <key>`. Check the key, and that its hash stands under api.keys in the worker's configuration.",
  },
  forbidden: { status: 403, message: "This key may not do that; see its entry under api.keys." },
  not_found: {
    status: 404,
    message:
      "There is no such credential, or this key may not know it. Check account and kind in the path, and the key's accounts and kinds under api.keys.",
  },
  method_not_allowed: { status: 405, message: "The path has another method; see the header Allow." },
  timeout: { status: 408, message: "The request did not come in time; send it again." },
  stale_fingerprint: {
    status: 409,
    message: "The stored value is another one by now. Read the credential again and use that; nothing was refreshed.",
  },
  too_large: { status: 413, message: "The body is larger than any request needs." },
  unsupported_media_type: { status: 415, message: "Send the body as application/json in UTF-8, not compressed." },
  rate_limited: {
    status: 429,
    message: "This key has asked too often. Wait as the header Retry-After says, and keep values as long as you may.",
  },
  headers_too_large: { status: 431, message: "The path and the headers are larger than any request needs." },
  failure: { status: 500, message: "Something went wrong here; the worker's log says where." },
  unavailable: {
    status: 503,
    message:
      "There is no valid value right now. Try again as the header Retry-After says; if it lasts, the failed jobs on the dashboard tell the cause.",
  },
} as const;

/** The words. */
export type RefusalWord = keyof typeof REFUSALS;

/** A request is refused. The message is for the client: it holds no secret and nothing that the client sent. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly word: RefusalWord;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(word: RefusalWord, options: { message?: string; headers?: Readonly<Record<string, string>> } = {}) {
    super(options.message ?? REFUSALS[word].message);
    this.word = word;
    this.status = REFUSALS[word].status;
    this.headers = options.headers ?? {};
  }
}

/** The body of a refusal under `/v1`. */
export function problemOf({ word, message }: Pick<Refusal, "word" | "message">): {
  error: RefusalWord;
  message: string;
} {
  return { error: word, message };
}
