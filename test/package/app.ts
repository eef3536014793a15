// An app as its author writes it. The test copies it, as an ES module and as CommonJS, into a project of its own.
import { createTokenClient, TokenUnavailableError } from "@tokenkeeper/shared";
import { Redis } from "ioredis";

async function main(): Promise<void> {
  const redis = new Redis(process.env["REDIS_URL"] ?? "");
  const byUrl = createTokenClient();
  const byClient = createTokenClient({ redis });

  const tokens = [await byUrl.getAccessToken("shop"), await byClient.getAccessToken("shop")];
  const { appId, signature } = await byClient.signJsApi("shop", "https://example.com/");
  const refusal: unknown = await byUrl.getAccessToken("nobody").catch((error: unknown) => error);
  const reason = refusal instanceof TokenUnavailableError ? refusal.reason : undefined;
  // @ts-expect-error a token is a string: were the types lost, it could be taken for anything
  tokens satisfies number[];

  console.log(JSON.stringify({ tokens, appId, signed: signature.length, reason }));
  await Promise.all([byUrl.close(), byClient.close()]);
  redis.disconnect();
}

void main();
