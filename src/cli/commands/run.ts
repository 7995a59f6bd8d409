import type { CommandModule } from 'yargs';
export const runCommand = (..._a: unknown[]): CommandModule => ({ command: 'run <case>', describe: 'x', handler: () => undefined });
