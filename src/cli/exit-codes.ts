/** What the shell learns: 0 done, 1 done and something was found that the caller asked about, 2 could not do it. */
export const EXIT = { done: 0, found: 1, failed: 2 } as const;
