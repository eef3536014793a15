/**
 * How a process of Tokenkeeper ends. 64, 69 and 78 are EX_USAGE, EX_UNAVAILABLE and EX_CONFIG of sysexits; 130 is what shells
 * say of a program that Ctrl-C ended.
 */
export const EXIT = { ok: 0, failure: 1, usage: 64, unavailable: 69, configuration: 78, interrupted: 130 } as const;
