// What apps import.
export { createTokenClient, type TokenClient, type TokenClientOptions } from "./client.ts";
export { TokenClientUsageError, TokenUnavailableError, type UnavailableReason } from "./errors.ts";
export { jsApiSignature, type JsApiSignature, type JsApiSignatureInput } from "./signature.ts";
export { CREDENTIAL_KINDS, type CredentialKind, type TicketType } from "./credential.ts";
export { systemClock, type Clock } from "./time.ts";
