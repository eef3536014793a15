// What apps import.
export { createTokenClient, type TokenClientOptions } from "./client.ts";
export type { AppRedis } from "./connect.ts";
export type { TokenClient } from "./token-client.ts";
export { TokenClientUsageError, TokenUnavailableError, type UnavailableReason } from "./errors.ts";
export type { RotatedEvent, StaleEvent, TokenEvents, TokenListener } from "./events.ts";
export type { ReadMetric, ReadSource, RefusalMetric, RotationMetric, TokenMetrics } from "./metrics.ts";
export { jsApiSignature, type JsApiSignature, type JsApiSignatureInput } from "./signature.ts";
export {
  addCardSignature,
  cardSignature,
  chooseCardSignature,
  type CardForAdding,
  type CardsToChoose,
  type CardSigning,
  type SignedCard,
  type SignedCardChoice,
} from "./card-signature.ts";
export { createWechatFetch, type WechatFetchOptions } from "./wechat-fetch.ts";
export { WECHAT_ORIGIN, type WechatCallOptions } from "./wechat-call.ts";
export type { WithTokenOptions } from "./with-token.ts";
export { fingerprint } from "./fingerprint.ts";
export { CREDENTIAL_KINDS, type CredentialKind, type CredentialRef, type TicketType } from "./credential.ts";
export { systemClock, type Clock } from "./time.ts";
