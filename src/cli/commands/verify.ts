import type { CommandModule } from 'yargs';
export const verifyCommand = (..._a: unknown[]): CommandModule => ({ command: 'verify <annex>', describe: 'x', handler: () => undefined });
