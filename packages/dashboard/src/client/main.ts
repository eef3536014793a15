import "./environment.ts";

// A page loads what it needs and no more.
const [, page, account = "", kind = ""] = location.pathname.split("/");
if (page === "fleet") (await import("./fleet-page.ts")).showFleet();
else if (page === "credentials") (await import("./credential-page.ts")).showCredential(account, kind);
else (await import("./credentials-page.ts")).showCredentials();
