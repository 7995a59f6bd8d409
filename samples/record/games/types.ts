/**
 * What a recorded world offers a game, and what a game offers the world. Games start programs and script their input;
 * they never touch namespaces, devices, captures or clocks, which are the recorder's (../).
 */

/** One machine of the recorded world: a network namespace with an address. */
export interface Host {
  readonly name: string;
  /** IPv4, as the other machines of the world reach it (a home's own address is private and behind NAPT). */
  readonly address: string;
  /** Scratch, removed after. */
  readonly directory: string;
  /** Starts a program in the namespace; ended with the world. stdout/stderr to a log in `directory`. */
  spawn(
    argv: readonly string[],
    options?: { env?: Record<string, string>; cwd?: string; niceness?: number },
  ): RunningProgram;
}

export interface RunningProgram {
  readonly pid: number;
  /** Resolves once with the exit code, or null where a signal ended it. */
  readonly exited: Promise<number | null>;
  /** To its standard input. */
  write(text: string): void;
  /** To the program and all it started; SIGTERM where none is given. */
  stop(signal?: NodeJS.Signals): void;
  /** stdout and stderr so far. */
  logText(): string;
}

export interface Game {
  readonly id: string;
  /** Debian packages. */
  readonly packages: readonly string[];
  readonly licence: string;
  readonly transport: 'udp' | 'tcp';
  version(): string;
  startServer(host: Host): RunningProgram;
  ready(server: RunningProgram): Promise<void>;
  /** One player; `seed` varies its scripted input. Runs until stopped. */
  startPlayer(host: Host, server: Host, seed: number): RunningProgram;
}
