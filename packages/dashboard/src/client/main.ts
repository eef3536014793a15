import "./environment.ts";
import { showCredential } from "./credential-page.ts";
import { showCredentials } from "./credentials-page.ts";
import { showFleet } from "./fleet-page.ts";

const [, page, account = "", kind = ""] = location.pathname.split("/");
if (page === "fleet") showFleet();
else if (page === "credentials") showCredential(account, kind);
else showCredentials();
