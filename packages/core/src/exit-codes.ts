/** How a process of Tokenkeeper ends. 78 and 69 are EX_CONFIG and EX_UNAVAILABLE of sysexits. */
export const EXIT = { ok: 0, failure: 1, unavailable: 69, configuration: 78 } as const;
